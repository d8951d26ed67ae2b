// How long one invocation may take. Until its answer begins there is one absolute deadline; while the answer or the
// request's body streams, an idle limit and a longest life stand in its place. Promises to say once that time is up.

import type { Clock, Timer } from '../clock.ts';
import type { StreamPolicy } from '../policy/function-policy.ts';

export class InvocationTimer {
  readonly #clock: Clock;
  readonly #limits: StreamPolicy;
  readonly #expired: () => void;
  #endMs: number;
  /** When the longest life of a stream ends, from the first one on. */
  #lifeEndMs: number | null = null;
  /** How long nothing has moved, ms; null while nothing streams. */
  #idleMs: (() => number) | null = null;
  #timer: Timer;

  /** @param deadlineMs clock time of the absolute deadline */
  constructor(clock: Clock, deadlineMs: number, limits: StreamPolicy, expired: () => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#expired = expired;
    this.#endMs = deadlineMs;
    this.#timer = this.#arm();
  }

  /** From now on the limits of streams hold. `idleMs` is asked when they may have been reached. */
  stream(idleMs: () => number): void {
    this.#lifeEndMs ??= this.#clock.now() + this.#limits.maxMs;
    this.#endMs = this.#lifeEndMs;
    this.#idleMs = idleMs;
    this.#rearm();
  }

  /** Nothing streams any more, and the answer has not begun: an absolute deadline again. */
  settle(deadlineMs: number): void {
    this.#endMs = deadlineMs;
    this.#idleMs = null;
    this.#rearm();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  #rearm(): void {
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  #arm(): Timer {
    return this.#clock.after(this.#leftMs(), () => {
      if (this.#leftMs() > 0) this.#rearm();
      else this.#expired();
    });
  }

  #leftMs(): number {
    const left = this.#endMs - this.#clock.now();
    return this.#idleMs === null ? left : Math.min(left, this.#limits.idleMs - this.#idleMs());
  }
}
