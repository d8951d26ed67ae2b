// Decides when callers have waited long enough for one more worker process to be started. Where every processor is busy
// already, one more process makes the others slower and each call dearer, so there they have to wait longer first.

import type { Clock, Timer } from '../clock.ts';

/** Short calls are served by turns within this, ms. */
export const growDelayMs = 5;
/** The same where no processor is idle, ms: whoever waits this long waits for something else than a processor. */
const busyGrowDelayMs = 100;
/** How often that is looked at again, ms. */
const lookAgainMs = 25;

export interface PoolGrowthOptions {
  readonly clock: Clock;
  readonly longestWaitMs: () => number;
  /** More wait than the processes that are starting will serve, and one more is allowed. */
  readonly isShort: () => boolean;
  readonly startOne: () => void;
  readonly hasIdleProcessor: () => boolean;
}

export class PoolGrowth {
  readonly #options: PoolGrowthOptions;
  #timer: Timer | null = null;

  constructor(options: PoolGrowthOptions) {
    this.#options = options;
  }

  /** Told whenever there may be reason to. */
  consider(): void {
    const { clock, longestWaitMs, isShort } = this.#options;
    if (this.#timer !== null || !isShort()) return;
    const leftMs = Math.min(this.#delayMs() - longestWaitMs(), lookAgainMs);
    this.#timer = clock.after(leftMs, () => {
      this.#timer = null;
      this.#decide();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #decide(): void {
    const { longestWaitMs, isShort, startOne } = this.#options;
    if (isShort() && longestWaitMs() >= this.#delayMs()) startOne();
    this.consider();
  }

  #delayMs(): number {
    return this.#options.hasIdleProcessor() ? growDelayMs : busyGrowDelayMs;
  }
}
