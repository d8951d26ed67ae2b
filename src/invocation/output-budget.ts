// How much of what one invocation prints is kept. Workers cut by themselves and add a line that says so; what a worker
// sends beyond that, because it was tampered with, goes no further.

/** Room for the worker's own line about the cut. */
const markerBytes = 128;

export class OutputBudget {
  readonly #limitBytes: number;
  #used = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The part of the text that is kept, and whether with it the limit was passed for the first time. */
  take(text: string): { readonly kept: string; readonly passed: boolean } {
    const before = this.#used;
    this.#used += Buffer.byteLength(text);
    const passed = before <= this.#limitBytes && this.#used > this.#limitBytes;
    const most = this.#limitBytes + markerBytes;
    if (this.#used <= most) return { kept: text, passed };
    // A character cut in half at the end becomes U+FFFD: leave it out.
    const cut = Buffer.from(text).subarray(0, Math.max(0, most - before));
    return { kept: cut.toString('utf8').replace(/\uFFFD$/, ''), passed };
  }
}
