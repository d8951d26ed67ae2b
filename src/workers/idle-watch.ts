// Finds workers that have had no call for the idle time. One timer for a whole pool, set for the earliest; a pool whose
// workers are busy has none.

import type { Clock, Timer } from '../clock.ts';
import type { PooledWorker } from './pooled-worker.ts';

export class IdleWatch {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #workers: () => Iterable<PooledWorker>;
  /** Ends one; false when it is to be kept (and so are the others). */
  readonly #endIdle: (worker: PooledWorker) => boolean;
  #timer: Timer | null = null;

  constructor(
    clock: Clock,
    ttlMs: number,
    workers: () => Iterable<PooledWorker>,
    endIdle: (worker: PooledWorker) => boolean,
  ) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#workers = workers;
    this.#endIdle = endIdle;
  }

  /** Runs once per call: it only notes the time while the timer is set. */
  becameIdle(worker: PooledWorker): void {
    worker.idleSince = this.#clock.now();
    this.#timer ??= this.#clock.after(this.#ttlMs, () => this.#sweep());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #sweep(): void {
    this.#timer = null;
    const now = this.#clock.now();
    let earliest: number | null = null;
    for (const worker of [...this.#workers()]) {
      if (worker.lent > 0) continue;
      if (now - worker.idleSince >= this.#ttlMs) {
        // Kept: the next call on any worker sets the timer again.
        if (!this.#endIdle(worker)) return;
      } else if (earliest === null || worker.idleSince < earliest) {
        earliest = worker.idleSince;
      }
    }
    if (earliest !== null) this.#timer = this.#clock.after(earliest + this.#ttlMs - now, () => this.#sweep());
  }
}
