// One ready worker as its pool sees it: how many places it has, which are lent, since when none is.

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
  /** Clock ms at which the last place came back. */
  idleSince: number;
  /** Clock ms since which it has run its first call; kept for workers that run one at a time. */
  busySince: number;
  /** Its event loop did not answer in time: others are preferred, and one more may be started. */
  lagging = false;
  /** A ping is under way for the lag check. */
  pinged = false;
  /** In the order in which the calls were sent. */
  readonly #leases = new Set<PoolLease>();

  constructor(ready: WorkerReady, nowMs: number) {
    this.id = ready.workerId;
    this.concurrency = ready.concurrency;
    this.connection = ready.connection;
    this.idleSince = nowMs;
    this.busySince = nowMs;
  }

  /** Places lent. */
  get lent(): number {
    return this.#leases.size;
  }

  /** Runs one call at a time, in the order in which they were sent. */
  get isSingle(): boolean {
    return this.concurrency === 1;
  }

  /** `ahead`: calls that it may hold beside those that it runs. */
  hasRoom(ahead: number): boolean {
    return this.lent < this.concurrency + ahead && !this.connection.closed;
  }

  took(lease: PoolLease): void {
    lease.begun = !this.isSingle || this.lent === 0;
    this.#leases.add(lease);
  }

  /** The next in order has begun only if there was a worker left to begin it. */
  gaveBack(lease: PoolLease): void {
    this.#leases.delete(lease);
    if (!this.isSingle || this.connection.closed) return;
    for (const next of this.#leases) {
      next.begun = true;
      return;
    }
  }
}

/** Whoever lends places: the pool. */
export interface Lender {
  takeBack(worker: PooledWorker, outcome: LeaseOutcome): void;
}

export class PoolLease implements Lease {
  readonly cold: boolean;
  begun = false;
  readonly #worker: PooledWorker;
  readonly #lender: Lender;
  #released = false;

  constructor(worker: PooledWorker, lender: Lender, cold: boolean) {
    this.#worker = worker;
    this.#lender = lender;
    this.cold = cold;
    worker.took(this);
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
    this.#worker.gaveBack(this);
    this.#lender.takeBack(this.#worker, outcome);
  }
}

/**
 * The worker that the next call goes to; null when all are full. It is the first idle one, not any: those behind it stay
 * unused and can be ended. Else the least loaded, quick ones before lagging ones.
 */
export function nextWorker(workers: Iterable<PooledWorker>, ahead: number): PooledWorker | null {
  let best: PooledWorker | null = null;
  for (const worker of workers) {
    if (!worker.hasRoom(ahead)) continue;
    if (worker.lent === 0 && !worker.lagging) return worker;
    if (best === null || isLessLoaded(worker, best)) best = worker;
  }
  return best;
}

function isLessLoaded(worker: PooledWorker, than: PooledWorker): boolean {
  if (worker.lagging !== than.lagging) return than.lagging;
  return worker.lent < than.lent;
}
