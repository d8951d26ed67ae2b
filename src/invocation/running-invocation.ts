// One admitted invocation, from its slot to the end of its body. Owns the deadline. Promises that it settles once, that
// the handler runs at most once, and that slot and lease are given back exactly when the worker owes nothing more or is
// given up as poisoned: never while a zombie could still run unseen.

import type { Clock, Timer } from '../clock.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Call, CallHandlers, CancelReason } from '../protocol/call.ts';
import { initialWindowBytes } from '../protocol/limits.ts';
import type { ErrorMessage, LogMessage, ResultMessage } from '../protocol/messages.ts';
import type { Slot } from './admission.ts';
import type { Deployment, LeaseLike } from './deployment.ts';
import { buildEvent } from './event.ts';
import type { InvocationReply, InvocationRequest } from './invocation.ts';
import { ReplyStream, type ReplyStreamOwner } from './reply-stream.ts';
import { checkStatus, isBodyless, replyHeaders } from './result.ts';

/** How long a cancelled handler may take to end before its worker is given up. */
const cancelGraceMs = 100;
/** Slow clients may keep a streaming worker this long beyond the deadline, in all. */
const maxSlowReaderMs = 300_000;
/** Answers up to this many bytes are collected and sent with their length: a slow client then holds no slot. */
const bufferedReplyBytes = initialWindowBytes;

export interface RunOptions {
  readonly request: InvocationRequest;
  readonly deployment: Deployment;
  readonly slot: Slot;
  readonly clock: Clock;
  /** Clock time after which there is no answer but 504. */
  readonly deadlineMs: number;
  readonly observer: RunObserver;
}

export interface RunObserver {
  output(run: RunningInvocation, message: LogMessage): void;
  handlerFailed(run: RunningInvocation, message: ErrorMessage): void;
  /** Once, when the slot is given back. */
  ended(run: RunningInvocation, status: number): void;
}

