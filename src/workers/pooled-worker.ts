// One ready worker as its pool sees it: how many places it has, how many are lent, since when none is.

import type { WorkerConnection } from '../protocol/connection.ts';
import type { Lease, LeaseOutcome } from './lease.ts';

/** What the pool is told about a worker that became ready. */
export interface WorkerReady {
  readonly workerId: string;
  /** Invocations at once, as the worker said, within bounds. */
  readonly concurrency: number;
  readonly connection: WorkerConnection;
}

export class PooledWorker {
  readonly id: string;
  readonly concurrency: number;
  readonly connection: WorkerConnection;
  lent = 0;
  /** Clock ms at which the last place came back. */
  idleSince: number;
  /** Its event loop did not answer in time: others are preferred, and one more may be started. */
  lagging = false;
  /** A ping is under way for the lag check. */
  pinged = false;

  constructor(ready: WorkerReady, nowMs: number) {
    this.id = ready.workerId;
    this.concurrency = ready.concurrency;
    this.connection = ready.connection;
    this.idleSince = nowMs;
  }

  get hasRoom(): boolean {
    return this.lent < this.concurrency && !this.connection.closed;
  }
}

/** Whoever lends places: the pool. */
export interface Lender {
  takeBack(worker: PooledWorker, outcome: LeaseOutcome): void;
}

export class PoolLease implements Lease {
  readonly cold: boolean;
  readonly #worker: PooledWorker;
  readonly #lender: Lender;
  #released = false;

  constructor(worker: PooledWorker, lender: Lender, cold: boolean) {
    this.#worker = worker;
    this.#lender = lender;
    this.cold = cold;
    worker.lent += 1;
  }

  get connection(): WorkerConnection {
    return this.#worker.connection;
  }

  get workerId(): string {
    return this.#worker.id;
  }

  release(outcome: LeaseOutcome): void {
    if (this.#released) return;
    this.#released = true;
    this.#worker.lent -= 1;
    this.#lender.takeBack(this.#worker, outcome);
  }
}

/** The least loaded worker with room, quick ones before lagging ones; null when all are full. */
export function leastLoaded(workers: Iterable<PooledWorker>): PooledWorker | null {
  let best: PooledWorker | null = null;
  for (const worker of workers) {
    if (!worker.hasRoom) continue;
    // The first idle one, not any: those behind it stay unused and can be ended.
    if (worker.lent === 0 && !worker.lagging) return worker;
    if (best === null || isLessLoaded(worker, best)) best = worker;
  }
  return best;
}

function isLessLoaded(worker: PooledWorker, than: PooledWorker): boolean {
  if (worker.lagging !== than.lagging) return than.lagging;
  return worker.lent < than.lent;
}
