// One place at one ready worker, lent for one invocation and given back exactly once.

import type { WorkerConnection } from '../protocol/connection.ts';

/** `poisoned`: the worker may still run what it was told to end, and must not get another invocation. */
export type LeaseOutcome = 'healthy' | 'poisoned';

export interface Lease {
  readonly connection: WorkerConnection;
  readonly workerId: string;
  /** The invocation had to wait for a worker to be started. */
  readonly cold: boolean;
  /** False while the worker still has another call to end first: then nothing of this one has run. */
  readonly begun: boolean;
  /** `healthy` also when the connection is lost: a closed one is seen without being told. Only the first call counts. */
  release(outcome: LeaseOutcome): void;
}