export class RunningInvocation implements CallHandlers, ReplyStreamOwner {
  readonly request: InvocationRequest;
  readonly deployment: Deployment;
  /** State of the function before this call. */
  state: 'warm' | 'cold' = 'cold';
  /** True from when a worker was asked for: failures before that are the client's or the gate's. */
  dispatched = false;
  readonly #options: RunOptions;
  readonly #reply = Promise.withResolvers<InvocationReply>();
  #timer: Timer;
  #lease: LeaseLike | null = null;
  #call: Call | null = null;
  #phase: 'running' | 'collecting' | 'streaming' | 'discarding' | 'stopping' | 'ended' = 'running';
  #head: ResultMessage | null = null;
  #chunks: Buffer[] = [];
  #stream: ReplyStream | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
    this.request = options.request;
    this.deployment = options.deployment;
    this.#timer = options.clock.after(options.deadlineMs - options.clock.now(), this.#onDeadline);
  }

  /** @throws GatewayError for every way in which there is no result */
  start(): Promise<InvocationReply> {
    const { signal } = this.request;
    if (signal.aborted) this.#onAbort();
    else {
      signal.addEventListener('abort', this.#onAbort);
      this.#begin();
    }
    return this.#reply.promise;
  }

  result(message: ResultMessage): void {
    const { body } = message;
    try {
      checkStatus(message.status);
    } catch (error) {
      this.#end('healthy', toGatewayError(error));
      return;
    }
    this.#head = message;
    if (body.kind === 'none') this.#answer(message, null);
    else if (body.kind === 'text') this.#answer(message, body.text);
    else if (isBodyless(message.status)) this.#phase = 'discarding';
    else if (body.bytes !== null && body.bytes <= bufferedReplyBytes) this.#phase = 'collecting';
    else this.#startStream(message, body.bytes);
  }

  chunk(bytes: Buffer): void {
    if (this.#phase === 'streaming') this.#stream?.push(bytes);
    else if (this.#phase === 'collecting') this.#chunks.push(bytes);
    else this.#call?.consumed(bytes.length);
  }

  bodyEnd(): void {
    const head = this.#head;
    if (this.#phase === 'streaming') {
      this.#end('healthy', null);
      this.#stream?.end();
    } else if (head !== null) {
      this.#answer(head, this.#phase === 'collecting' ? Buffer.concat(this.#chunks) : null);
    }
  }

  error(message: ErrorMessage): void {
    this.#options.observer.handlerFailed(this, message);
    const text = message.error === '' ? 'internal error' : message.error;
    this.#end(
      'healthy',
      message.undecodable === true
        ? new GatewayError('bad_worker_reply', { text: `invalid runtime response: ${text}` })
        : new GatewayError('handler_failed', { text }),
    );
  }

  lost(error: GatewayError): void {
    this.#end('healthy', error);
  }

  log(message: LogMessage): void {
    this.#options.observer.output(this, message);
  }

  consumed(bytes: number): void {
    this.#call?.consumed(bytes);
  }

  abandoned(): void {
    this.#stop('client_closed', new GatewayError('client_closed'));
  }

  // Without a body and with a worker at hand nothing is awaited: most calls reach their worker in the turn in which the
  // request was read, in one write with the others of that turn.
  #begin(): void {
    const reading = this.request.readBody();
    if (reading === null) this.#dispatch(null);
    else reading.then((body) => this.#dispatch(body), this.#onFailure);
  }

  #dispatch(body: Buffer | null): void {
    if (this.#phase !== 'running') return;
    this.dispatched = true;
    this.state = this.deployment.state;
    const { pool } = this.deployment;
    const lease = pool.tryAcquire();
    if (lease !== null) this.#send(lease, body);
    else {
      const waiting = pool.acquire(this.#options.deadlineMs, this.request.signal);
      waiting.then((found) => this.#send(found, body), this.#onFailure);
    }
  }

  #send(lease: LeaseLike, body: Buffer | null): void {
    if (this.#phase !== 'running') {
      lease.release('healthy');
      return;
    }
    this.#lease = lease;
    const { clock, deadlineMs } = this.#options;
    const remainingMs = deadlineMs - clock.now();
    try {
      const event = buildEvent(this.request, Date.now());
      this.#call = lease.connection.invoke({ remainingMs, event, body }, this);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  readonly #onFailure = (error: unknown): void => this.#end('healthy', toGatewayError(error));

  #startStream(message: ResultMessage, bodyBytes: number | null): void {
    this.#phase = 'streaming';
    const body = new ReplyStream(this, this.#options.clock);
    this.#stream = body;
    const headers = replyHeaders(message.headers, 'text/plain; charset=utf-8');
    this.#reply.resolve({ status: message.status, headers, body, bodyBytes, proxy: message.proxy ?? null });
  }

  #answer(message: ResultMessage, body: string | Buffer | null): void {
    const empty = body === null || body.length === 0 || isBodyless(message.status);
    const headers = replyHeaders(message.headers, empty ? null : 'text/plain; charset=utf-8');
    this.#end('healthy', null);
    const { status, proxy } = message;
    this.#reply.resolve({ status, headers, body: empty ? null : body, proxy: proxy ?? null });
  }

  readonly #onAbort = (): void => {
    this.#stop('client_closed', new GatewayError('client_closed'));
  };

  readonly #onDeadline = (): void => {
    const extraMs = this.#slowReaderMs();
    if (extraMs > 0) {
      this.#timer = this.#options.clock.after(extraMs, this.#onDeadline);
      return;
    }
    this.#stop('deadline', new GatewayError('invocation_timeout'));
  };

  /** Time that the reader of a stream has taken from the handler and is owed back. */
  #slowReaderMs(): number {
    const { clock, deadlineMs } = this.#options;
    if (this.#stream === null) return 0;
    return deadlineMs + Math.min(this.#stream.readerMs, maxSlowReaderMs) - clock.now();
  }

  /** The answer waits for the worker to let go (or be given up), so that the next call never meets a zombie. */
  #stop(reason: CancelReason, error: GatewayError): void {
    if (this.#phase === 'stopping' || this.#phase === 'ended') return;
    const call = this.#call;
    if (call === null) {
      this.#end('healthy', error);
      return;
    }
    this.#phase = 'stopping';
    this.#timer.cancel();
    call.cancel(reason);
    this.#timer = this.#options.clock.after(cancelGraceMs, () => this.#end('poisoned', error));
    call.whenEnded(() => this.#end('healthy', error));
  }

  #end(outcome: 'healthy' | 'poisoned', error: GatewayError | null): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#timer.cancel();
    const { slot, observer } = this.#options;
    this.request.signal.removeEventListener('abort', this.#onAbort);
    this.#lease?.release(outcome);
    slot.release();
    const status = error?.status ?? this.#head?.status ?? 500;
    if (error === null && status < 500) this.deployment.markWarm(Date.now());
    observer.ended(this, status);
    if (error === null) return;
    this.#stream?.fail(error);
    this.#reply.reject(error);
  }
}
