// A body that is still coming from a worker, as the edge reads it. Promises that the worker may send more only as the
// reader takes it, and tells how long the reader has been kept waiting: a slow client is not a slow handler.

import type { Clock } from '../clock.ts';

export interface ReplyStreamOwner {
  /** The reader has used up so many bytes. */
  consumed(bytes: number): void;
  /** The reader wants no more. Not called after the end. */
  abandoned(): void;
}

type Step = IteratorResult<Buffer, undefined>;

interface Waiting {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: Error) => void;
}

export class ReplyStream implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #owner: ReplyStreamOwner;
  readonly #clock: Clock;
  readonly #chunks: Buffer[] = [];
  #end: { readonly error: Error | null } | null = null;
  /** Set while the reader waits for the worker. */
  #waiting: Waiting | null = null;
  #waitingSince = 0;
  #handedOut = 0;

  constructor(owner: ReplyStreamOwner, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** How long the reader has waited for the worker until now, ms; 0 while it is busy with what it has. */
  get waitedMs(): number {
    return this.#waiting === null ? 0 : this.#clock.now() - this.#waitingSince;
  }

  push(chunk: Buffer): void {
    const waiting = this.#takeWaiting();
    if (waiting === null) this.#chunks.push(chunk);
    else waiting.resolve(this.#handOut(chunk));
  }

  end(): void {
    this.#finish(null);
  }

  /** What has arrived before is still read. */
  fail(error: Error): void {
    this.#finish(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Step> {
    if (this.#handedOut > 0) {
      this.#owner.consumed(this.#handedOut);
      this.#handedOut = 0;
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve(this.#handOut(chunk));
    if (this.#end !== null) {
      return this.#end.error === null
        ? Promise.resolve({ done: true, value: undefined })
        : Promise.reject(this.#end.error);
    }
    this.#waitingSince = this.#clock.now();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<Step> {
    if (this.#end === null) {
      this.#end = { error: null };
      this.#owner.abandoned();
    }
    this.#chunks.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  #finish(error: Error | null): void {
    if (this.#end !== null) return;
    this.#end = { error };
    const waiting = this.#takeWaiting();
    if (waiting === null) return;
    if (error === null) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(error);
  }

  #takeWaiting(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  #handOut(chunk: Buffer): Step {
    this.#handedOut = chunk.length;
    return { done: false, value: chunk };
  }
}
