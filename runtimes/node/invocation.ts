// One call that is running in this worker: its id, its deadline, its abort signal, its captured output and the request
// body that may still be arriving.

import type { CancelMessage } from '../../src/protocol/messages.ts';
import type { BackgroundWork } from './background-work.ts';
import { now } from './builtins.ts';
import { CreditWindow } from './credit-window.ts';
import type { OutputBuffer } from './output-buffer.ts';
import type { StreamedBody } from './streamed-body.ts';

export type CancelReason = CancelMessage['reason'];

type SentEvent = Readonly<Record<string, unknown>>;

export interface ArrivedBody {
  readonly event: SentEvent;
  readonly body: Buffer;
}

/** A request body that comes as chunks, and the event that waits for it. */
export class ArrivingBody {
  readonly #event: SentEvent;
  readonly #chunks: Buffer[] = [];

  constructor(event: SentEvent) {
    this.#event = event;
  }

  /** Copies the bytes. */
  add(bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
  }

  end(): ArrivedBody {
    return { event: this.#event, body: Buffer.concat(this.#chunks) };
  }
}

export class Invocation {
  readonly id: number;
  /** On the clock of `now()`, ms. */
  readonly deadlineAt: number;
  /** What handlers leave running behind their answers; one for all invocations. */
  readonly background: BackgroundWork;
  /** Credit for the chunks of the answer. */
  readonly window = new CreditWindow();
  /** Made when something is printed. */
  output: OutputBuffer | null = null;
  /** True once the terminal message is queued: output after it belongs to no invocation. */
  ended = false;
  /** The request body while its chunks arrive; null when it is whole. */
  arriving: ArrivingBody | null = null;
  /** The request body where the handler reads it while it arrives. */
  streamed: StreamedBody | null = null;
  /** True while the handler is done and its answer is still going out. */
  answering = false;
  /** Told of a cancel while an answer comes from a source of its own. */
  onCancel: (() => void) | null = null;
  #cancelled: CancelReason | null = null;
  #controller: AbortController | null = null;

  constructor(id: number, remainingMs: number, background: BackgroundWork) {
    this.id = id;
    this.background = background;
    this.deadlineAt = now() + remainingMs;
  }

  get cancelled(): CancelReason | null {
    return this.#cancelled;
  }

  /** Made when the handler asks for it: most never do. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#cancelled !== null) this.#controller.abort(abortReason(this.#cancelled));
    }
    return this.#controller.signal;
  }

  /** Milliseconds until the deadline, never negative. */
  remainingMs(): number {
    const left = this.deadlineAt - now();
    return left > 0 ? Math.floor(left) : 0;
  }

  awaitBody(event: SentEvent): void {
    this.arriving = new ArrivingBody(event);
  }

  cancel(reason: CancelReason): void {
    if (this.#cancelled !== null) return;
    this.#cancelled = reason;
    this.window.rouse();
    this.onCancel?.();
    this.streamed?.fail(abortReason(reason));
    this.#controller?.abort(abortReason(reason));
  }
}

function abortReason(reason: CancelReason): DOMException {
  switch (reason) {
    case 'deadline':
      return new DOMException('the deadline of this invocation has passed', 'TimeoutError');
    case 'payload_too_large':
      return new DOMException('the request body is over its limit', 'AbortError');
    default:
      return new DOMException('the client has gone', 'AbortError');
  }
}
