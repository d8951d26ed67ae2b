// The gateway's end of one worker's socket: many invocations interleaved by id. Promises that a worker that breaks the
// protocol is cut off at once and that every call hears of its end exactly once. Deadlines, and what to do with a worker
// that was cut off, are left to others.

import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import { AnswerReader } from './answer-frame.ts';
import { ActiveCall, type Call, type CallHandlers, type CallOwner } from './call.ts';
import { type Frame, FrameDecoder } from './frame.ts';
import { FrameTooLarge } from './frame-writer.ts';
import { inlineBodyBytes } from './limits.ts';
import type {
  ErrorMessage,
  LoadFailedMessage,
  LoadMessage,
  LogMessage,
  ReadyMessage,
  ResultMessage,
} from './messages.ts';
import { Outbox } from './outbox.ts';
import { type InvalidResult, type ParsedMessage, parseWorkerMessage } from './worker-message.ts';

/** What the owner of the process hears. */
export interface ConnectionListener {
  /** Output outside any running invocation. The worker is not trusted: bound what is kept of it. */
  log(message: LogMessage): void;
  /** Once: the worker broke the protocol; `closed` follows. */
  fault(reason: string): void;
  /** Once, last: the connection is gone and every call has been told. */
  closed(error: GatewayError): void;
  /** The worker has ended the connection: why, where that is known. Its calls hear of it. Default worker_crashed. */
  endCause?(): GatewayError | null;
  /** A call has started or ended; `running` is what is left. */
  callsChanged?(running: number): void;
}

export interface InvokeRequest {
  /** Time left of the absolute deadline, ms. */
  readonly remainingMs: number;
  /** JSON text of an object: everything of the event but the body and the environment. */
  readonly event: string;
  /** Bytes must not change until the call has ended. An open body follows by `Call.write`. */
  readonly body: Buffer | OpenBody | null;
}

/** A request body that is still arriving. */
export interface OpenBody {
  /** Exact length where it is known. */
  readonly bytes: number | null;
  /** There is room for more, after a `Call.write` that returned false. */
  drained(): void;
}

const maxId = 0xffff_ffff;

export class WorkerConnection implements CallOwner {
  readonly outbox: Outbox;
  readonly #socket: Socket;
  readonly #listener: ConnectionListener;
  readonly #decoder = new FrameDecoder();
  readonly #answers = new AnswerReader();
  readonly #calls = new Map<number, ActiveCall>();
  readonly #pings = new Map<number, (answered: boolean) => void>();
  #load: PromiseWithResolvers<ReadyMessage | LoadFailedMessage> | null = null;
  #state: 'new' | 'loading' | 'ready' | 'refused' | 'closed' = 'new';
  #lastId = 0;
  #lastPing = 0;
  #framesReceived = 0;

