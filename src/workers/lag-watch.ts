// Asks busy workers that run many calls at once whether their event loop still turns. A worker that answers late is
// lagging: its pool prefers others and may start one more. Idle pools cost no timer.

import type { Clock, Timer } from '../clock.ts';
import type { PooledWorker } from './pooled-worker.ts';

/** How often a busy worker is asked, ms. */
const everyMs = 100;
/** An event loop that takes longer than this to answer is blocked by somebody's handler, ms. */
const lateMs = 50;
/** Left after that for reading what has arrived, ms. */
const readMs = 1;

export class LagWatch {
  readonly #clock: Clock;
  readonly #workers: () => Iterable<PooledWorker>;
  readonly #onLag: () => void;
  #timer: Timer | null = null;

  constructor(clock: Clock, workers: () => Iterable<PooledWorker>, onLag: () => void) {
    this.#clock = clock;
    this.#workers = workers;
    this.#onLag = onLag;
  }

  /** Told of each lease; does something only for the second place at one worker. */
  lent(worker: PooledWorker): void {
    if (this.#timer === null && worker.lent >= 2) this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#clock.after(everyMs, () => {
      this.#timer = null;
      let busy = false;
      for (const worker of this.#workers()) {
        if (worker.lent < 2 && !worker.lagging) continue;
        busy = true;
        this.#ask(worker);
      }
      if (busy) this.#arm();
    });
  }

  #ask(worker: PooledWorker): void {
    if (worker.pinged) return;
    worker.pinged = true;
    let late = this.#clock.after(lateMs, () => {
      // The answer may have come while this process itself was busy: what has arrived is read before the next timer.
      late = this.#clock.after(readMs, () => {
        worker.lagging = true;
        this.#onLag();
      });
    });
    void worker.connection.ping().then(() => {
      late.cancel();
      worker.pinged = false;
      worker.lagging = false;
    });
  }
}
