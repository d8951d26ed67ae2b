// The messages that the gateway and a worker exchange over one Unix socket (design section 3).
// Frame: 4-byte big-endian length + payload. A payload that starts with `{` is one of these, as UTF-8 JSON; one that
// starts with byte 0x01 is a body chunk: 0x01, u32 big-endian invocation id, bytes; no bytes = end of that body. One that
// starts with 0x02 is an answer: 0x02, u32 id, u16 status, u32 length of the header block (all big-endian), that block, the
// body's bytes. It means what a `result` with an inline body means; a body inside JSON is escaped and read twice.
// Order: gateway sends `load` first; the worker answers `ready` or `load_failed`; then invocations interleave by id.
// fixtures/frames holds the golden bytes that every language's worker is tested against.

/** An answer or request body on the wire. `stream` is followed by body chunks of the same id. */
export type WireBody =
  | { readonly kind: 'none' }
  /** Whole body, valid UTF-8, at most `inlineBodyBytes`. */
  | { readonly kind: 'text'; readonly text: string }
  /** `bytes` is the exact total when known, else null. */
  | { readonly kind: 'stream'; readonly bytes: number | null };

/** The whole body of an answer frame, text or not: at most `inlineBodyBytes`. Never inside JSON. */
export interface FramedBody {
  readonly kind: 'bytes';
  readonly bytes: Buffer;
}

export interface LoadMessage {
  readonly type: 'load';
  readonly protocol: 1;
  readonly function: string;
  readonly version: string;
  /** Absolute path of the source file. */
  readonly entry: string;
  /** Absolute path of the function's folder: the worker's import root. */
  readonly root: string;
  readonly handler: string;
  readonly adapter: 'native' | 'aws-lambda' | 'cloudflare-worker';
  /** The function's own environment (fn.env.json): set in the process before user code loads, and `event.env`. */
  readonly env: Readonly<Record<string, string>>;
  /** Language guard on (contract/sandbox.md 6). */
  readonly strict: boolean;
  /** Extra allowed roots that the guard must not refuse. */
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  /** Folders of installed packages, best first: of Python modules, called `node_modules`, or with a `vendor` of composer's in it. */
  readonly dependencies: readonly string[];
  /** What every `event.context` holds; an event's own context goes over it. Said once, so that no call pays for it. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Captured output per invocation beyond this is dropped with one marker line. Bytes. */
  readonly maxOutputBytes: number;
  /** The handler is called before its request body has arrived, and reads it as a stream (`invoke.body_mode`). Node, Python. */
  readonly streamBody?: boolean;
}

export interface InvokeMessage {
  readonly type: 'invoke';
  /** u32, unique on this connection while it runs; 0 is never used. */
  readonly id: number;
  /** Time left of the absolute deadline when sent, ms. */
  readonly remaining_ms: number;
  /** Everything but `body`, `is_base64`, `body_base64`, `env` and the constant part of `context`: the worker adds them. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly body: WireBody;
}

/**
 * The deadline passed, the client has gone, or the body that a handler reads as a stream is over its limit: end it; a
 * terminal message for the id is still owed. A worker may take all reasons alike.
 */
export interface CancelMessage {
  readonly type: 'cancel';
  readonly id: number;
  readonly reason: 'deadline' | 'client_closed' | 'payload_too_large';
}

/** The receiver of chunks of `id` can take `bytes` more. Starts at `initialWindowBytes`. Both directions. */
export interface CreditMessage {
  readonly type: 'credit';
  readonly id: number;
  readonly bytes: number;
}

export interface PingMessage {
  readonly type: 'ping';
  readonly n: number;
}

export type GatewayMessage = LoadMessage | InvokeMessage | CancelMessage | CreditMessage | PingMessage;

export interface ReadyMessage {
  readonly type: 'ready';
  /** Invocations this worker takes at once: 1 for a sync handler. */
  readonly concurrency: number;
  /** For example `26.10.0` or `3.11.7`. */
  readonly runtime_version: string;
}

export interface LoadFailedMessage {
  readonly type: 'load_failed';
  /** One line for the client (paths are taken out by the gateway). */
  readonly error: string;
  /** Stack or traceback, for the log. */
  readonly detail: string;
}

export interface ResultMessage {
  readonly type: 'result';
  readonly id: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: WireBody | FramedBody;
  /** Edge passthrough directive (contract/edge-proxy.md). */
  readonly proxy?: Readonly<Record<string, unknown>>;
}

/** The handler threw, returned something that is no answer, or the callable is missing: HTTP 500. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly id: number;
  readonly error: string;
  readonly detail: string;
  /** True where the handler returned a body that cannot be decoded: HTTP 502 (contract/invocation.md 9.0). */
  readonly undecodable?: true;
}

/** Output of a handler; `id` 0 = outside any invocation (top level, timers). One or more whole lines or a piece. */
export interface LogMessage {
  readonly type: 'log';
  readonly id: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface PongMessage {
  readonly type: 'pong';
  readonly n: number;
}

export type WorkerMessage =
  | ReadyMessage
  | LoadFailedMessage
  | ResultMessage
  | ErrorMessage
  | LogMessage
  | CreditMessage
  | PongMessage;
