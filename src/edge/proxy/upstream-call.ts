// One request to an upstream, from its first byte to the last of the answer. Promises that it settles once, that the answer
// is held back while it can still turn into an error, that a slow client slows the upstream down, and that deadline and
// client end it.

import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../../clock.ts';
import { GatewayError } from '../../errors.ts';
import type { CancelSignal, InvocationReply, Passthrough } from '../../invocation/invocation.ts';
import { InvocationTimer } from '../../invocation/invocation-timer.ts';
import { ReplyStream, type ReplyStreamOwner } from '../../invocation/reply-stream.ts';
import { isBodyless, type ReplyHeaders } from '../../invocation/result.ts';
import type { StreamPolicy } from '../../policy/function-policy.ts';
import type { OutboundRequest } from './directive.ts';
import { announcedLength, inboundHeaders, isEventStream } from './inbound-reply.ts';
import { proxiedMark } from './outbound-headers.ts';
import { proxyRefusal } from './proxy-refusal.ts';
import { type CallPhase, upstreamFailure } from './upstream-failure.ts';

/** The head goes out when the body is whole, or this long after it came: a status that is out cannot become a 502. */
const maxHoldMs = 1_000;
/** Held at most, where the length is known to be allowed, and where only the bytes themselves can tell. */
const maxHeldBytes = 262_144;
const maxHeldUnannouncedBytes = 4_194_304;
/** Bytes that may wait for the client before the upstream is told to wait. */
const pauseAtBytes = 262_144;
const resumeAtBytes = 131_072;

export interface UpstreamCallOptions {
  readonly outbound: OutboundRequest;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Clock time. */
  readonly deadlineMs: number;
  readonly stream: StreamPolicy;
  readonly signal: CancelSignal;
}

interface Head {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly length: number | null;
}

export class UpstreamCall implements Passthrough, Dispatcher.DispatchHandler, ReplyStreamOwner {
  readonly #options: UpstreamCallOptions;
  readonly #reply = Promise.withResolvers<InvocationReply>();
  readonly #ended = Promise.withResolvers<number>();
  readonly #timer: InvocationTimer;
  #holdTimer: Timer | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #phase: CallPhase = 'connecting';
  #head: Head | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #holdOver = false;
  #received = 0;
  #stream: ReplyStream | null = null;
  /** Handed to the client's side and not yet taken. */
  #waitingBytes = 0;
  /** Of a body that is sent as it comes: what is left for the answer, and when it moved last. */
  #budgetMs: number | null = null;
  #movedMs = 0;
  #done = false;

  constructor(options: UpstreamCallOptions) {
    this.#options = options;
    const { clock, deadlineMs, stream } = options;
    this.#timer = new InvocationTimer(clock, deadlineMs, stream, () => this.#fail(proxyRefusal('timeout')));
  }

