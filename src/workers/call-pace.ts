// Decides how many calls a worker that runs one at a time may hold beside the one that runs. A worker that finds its next
// call waiting need not sleep in between, and to wake up costs more than a quick call does. Behind a slow call nobody may
// wait: this says 0 until a function has proved quick, and again for long after a call that was slow all the same.

/** Calls held ahead of the one that runs. Measured: 7 doubles the throughput of a trivial Python function, 15 add nothing. */
export const maxAhead = 7;
/** A function is quick while its calls take a worker no longer than this on average, ms. */
const quickMs = 4;
/** Weight of the newest call in that average: some 300 quick calls prove a function. */
const newestWeight = 1 / 64;
/** One call of this length ends the handing ahead, ms. */
const slowMs = 250;
/** For how long, ms; doubles with each such call: a function that is slow now and then soon has none of it. */
const firstPauseMs = 10_000;
const maxPauseMs = 3_600_000;
/** Where a process more could be started instead, nobody is to wait behind a call of this length either, ms … */
const unevenMs = 25;
/** … and this many calls must have been shorter since the last one. */
const evenCalls = 256;

export class CallPace {
  /** Calls that may be handed ahead now. */
  ahead = 0;
  #meanMs = slowMs;
  #pauseMs = firstPauseMs;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #shortCalls = 0;

  /**
   * Calls that may be handed ahead where one more process could be started instead: as many as are done within `waitMs`, on
   * average, so that none of them waits longer than it would have to for the decision to start one.
   */
  aheadWithin(waitMs: number): number {
    if (this.ahead === 0 || this.#shortCalls < evenCalls) return 0;
    return Math.min(this.ahead, Math.floor(waitMs / this.#meanMs));
  }

  /** A call has ended at `nowMs` (clock) after it kept its worker for `busyMs`. */
  ended(busyMs: number, nowMs: number): void {
    this.#shortCalls = busyMs < unevenMs ? this.#shortCalls + 1 : 0;
    this.#meanMs += (Math.min(busyMs, slowMs) - this.#meanMs) * newestWeight;
    if (this.ahead > 0 && busyMs >= slowMs) {
      this.#pausedUntil = nowMs + this.#pauseMs;
      this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs);
    }
    this.ahead = this.#meanMs <= quickMs && nowMs >= this.#pausedUntil ? maxAhead : 0;
  }
}
