// The clock by which all workers are held to their limits: ten times a second while one starts, runs a call or is close to
// a limit, twice a second otherwise. What is looked at is the worker's affair (worker-limits.ts).

import type { Clock, Timer } from '../clock.ts';

/** Ours: a reading costs about 30 µs, and in this time a function can take some 200 MB. ms */
const tickMs = 100;
/** Ticks between two looks at a worker that does nothing. */
const calmTicks = 5;

export interface Watched {
  /** It starts or runs a call. */
  readonly busy: boolean;
  /** Returns true when it should be looked at again at the next tick, busy or not. */
  look(): boolean;
}

export class UsageWatch {
  readonly #clock: Clock;
  /** Ticks until the next look. */
  readonly #watched = new Map<Watched, number>();
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(watched: Watched): void {
    this.#watched.set(watched, calmTicks);
    this.#timer ??= this.#clock.after(tickMs, () => this.#tick());
  }

  /** Must be called when the process is reaped: its pid may then be another's. */
  remove(watched: Watched): void {
    this.#watched.delete(watched);
  }

  close(): void {
    this.#watched.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #tick(): void {
    this.#timer = null;
    for (const [watched, ticks] of [...this.#watched]) {
      const isDue = ticks <= 1 || watched.busy;
      if (!isDue) this.#watched.set(watched, ticks - 1);
      else if (this.#watched.has(watched)) {
        const again = watched.look();
        if (this.#watched.has(watched)) this.#watched.set(watched, again ? 1 : calmTicks);
      }
    }
    // Somebody who came during the tick has set it already.
    if (this.#watched.size > 0) this.#timer ??= this.#clock.after(tickMs, () => this.#tick());
  }
}
