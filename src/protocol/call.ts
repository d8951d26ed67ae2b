// One invocation on a worker's connection: what may still arrive for it, and how much either side may send. Promises
// that handlers hear of each thing once and of nothing after the end. Bytes and ids are the connection's.

import type { GatewayError } from '../errors.ts';
import { initialWindowBytes, maxChunkBytes } from './limits.ts';
import type { CancelMessage, ErrorMessage, LogMessage, ResultMessage } from './messages.ts';
import type { Outbox } from './outbox.ts';

export type CancelReason = CancelMessage['reason'];

/** What the caller hears. Exactly one of: result (then, for a stream body, chunks and bodyEnd), error, lost. */
export interface CallHandlers {
  /** With a body of kind `stream`, `chunk` and `bodyEnd` follow. */
  result(message: ResultMessage): void;
  /** The handler failed; after `result` it means that a stream was broken off. */
  error(message: ErrorMessage): void;
  /** The bytes are the caller's to keep; `Call.consumed` must be told when they have been used. */
  chunk(bytes: Buffer): void;
  bodyEnd(): void;
  log(message: LogMessage): void;
  /** The worker ended or broke the protocol (worker_crashed, bad_worker_reply); may come after `result`. */
  lost(error: GatewayError): void;
}

/** The caller's side of one invocation. */
export interface Call {
  readonly id: number;
  /** True once the worker owes nothing more for this id: its slot is free. */
  readonly ended: boolean;
  /**
   * Tells the worker to end it; from now on handlers hear nothing but what it still prints. `ended` stays false until the
   * worker has ended it.
   */
  cancel(reason: CancelReason): void;
  /** Returns the room of body bytes that the caller has used up, so that the worker may send more. */
  consumed(bytes: number): void;
  /** Calls `listener` when `ended` becomes true, at once if it is. One listener; a later one replaces it. */
  whenEnded(listener: () => void): void;
  /**
   * More of a body that was announced as open. False: the worker has no room for the next piece until `drained` is
   * called. The bytes must not change any more.
   */
  write(bytes: Buffer): boolean;
  /** The open body is whole. */
  endBody(): void;
}

/** What a call needs of its connection. */
export interface CallOwner {
  readonly outbox: Outbox;
  /** Called once, when the worker owes nothing more for the call. */
  callEnded(call: ActiveCall): void;
}

const noBytes = Buffer.alloc(0);

/** Room is returned in steps of this, not per chunk. Window minus step must exceed a chunk, or a sender could stall. */
const creditStepBytes = initialWindowBytes / 4;

export class ActiveCall implements Call {
  readonly id: number;
  readonly #owner: CallOwner;
  /** null once cancelled: nothing of the answer is reported, frames are still checked. */
  #handlers: CallHandlers | null;
  /** null once ended: why a cancelled handler did not come to its end is often in what it printed last. */
  #printer: Pick<CallHandlers, 'log'> | null;
  #phase: 'waiting' | 'streaming' | 'ended' = 'waiting';
  #onEnded: (() => void) | null = null;
  /** Pieces of the request body not yet sent. */
  readonly #outgoing: Buffer[] = [];
  /** Whether pieces may follow those, or the chunk that ends the body. */
  #outgoingState: 'open' | 'ending' | 'done' = 'done';
  /** Told when the worker has taken everything of an open body; null where nobody waits. */
  #onDrained: (() => void) | null = null;
  #sendWindow = initialWindowBytes;
  /** Bytes the worker may still send without credit. */
  #receiveWindow = initialWindowBytes;
  #unreturned = 0;
  /** Bytes of the answer still to come, when the worker said how many. */
  #expected: number | null = null;

