// What the supervisor is asked to start, and what it tells those who asked. The pool on the other side is wired in
// gateway.ts: neither side imports the other.

import type { RuntimeName } from '../policy/runtime-name.ts';
import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import type { WorkerConnection } from '../protocol/connection.ts';
import type { LoadMessage } from '../protocol/messages.ts';

/** Everything needed to start one worker of one function version; frozen. */
export interface WorkerSpec {
  /** Pool that wants it: function key plus signature, so that an old and a new version never mix. */
  readonly poolKey: string;
  readonly functionKey: string;
  readonly runtime: RuntimeName;
  /** Interpreter and its arguments, up to and including the worker program. */
  readonly command: { readonly file: string; readonly args: readonly string[] };
  readonly sandbox: SandboxPolicy;
  /** Sent as the first message, with the worker's private temp folder added to `writable`. */
  readonly load: LoadMessage;
  /** Takes the function's secrets out of what its process says of itself. Default: nothing is taken out. */
  readonly maskSecrets?: (text: string) => string;
}

/** First cause sticks. */
export type DeathCause =
  | 'start_failed'
  | 'load_failed'
  | 'crashed'
  | 'bad_frame'
  | 'deadline'
  | 'memory'
  | 'threads'
  /** One invocation used more processor time than it may. */
  | 'cpu'
  /** Its temp folder grew past the maximum. */
  | 'disk'
  | 'poisoned'
  | 'idle'
  | 'replaced'
  | 'drain';

export interface ReadyWorker {
  readonly workerId: string;
  readonly poolKey: string;
  readonly pid: number;
  /** Invocations at once, as the worker said, within bounds. */
  readonly concurrency: number;
  readonly connection: WorkerConnection;
}

export interface GoneWorker {
  readonly workerId: string;
  readonly poolKey: string;
  readonly cause: DeathCause;
  /** What the worker said, for example a syntax error; may hold host paths: redact it before a client sees it. */
  readonly message: string;
  /** Before this (clock ms) a new start would be refused by backoff. */
  readonly retryAt: number;
}

export interface SupervisorListener {
  workerReady(worker: ReadyWorker): void;
  workerGone(worker: GoneWorker): void;
}
