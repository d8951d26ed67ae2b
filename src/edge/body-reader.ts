// Reads a request's body into memory, counting while it streams. Promises to stop at the first byte over the limit and
// to read nothing before it is asked to.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../errors.ts';

/** What the headers say; node:http has refused a Content-Length that is no number or that meets Transfer-Encoding. */
export function declaredLength(request: IncomingMessage): number {
  const text = request.headers['content-length'];
  return text === undefined ? 0 : Number(text);
}

export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || declaredLength(request) > 0;
}

/**
 * null when there is no body to read.
 * @param limitBytes most bytes; exactly that many are accepted
 * @throws GatewayError payload_too_large, client_closed
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<Buffer | null> | null {
  if (!hasBody(request)) return null;
  askForBody(request, response);
  return new Promise((resolve, reject) => {
    new BodyReader(request, limitBytes, resolve, reject).start();
  });
}

/** RFC 9110 10.1.1: whoever sent `Expect: 100-continue` waits for this before the first byte of the body. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect !== undefined) response.writeContinue();
}

class BodyReader {
  readonly #request: IncomingMessage;
  readonly #limitBytes: number;
  readonly #resolve: (body: Buffer | null) => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(
    request: IncomingMessage,
    limitBytes: number,
    resolve: (body: Buffer | null) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#request = request;
    this.#limitBytes = limitBytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#request
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('error', this.#onGone)
      .on('close', this.#onGone);
  }

  #stop(): void {
    const request = this.#request;
    request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onGone);
    // `error` keeps its listener: a reset after we have stopped must not become an uncaught exception.
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#size > this.#limitBytes) {
      this.#stop();
      this.#request.pause();
      this.#reject(new GatewayError('payload_too_large'));
      return;
    }
    this.#chunks.push(chunk);
  };

  readonly #onEnd = (): void => {
    this.#stop();
    const [first] = this.#chunks;
    if (first === undefined) this.#resolve(null);
    else this.#resolve(this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#size));
  };

  readonly #onGone = (): void => {
    this.#stop();
    this.#reject(new GatewayError('client_closed'));
  };
}