  /** @param socket connected and paused or flowing; `early` = bytes already read from it */
  constructor(socket: Socket, listener: ConnectionListener, early: Buffer | null = null) {
    this.#socket = socket;
    this.#listener = listener;
    this.outbox = new Outbox(socket);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => {
      for (const call of this.#calls.values()) call.pump();
    });
    socket.on('end', () => this.#lost());
    // ECONNRESET and EPIPE: the worker died between two frames or inside one.
    socket.on('error', (cause) => this.#lost(cause));
    socket.on('close', () => this.#lost());
    if (early !== null && early.length > 0) this.#receive(early);
  }

  /** Calls for which the worker still owes something, cancelled ones included. */
  get inflight(): number {
    return this.#calls.size;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** Grows with every frame: two equal readings mean a silent worker. */
  get framesReceived(): number {
    return this.#framesReceived;
  }

  /** Sends the function; once per connection. Rejects with a GatewayError when the worker ends before it answers. */
  load(message: LoadMessage): Promise<ReadyMessage | LoadFailedMessage> {
    if (this.#state !== 'new') throw new Error('cannot load twice, or on a closed connection');
    this.#state = 'loading';
    this.#load = Promise.withResolvers();
    this.outbox.message(JSON.stringify(message));
    return this.#load.promise;
  }

  /**
   * Starts one invocation. Nothing has been sent when it throws.
   * @throws GatewayError payload_too_large when the event does not fit a frame
   * @throws GatewayError worker_crashed when the connection is not ready, closing or closed
   */
  invoke(request: InvokeRequest, handlers: CallHandlers): Call {
    if (this.#state !== 'ready' || this.outbox.ended) throw new GatewayError('worker_crashed');
    const id = this.#nextId();
    const body = splitBody(request.body);
    const remaining = Math.max(0, Math.floor(request.remainingMs));
    try {
      this.outbox.message(
        `{"type":"invoke","id":${id},"remaining_ms":${remaining},"event":${request.event},"body":${body.json}}`,
      );
    } catch (cause) {
      if (cause instanceof FrameTooLarge) throw new GatewayError('payload_too_large', { cause });
      throw cause;
    }
    const call = new ActiveCall(id, this, handlers);
    this.#calls.set(id, call);
    this.#listener.callsChanged?.(this.#calls.size);
    if (body.open !== null) call.open(() => body.open?.drained());
    else if (body.chunked !== null) call.send(body.chunked);
    this.outbox.hurry(this.#calls.size);
    return call;
  }

  /** True when the worker answered; false when the connection ended first. Bound it in time yourself. */
  ping(): Promise<boolean> {
    if (this.#state === 'closed') return Promise.resolve(false);
    this.#lastPing = (this.#lastPing % maxId) + 1;
    const n = this.#lastPing;
    this.outbox.message(`{"type":"ping","n":${n}}`);
    return new Promise((resolve) => this.#pings.set(n, resolve));
  }

  /** Half-closes after what is queued: the worker sees end of file and exits, whatever it still runs. */
  close(): void {
    if (this.#state !== 'closed') this.outbox.end();
  }

  /** Ends it now; calls that run are lost with `error` (default worker_crashed). */
  destroy(error: GatewayError = new GatewayError('worker_crashed')): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.outbox.discard();
    this.#socket.destroy();
    this.#load?.reject(error);
    for (const answer of this.#pings.values()) answer(false);
    this.#pings.clear();
    for (const call of [...this.#calls.values()]) call.lose(error);
    this.#listener.closed(error);
  }

  callEnded(call: ActiveCall): void {
    this.#calls.delete(call.id);
    this.#listener.callsChanged?.(this.#calls.size);
  }

  /** The other end has gone. */
  #lost(cause?: Error): void {
    if (this.#state === 'closed') return;
    this.destroy(this.#listener.endCause?.() ?? new GatewayError('worker_crashed', { cause }));
  }

  #receive(bytes: Buffer): void {
    if (this.#state === 'closed') return;
    const decoder = this.#decoder;
    decoder.push(bytes);
    for (;;) {
      const frame = decoder.next();
      if (frame.kind === 'incomplete') return;
      this.#framesReceived += 1;
      const broken = frame.kind === 'fault' ? frame.reason : this.#take(frame);
      if (broken !== null) this.#fault(broken);
      // A handler may have destroyed the connection: what follows in the buffer is nobody's.
      if (this.closed) return;
    }
  }

  #fault(reason: string): void {
    if (this.#state === 'closed') return;
    this.#listener.fault(reason);
    this.destroy(
      new GatewayError('bad_worker_reply', { cause: new Error(`cannot trust the worker: ${reason}`) }),
    );
  }

  /** Returns why the worker broke the protocol, or null. */
  #take(frame: Frame): string | null {
    if (frame.kind === 'chunk') return this.#takeChunk(frame.id, frame.bytes);
    if (frame.kind === 'message') return this.#takeMessage(parseWorkerMessage(frame.payload));
    const answer = this.#answers.read(frame.payload);
    return answer.type === 'fault' ? answer.reason : this.#takeAnswer(answer);
  }

  #takeMessage(message: ParsedMessage): string | null {
    switch (message.type) {
      case 'result':
      case 'invalid_result':
      case 'error':
        return this.#takeAnswer(message);
      case 'log':
        this.#takeLog(message);
        return null;
      case 'credit':
        // Late by design: a worker may return room for a request body while its answer is already here.
        this.#calls.get(message.id)?.credited(message.bytes);
        return null;
      case 'pong':
        return this.#takePong(message.n);
      case 'ready':
      case 'load_failed':
        return this.#takeLoadAnswer(message);
      default:
        return message.reason;
    }
  }

  #takeAnswer(message: ResultMessage | InvalidResult | ErrorMessage): string | null {
    const call = this.#calls.get(message.id);
    if (call === undefined) return `${message.type} for an unknown invocation`;
    if (message.type === 'result') return call.takeResult(message);
    if (message.type === 'error') return call.takeError(message);
    const cause = new Error(`cannot use the result: ${message.reason}`);
    return call.takeInvalidResult(message.body, new GatewayError('bad_worker_reply', { cause }));
  }

  #takeChunk(id: number, bytes: Buffer): string | null {
    const call = this.#calls.get(id);
    return call === undefined ? 'chunk for an unknown invocation' : call.takeChunk(bytes);
  }

  /** Output may come after the end of its invocation (a timer left running): it is still the worker's output. */
  #takeLog(message: LogMessage): void {
    const call = this.#calls.get(message.id);
    if (call === undefined) this.#listener.log(message);
    else call.takeLog(message);
  }

  #takePong(n: number): string | null {
    const answer = this.#pings.get(n);
    if (answer === undefined) return 'pong that nobody asked for';
    this.#pings.delete(n);
    answer(true);
    return null;
  }

  #takeLoadAnswer(message: ReadyMessage | LoadFailedMessage): string | null {
    if (this.#state !== 'loading') return `${message.type} out of order`;
    if (message.type === 'ready') this.#state = 'ready';
    else this.#state = 'refused';
    this.#load?.resolve(message);
    return null;
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % maxId) + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }
}

interface SplitBody {
  readonly json: string;
  readonly chunked: Buffer | null;
  readonly open: OpenBody | null;
}

/** Sends a text body inside the message; anything else is left to go as chunks. */
function splitBody(body: InvokeRequest['body']): SplitBody {
  if (body === null) return { json: '{"kind":"none"}', chunked: null, open: null };
  if (!Buffer.isBuffer(body)) {
    return { json: `{"kind":"stream","bytes":${body.bytes}}`, chunked: null, open: body };
  }
  if (body.length <= inlineBodyBytes && isUtf8(body)) {
    const text = JSON.stringify(body.toString('utf8'));
    return { json: `{"kind":"text","text":${text}}`, chunked: null, open: null };
  }
  return { json: `{"kind":"stream","bytes":${body.length}}`, chunked: body, open: null };
}
