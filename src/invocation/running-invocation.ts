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
import { eventText } from './event.ts';
import type { InvocationReply, InvocationRequest } from './invocation.ts';
import { InvocationTimer } from './invocation-timer.ts';
import { ReplyStream, type ReplyStreamOwner } from './reply-stream.ts';
import { checkStatus, isBodyless, replyHeaders } from './result.ts';
import { Upload, type UploadOwner } from './upload.ts';

/** How long a cancelled handler may take to end before its worker is given up. */
const cancelGraceMs = 100;
/**
 * The same where the client has left a stream: nothing is late, and a plain Python or PHP handler hears of it only with its
 * next piece. Then it can run what it has to run at its end.
 */
const leftStreamGraceMs = 1000;
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

export class RunningInvocation implements CallHandlers, ReplyStreamOwner, UploadOwner {
  readonly request: InvocationRequest;
  readonly deployment: Deployment;
  /** State of the function before this call. */
  state: 'warm' | 'cold' = 'cold';
  /** True from when a worker was asked for: failures before that are the client's or the gate's. */
  dispatched = false;
  readonly #options: RunOptions;
  readonly #reply = Promise.withResolvers<InvocationReply>();
  readonly #timer: InvocationTimer;
  #graceTimer: Timer | null = null;
  #lease: LeaseLike | null = null;
  /** Of the worker that has the call, or had it last; null before one was reached. */
  workerId: string | null = null;
  #call: Call | null = null;
  #phase: 'running' | 'collecting' | 'streaming' | 'discarding' | 'stopping' | 'ended' = 'running';
  /** Kept until the call ends: it may have to be sent to another worker. */
  #body: Buffer | null = null;
  #head: ResultMessage | null = null;
  #chunks: Buffer[] = [];
  #stream: ReplyStream | null = null;
  /** Set where the handler reads its body as it arrives. */
  #upload: Upload | null = null;
  /** The run itself, and an upstream that answers in its place. */
  #slotUsers = 1;
  #passedStatus: number | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
    this.request = options.request;
    this.deployment = options.deployment;
    const { clock, deadlineMs, deployment } = options;
    this.#timer = new InvocationTimer(clock, deadlineMs, deployment.unit.policy.stream, this.#onTimeUp);
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
    else if (body.kind === 'bytes') this.#answer(message, body.bytes);
    else if (this.#isSentOn(message)) this.#passOn(message, this.#openStream());
    else if (isBodyless(message.status) || this.#isPassedOn(message)) this.#phase = 'discarding';
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

  /** A call that its worker held for later has not begun: another worker may take it, if its body is still here. */
  lost(error: GatewayError): void {
    const again = this.#phase === 'running' && this.#upload === null ? this.#lease : null;
    if (again?.begun === false) this.#dispatchAgain(again);
    else this.#end('healthy', error);
  }

  log(message: LogMessage): void {
    this.#options.observer.output(this, message);
  }

  consumed(bytes: number): void {
    this.#call?.consumed(bytes);
  }

  abandoned(): void {
    // Nobody wants the body of an answer to HEAD: that is no failure.
    const failure = this.request.method === 'HEAD' ? null : new GatewayError('client_closed');
    this.#stop('client_closed', failure);
  }

  uploadEnded(): void {
    if (this.#phase !== 'running') return;
    const { clock, deployment } = this.#options;
    // The handler's time begins where the client's has ended.
    this.#timer.settle(clock.now() + deployment.unit.policy.timeoutMs);
  }

  uploadFailed(error: GatewayError): void {
    this.#stop('payload_too_large', error);
  }

  // Without a body and with a worker at hand nothing is awaited: most calls reach their worker in the turn in which the
  // request was read, in one write with the others of that turn.
  #begin(): void {
    const { clock, deployment } = this.#options;
    if (deployment.unit.policy.bodyMode === 'stream') {
      const arriving = this.request.streamBody?.() ?? null;
      if (arriving !== null) {
        this.#upload = new Upload(arriving, clock, this);
        this.#dispatch(null);
        return;
      }
    }
    const reading = this.request.readBody();
    if (reading === null) this.#dispatch(null);
    else reading.then((body) => this.#dispatch(body), this.#onFailure);
  }

  #dispatch(body: Buffer | null): void {
    if (this.#phase !== 'running') return;
    this.dispatched = true;
    this.#body = body;
    this.state = this.deployment.state;
    const { pool } = this.deployment;
    const lease = pool.tryAcquire();
    if (lease !== null) this.#send(lease, body);
    else {
      const waiting = pool.acquire(this.#options.deadlineMs, this.request.signal);
      waiting.then((found) => this.#send(found, body), this.#onFailure);
    }
  }

  #dispatchAgain(lost: LeaseLike): void {
    this.#lease = null;
    this.#call = null;
    lost.release('healthy');
    this.#dispatch(this.#body);
  }

  #send(lease: LeaseLike, body: Buffer | null): void {
    if (this.#phase !== 'running') {
      lease.release('healthy');
      return;
    }
    this.#lease = lease;
    this.workerId = lease.workerId;
    const { clock, deadlineMs } = this.#options;
    const remainingMs = deadlineMs - clock.now();
    try {
      const event = eventText(this.request, Date.now(), this.deployment.eventSecrets);
      const call = lease.connection.invoke({ remainingMs, event, body: this.#upload ?? body }, this);
      this.#call = call;
      if (this.#upload !== null) this.#startUpload(this.#upload, call);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  readonly #onFailure = (error: unknown): void => this.#end('healthy', toGatewayError(error));

  #startUpload(upload: Upload, call: Call): void {
    upload.start(call);
    this.#timer.stream(this.#idleMs);
  }

  #startStream(message: ResultMessage, bodyBytes: number | null): void {
    const body = this.#openStream();
    const headers = replyHeaders(message.headers, 'text/plain; charset=utf-8');
    this.#reply.resolve({ status: message.status, headers, body, bodyBytes, proxy: message.proxy ?? null });
  }

  #openStream(): ReplyStream {
    this.#phase = 'streaming';
    const stream = new ReplyStream(this, this.#options.clock);
    this.#stream = stream;
    this.#timer.stream(this.#idleMs);
    return stream;
  }

  #isPassedOn(message: ResultMessage): boolean {
    return message.proxy !== undefined && this.request.passThrough !== undefined;
  }

  /** Its body is what the upstream gets, piece by piece: the worker is needed until then. */
  #isSentOn(message: ResultMessage): boolean {
    return this.#isPassedOn(message) && message.proxy?.['body_from'] === 'result';
  }

  /** The worker is free once its body is whole; the slot stays taken until the upstream has answered whole. */
  #passOn(message: ResultMessage, body: string | Buffer | ReplyStream | null): void {
    const { deadlineMs, clock } = this.#options;
    // A body that was long under way has its handler's time counted from its end.
    const budgetEndMs =
      this.#upload === null ? deadlineMs : clock.now() + this.deployment.unit.policy.timeoutMs;
    const order = { directive: message.proxy ?? {}, body, deadlineMs: budgetEndMs };
    const passage = this.request.passThrough?.(order);
    if (passage === undefined) return;
    this.#slotUsers++;
    passage.reply.then(this.#reply.resolve, this.#reply.reject);
    void passage.ended.then((status) => {
      this.#passedStatus = status;
      this.#leaveSlot(status);
    });
    if (!(body instanceof ReplyStream)) this.#end('healthy', null);
  }

  #leaveSlot(status: number): void {
    this.#slotUsers--;
    if (this.#slotUsers > 0) return;
    const { slot, observer } = this.#options;
    slot.release();
    observer.ended(this, this.#passedStatus ?? status);
  }

  #answer(message: ResultMessage, body: string | Buffer | null): void {
    if (this.#isPassedOn(message)) {
      this.#passOn(message, body);
      return;
    }
    const empty = body === null || body.length === 0 || isBodyless(message.status);
    const headers = replyHeaders(message.headers, empty ? null : 'text/plain; charset=utf-8');
    this.#end('healthy', null);
    const { status, proxy } = message;
    this.#reply.resolve({ status, headers, body: empty ? null : body, proxy: proxy ?? null });
  }

  readonly #onAbort = (): void => {
    this.#stop('client_closed', new GatewayError('client_closed'));
  };

  readonly #onTimeUp = (): void => {
    const upload = this.#upload;
    const stalled = this.#stream === null && upload?.isMoving === true ? upload.stalled : null;
    this.#stop('deadline', stalled ?? new GatewayError('invocation_timeout'));
  };

  /** Where body and answer stream at once, one that moves is enough. */
  readonly #idleMs = (): number => {
    const answerMs = this.#stream?.waitedMs ?? Number.POSITIVE_INFINITY;
    return this.#upload?.isMoving === true ? Math.min(answerMs, this.#upload.idleMs) : answerMs;
  };

  /** The answer waits for the worker to let go (or be given up), so that the next call never meets a zombie. */
  #stop(reason: CancelReason, error: GatewayError | null): void {
    if (this.#phase === 'stopping' || this.#phase === 'ended') return;
    const call = this.#call;
    if (call === null) {
      this.#end('healthy', error);
      return;
    }
    const hasLeft = reason === 'client_closed' && this.#phase === 'streaming';
    this.#phase = 'stopping';
    this.#timer.cancel();
    call.cancel(reason);
    const graceMs = hasLeft ? leftStreamGraceMs : cancelGraceMs;
    this.#graceTimer = this.#options.clock.after(graceMs, () => this.#end('poisoned', error));
    call.whenEnded(() => this.#end('healthy', error));
  }

  #end(outcome: 'healthy' | 'poisoned', error: GatewayError | null): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#timer.cancel();
    this.#graceTimer?.cancel();
    this.#upload?.stop();
    this.request.signal.removeEventListener('abort', this.#onAbort);
    this.#lease?.release(outcome);
    const status = error?.status ?? this.#head?.status ?? 500;
    if (error === null && status < 500) this.deployment.markWarm(Date.now());
    this.#leaveSlot(status);
    if (error === null) return;
    this.#stream?.fail(error);
    this.#reply.reject(error);
  }
}
