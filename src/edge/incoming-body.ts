// A request's body as it arrives, for functions that read it so. Counts while it streams; promises that nothing is read before
// `start`, that a paused body makes the client wait, and that bytes over the limit reach nobody.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { ArrivingBody, ArrivingBodySink } from '../invocation/invocation.ts';
import { askForBody, declaredLength } from './body-reader.ts';

export class IncomingBody implements ArrivingBody {
  readonly bytes: number | null;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #limitBytes: number;
  #sink: ArrivingBodySink | null = null;
  #size = 0;

  /** @param limitBytes most bytes; exactly that many are accepted */
  constructor(request: IncomingMessage, response: ServerResponse, limitBytes: number) {
    this.#request = request;
    this.#response = response;
    this.#limitBytes = limitBytes;
    this.bytes = request.headers['transfer-encoding'] === undefined ? declaredLength(request) : null;
  }

  start(sink: ArrivingBodySink): void {
    this.#sink = sink;
    askForBody(this.#request, this.#response);
    // A reset must not become an uncaught exception; that the client has gone is told by the response.
    this.#request
      .on('error', () => {})
      .on('data', this.#onData)
      .on('end', this.#onEnd);
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  stop(): void {
    this.#sink = null;
    this.#request.off('data', this.#onData).off('end', this.#onEnd).pause();
  }

  readonly #onData = (chunk: Buffer): void => {
    const sink = this.#sink;
    this.#size += chunk.length;
    if (this.#size <= this.#limitBytes) {
      sink?.chunk(chunk);
      return;
    }
    this.stop();
    sink?.failed(new GatewayError('payload_too_large'));
  };

  readonly #onEnd = (): void => {
    const sink = this.#sink;
    this.stop();
    sink?.end();
  };
}
