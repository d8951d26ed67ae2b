// Processor time of the invocations of one worker. Exact while one call runs. Calls that share a worker cannot be told
// apart from outside: between two ends of calls they may together use as much as each may alone.

export class CpuMeter {
  readonly #limitMs: number;
  readonly #read: () => number | null;
  /** Reading at which counting began. */
  #sinceMs = 0;
  #running = 0;

  /** @param read processor time of the process so far, ms; null when it is gone */
  constructor(limitMs: number, read: () => number | null) {
    this.#limitMs = limitMs;
    this.#read = read;
  }

  /** A call has started or ended; `running` is what is left. */
  callsChanged(running: number): void {
    const isFirst = this.#running === 0;
    const hasEnded = running < this.#running;
    this.#running = running;
    // A start beside others must not set a call back that has been burning for a while.
    if (isFirst || hasEnded) this.#sinceMs = this.#read() ?? 0;
  }

  /** Time used beyond what the running calls may, or null. */
  excess(): number | null {
    if (this.#running === 0) return null;
    const used = (this.#read() ?? 0) - this.#sinceMs;
    return used > this.#limitMs * this.#running ? used : null;
  }
}
