// A pool whose workers are the test itself: it sees every call and answers by hand, or at once with `answer`.

import type { LeaseLike, PoolFacts, PoolLike } from '../../src/invocation/deployment.ts';
import type { CancelSignal } from '../../src/invocation/invocation.ts';
import type { Call, CallHandlers, CancelReason } from '../../src/protocol/call.ts';
import type { InvokeRequest } from '../../src/protocol/connection.ts';
import type { ErrorMessage, LogMessage, ResultMessage, WireBody } from '../../src/protocol/messages.ts';

export class FakeCall implements Call {
  readonly id: number;
  readonly request: InvokeRequest;
  readonly handlers: CallHandlers;
  cancelled: CancelReason | null = null;
  consumedBytes = 0;
  /** An open body as it came. */
  readonly written: Buffer[] = [];
  bodyEnded = false;
  /** What `write` answers. */
  hasRoom = true;
  ended = false;
  #onEnded: (() => void) | null = null;

  constructor(id: number, request: InvokeRequest, handlers: CallHandlers) {
    this.id = id;
    this.request = request;
    this.handlers = handlers;
  }

  /** Of a request that was whole when the call began. */
  get body(): Buffer | null {
    return Buffer.isBuffer(this.request.body) ? this.request.body : null;
  }

  cancel(reason: CancelReason): void {
    this.cancelled = reason;
  }

  consumed(bytes: number): void {
    this.consumedBytes += bytes;
  }

  whenEnded(listener: () => void): void {
    this.#onEnded = listener;
    if (this.ended) listener();
  }

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    return this.hasRoom;
  }

  endBody(): void {
    this.bodyEnded = true;
  }

  /** The worker takes more of an open body. */
  drained(): void {
    const { body } = this.request;
    if (body !== null && 'drained' in body) body.drained();
  }

  /** The worker owes nothing more. */
  end(): void {
    this.ended = true;
    this.#onEnded?.();
  }

  answer(result: Partial<Omit<ResultMessage, 'body'>> & { readonly body?: WireBody | string }): void {
    const { body = { kind: 'none' }, ...rest } = result;
    const wire: WireBody = typeof body === 'string' ? { kind: 'text', text: body } : body;
    if (wire.kind !== 'stream') this.end();
    this.handlers.result({ type: 'result', id: this.id, status: 200, headers: {}, ...rest, body: wire });
  }

  fail(error: string, detail = ''): void {
    this.end();
    const message: ErrorMessage = { type: 'error', id: this.id, error, detail };
    this.handlers.error(message);
  }

  print(stream: LogMessage['stream'], text: string): void {
    this.handlers.log({ type: 'log', id: this.id, stream, text });
  }
}

export class FakePool implements PoolLike {
  readonly calls: FakeCall[] = [];
  readonly outcomes: ('healthy' | 'poisoned')[] = [];
  ready = 1;
  /** null: nothing ready, callers of `acquire` wait until `lendWaiting` or `refuseWaiting`. */
  hasRoom = true;
  /** False: what is lent next waits behind another call at its worker. */
  begins = true;
  /** Called with each new call; default: leave it to the test. */
  answer: ((call: FakeCall) => void) | null = null;
  readonly #waiting: PromiseWithResolvers<LeaseLike>[] = [];

  tryAcquire(): LeaseLike | null {
    return this.hasRoom ? this.#lease() : null;
  }

  acquire(_deadlineMs: number, _signal: CancelSignal): Promise<LeaseLike> {
    const waiter = Promise.withResolvers<LeaseLike>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  lendWaiting(): void {
    this.#waiting.shift()?.resolve(this.#lease());
  }

  refuseWaiting(error: Error): void {
    this.#waiting.shift()?.reject(error);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  stats(): PoolFacts {
    return { ready: this.ready, starting: 0, waiting: this.waiting, poisoned: 0, failure: null };
  }

  /** The n-th call, or the last. */
  call(index = this.calls.length - 1): FakeCall {
    const call = this.calls[index];
    if (call === undefined) throw new Error(`cannot find call ${index}: the handler was not called`);
    return call;
  }

  #lease(): LeaseLike {
    return {
      connection: {
        invoke: (request: InvokeRequest, handlers: CallHandlers) => {
          const call = new FakeCall(this.calls.length + 1, request, handlers);
          this.calls.push(call);
          if (this.answer !== null) queueMicrotask(() => this.answer?.(call));
          return call;
        },
      },
      workerId: 'w1',
      begun: this.begins,
      release: (outcome) => this.outcomes.push(outcome),
    };
  }
}