  constructor(id: number, owner: CallOwner, handlers: CallHandlers) {
    this.id = id;
    this.#owner = owner;
    this.#handlers = handlers;
    this.#printer = handlers;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  cancel(reason: CancelReason): void {
    if (this.#phase === 'ended' || this.#handlers === null) return;
    this.#handlers = null;
    this.#dropOutgoing();
    this.#owner.outbox.message(`{"type":"cancel","id":${this.id},"reason":"${reason}"}`);
    // What the caller held will not be reported as used any more.
    this.#returnRoom(initialWindowBytes - this.#receiveWindow - this.#unreturned);
  }

  consumed(bytes: number): void {
    if (this.#handlers !== null) this.#returnRoom(bytes);
  }

  whenEnded(listener: () => void): void {
    if (this.ended) listener();
    else this.#onEnded = listener;
  }

  /** Starts sending the request's body as chunks. */
  send(body: Buffer): void {
    this.#outgoingState = 'ending';
    if (body.length > 0) this.#outgoing.push(body);
    this.pump();
  }

  /** A body follows by `write` and `endBody`. `drained` is called whenever there is room again after a false. */
  open(drained: () => void): void {
    this.#outgoingState = 'open';
    this.#onDrained = drained;
  }

  write(bytes: Buffer): boolean {
    // An answer may be whole before its request is: the rest is nobody's.
    if (this.#outgoingState !== 'open') return true;
    if (bytes.length > 0) this.#outgoing.push(bytes);
    this.#pumpPieces();
    return this.#outgoing.length === 0;
  }

  endBody(): void {
    if (this.#outgoingState !== 'open') return;
    this.#outgoingState = 'ending';
    this.pump();
  }

  /** Sends as much of the body as the worker's window and the socket take. */
  pump(): void {
    if (this.#outgoing.length > 0) {
      this.#pumpPieces();
      if (this.#outgoing.length > 0) return;
      if (this.#outgoingState === 'open') this.#onDrained?.();
    }
    if (this.#outgoingState !== 'ending' || this.#outgoing.length > 0) return;
    this.#owner.outbox.chunk(this.id, noBytes);
    this.#outgoingState = 'done';
  }

  #pumpPieces(): void {
    const { outbox } = this.#owner;
    for (let [first] = this.#outgoing; first !== undefined && !outbox.full; [first] = this.#outgoing) {
      const size = Math.min(first.length, this.#sendWindow, maxChunkBytes);
      if (size === 0) return;
      outbox.chunk(this.id, first.subarray(0, size));
      this.#sendWindow -= size;
      if (size === first.length) this.#outgoing.shift();
      else this.#outgoing[0] = first.subarray(size);
    }
  }

  #dropOutgoing(): void {
    this.#outgoing.length = 0;
    this.#outgoingState = 'done';
    this.#onDrained = null;
  }

  credited(bytes: number): void {
    this.#sendWindow += bytes;
    this.pump();
  }

  /** Each of these returns why the worker broke the protocol, or null. */
  takeResult(message: ResultMessage): string | null {
    if (this.#phase !== 'waiting') return 'second result for an invocation';
    const handlers = this.#begin(message.body);
    handlers?.result(message);
    return null;
  }

  /** A result that cannot be sent to a client: the caller loses it, the worker goes on. */
  takeInvalidResult(body: ResultMessage['body'], error: GatewayError): string | null {
    if (this.#phase !== 'waiting') return 'second result for an invocation';
    if (body.kind === 'stream') return 'stream behind an invalid result';
    this.lose(error);
    return null;
  }

  takeError(message: ErrorMessage): string | null {
    const handlers = this.#handlers;
    this.#end();
    handlers?.error(message);
    return null;
  }

  takeChunk(bytes: Buffer): string | null {
    if (this.#phase !== 'streaming') return 'chunk before a result with a stream';
    if (bytes.length === 0) return this.#takeBodyEnd();
    if (bytes.length > this.#receiveWindow) return 'chunk beyond its credit';
    if (this.#expected !== null && bytes.length > this.#expected) return 'body longer than announced';
    if (this.#expected !== null) this.#expected -= bytes.length;
    this.#receiveWindow -= bytes.length;
    if (this.#handlers === null) this.#returnRoom(bytes.length);
    else this.#handlers.chunk(bytes);
    return null;
  }

  takeLog(message: LogMessage): void {
    this.#printer?.log(message);
  }

  lose(error: GatewayError): void {
    const handlers = this.#handlers;
    this.#end();
    handlers?.lost(error);
  }

  #takeBodyEnd(): string | null {
    if (this.#expected !== null && this.#expected > 0) return 'body shorter than announced';
    const handlers = this.#handlers;
    this.#end();
    handlers?.bodyEnd();
    return null;
  }

  /** The slot is free before the caller hears of it, so that the next call can take it in the same turn. */
  #begin(body: ResultMessage['body']): CallHandlers | null {
    const handlers = this.#handlers;
    if (body.kind === 'stream') {
      this.#phase = 'streaming';
      this.#expected = body.bytes;
    } else {
      this.#end();
    }
    return handlers;
  }

  #end(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#handlers = null;
    this.#printer = null;
    this.#dropOutgoing();
    this.#owner.callEnded(this);
    const listener = this.#onEnded;
    this.#onEnded = null;
    listener?.();
  }

  #returnRoom(bytes: number): void {
    if (this.#phase !== 'streaming') return;
    this.#unreturned += bytes;
    if (this.#unreturned < creditStepBytes) return;
    const returned = Math.min(this.#unreturned, initialWindowBytes - this.#receiveWindow);
    this.#receiveWindow += returned;
    this.#unreturned = 0;
    this.#owner.outbox.message(`{"type":"credit","id":${this.id},"bytes":${returned}}`);
  }
}