  get reply(): Promise<InvocationReply> {
    return this.#reply.promise;
  }

  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  start(): void {
    const { outbound, dispatcher, signal } = this.#options;
    if (signal.aborted) {
      this.#onAbort();
      return;
    }
    signal.addEventListener('abort', this.#onAbort);
    const { url, method, headers, body } = outbound;
    // Undici hears of it as well; one that nobody reads any more must not end the process.
    if (body instanceof Readable) body.on('error', () => {});
    try {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method,
          headers: [...headers, proxiedMark, '1'],
          body,
        },
        this,
      );
    } catch (error) {
      this.#fail(upstreamFailure(error, this.#phase));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#phase = 'sending';
    if (this.#done) controller.abort(new Error('the call has ended'));
  }

  /** A body that is sent as it comes is held to the idle limit while it moves, as any stream. */
  onBodySent(): void {
    const { clock, deadlineMs, outbound } = this.#options;
    if (!(outbound.body instanceof Readable) || this.#done) return;
    this.#movedMs = clock.now();
    if (this.#budgetMs !== null) return;
    this.#budgetMs = deadlineMs - clock.now();
    this.#timer.stream(() => clock.now() - this.#movedMs);
  }

  /** What was left of the budget when the body began is left for the answer. */
  onRequestSent(): void {
    this.#phase = 'receiving';
    if (this.#budgetMs !== null && this.#stream === null && !this.#done)
      this.#timer.settle(this.#options.clock.now() + this.#budgetMs);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, unknown>>,
  ): void {
    this.#phase = 'receiving';
    // 103 and the like come before the answer.
    if (this.#done || status < 200) return;
    const length = announcedLength(headers);
    const isHead = this.#options.outbound.method === 'HEAD';
    if (status > 599) this.#fail(proxyRefusal('proxy request failed: invalid_status_line'));
    else if (!isHead && length !== null && length > this.#options.outbound.maxResponseBytes) this.#tooLarge();
    else {
      this.#head = { status, headers: inboundHeaders(headers), length };
      if (isEventStream(headers) && !isHead) this.#startStream(this.#head);
      else this.#holdTimer = this.#options.clock.after(maxHoldMs, this.#letGo);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#done) return;
    this.#received += chunk.length;
    if (this.#received > this.#options.outbound.maxResponseBytes) {
      this.#tooLarge();
      return;
    }
    if (this.#stream !== null) {
      this.#push(this.#stream, chunk);
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const most = this.#head?.length === null ? maxHeldUnannouncedBytes : maxHeldBytes;
    if (this.#holdOver || this.#heldBytes >= most) this.#letGo();
  }

  onResponseEnd(): void {
    const head = this.#head;
    if (this.#done || head === null) return;
    this.#finish(head.status);
    if (this.#stream === null) this.#reply.resolve(this.#wholeReply(head));
    else this.#stream.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(upstreamFailure(error, this.#phase));
  }

  consumed(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (this.#waitingBytes <= resumeAtBytes && this.#controller?.paused === true) this.#controller.resume();
  }

  abandoned(): void {
    this.#fail(new GatewayError('client_closed'));
  }

  readonly #onAbort = (): void => this.#fail(new GatewayError('client_closed'));

  /** From here on nothing can be taken back: what has come goes out, and the rest as it comes. */
  readonly #letGo = (): void => {
    this.#holdOver = true;
    if (this.#head !== null && this.#stream === null && !this.#done && this.#heldBytes > 0)
      this.#startStream(this.#head);
  };

  #startStream(head: Head): void {
    this.#holdTimer?.cancel();
    const stream = new ReplyStream(this, this.#options.clock);
    this.#stream = stream;
    this.#timer.stream(() => stream.waitedMs);
    const { status, headers, length } = head;
    this.#reply.resolve({ status, headers, body: stream, bodyBytes: length, proxy: null });
    for (const chunk of this.#held) this.#push(stream, chunk);
    this.#held = [];
  }

  #push(stream: ReplyStream, chunk: Buffer): void {
    this.#waitingBytes += chunk.length;
    stream.push(chunk);
    if (this.#waitingBytes >= pauseAtBytes) this.#controller?.pause();
  }

  #wholeReply({ status, headers, length }: Head): InvocationReply {
    const isHead = this.#options.outbound.method === 'HEAD';
    if (isHead && length !== null && !isBodyless(status)) {
      // What a GET would bring; `edge/reply` sends the length and no body.
      const body = new ReplyStream({ consumed() {}, abandoned() {} }, this.#options.clock);
      body.end();
      return { status, headers, body, bodyBytes: length, proxy: null };
    }
    const body = this.#heldBytes === 0 || isBodyless(status) ? null : Buffer.concat(this.#held);
    return { status, headers, body, proxy: null };
  }

  #tooLarge(): void {
    this.#fail(proxyRefusal('proxy request failed: response_too_large'));
  }

  #fail(error: GatewayError): void {
    if (this.#done) return;
    this.#finish(error.status);
    this.#held = [];
    this.#reply.reject(error);
    this.#stream?.fail(error);
    this.#controller?.abort(error);
  }

  #finish(status: number): void {
    this.#done = true;
    this.#timer.cancel();
    this.#holdTimer?.cancel();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    const { body } = this.#options.outbound;
    if (body instanceof Readable) body.destroy();
    this.#ended.resolve(status);
  }
}
