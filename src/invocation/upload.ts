// A request body on its way from the client to a handler that already runs. Promises that the client may send more only as
// the worker takes it, and knows which of the two is keeping the other waiting.

import type { Clock } from '../clock.ts';
import { GatewayError } from '../errors.ts';
import type { Call } from '../protocol/call.ts';
import type { OpenBody } from '../protocol/connection.ts';
import type { ArrivingBody, ArrivingBodySink } from './invocation.ts';

export interface UploadOwner {
  /** The worker has been given everything. */
  uploadEnded(): void;
  uploadFailed(error: GatewayError): void;
}

export class Upload implements OpenBody, ArrivingBodySink {
  readonly #source: ArrivingBody;
  readonly #clock: Clock;
  readonly #owner: UploadOwner;
  #call: Call | null = null;
  #state: 'waiting' | 'moving' | 'paused' | 'over' = 'waiting';
  #movedAt = 0;

  constructor(source: ArrivingBody, clock: Clock, owner: UploadOwner) {
    this.#source = source;
    this.#clock = clock;
    this.#owner = owner;
  }

  get bytes(): number | null {
    return this.#source.bytes;
  }

  /** How long nothing has moved, ms. */
  get idleMs(): number {
    return this.#clock.now() - this.#movedAt;
  }

  get isMoving(): boolean {
    return this.#state === 'moving' || this.#state === 'paused';
  }

  /** What it means that nothing has moved for too long. */
  get stalled(): GatewayError {
    return new GatewayError(this.#state === 'paused' ? 'invocation_timeout' : 'request_timeout');
  }

  start(call: Call): void {
    this.#call = call;
    this.#state = 'moving';
    this.#movedAt = this.#clock.now();
    this.#source.start(this);
  }

  chunk(bytes: Buffer): void {
    this.#movedAt = this.#clock.now();
    if (this.#call?.write(bytes) !== false) return;
    this.#state = 'paused';
    this.#source.pause();
  }

  drained(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'moving';
    this.#movedAt = this.#clock.now();
    this.#source.resume();
  }

  end(): void {
    this.#state = 'over';
    this.#call?.endBody();
    this.#owner.uploadEnded();
  }

  failed(error: GatewayError): void {
    this.#state = 'over';
    this.#owner.uploadFailed(error);
  }

  /** The invocation has ended: nobody reads on. */
  stop(): void {
    if (this.isMoving) this.#source.stop();
    this.#state = 'over';
  }
}
