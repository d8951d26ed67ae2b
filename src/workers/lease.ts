// One place at one ready worker, lent for one invocation. Whoever holds it gives it back exactly once: by `release`
// when the worker owes nothing more, by `abandon` when the caller leaves while the handler still runs.

import type { Call, CancelReason } from '../protocol/call.ts';
import type { WorkerConnection } from '../protocol/connection.ts';

/** `poisoned`: the worker must not get another invocation. A closed connection is seen without being told. */
export type LeaseOutcome = 'healthy' | 'poisoned';

export interface Lease {
  readonly connection: WorkerConnection;
  readonly workerId: string;
  /** The invocation had to wait for a worker to be started. */
  readonly cold: boolean;
  /** After the call has ended (result without stream, bodyEnd, error, lost), or when none was made. */
  release(outcome: LeaseOutcome): void;
  /** Cancels a call that still runs and takes over: the place is free once it ended, or its worker is killed for it. */
  abandon(call: Call, reason: CancelReason): void;
}
