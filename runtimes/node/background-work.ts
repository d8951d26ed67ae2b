// Work that goes on after its answer (`ctx.waitUntil`). Promises that a worker which is told to end can let it finish
// first; how long that may take is bounded by the gateway, which kills what stays.

export class BackgroundWork {
  #running = 0;
  #whenIdle: (() => void) | null = null;

  /** Counts `work` until it settles. It must not reject. */
  async add(work: Promise<void>): Promise<void> {
    this.#running += 1;
    await work;
    this.#running -= 1;
    if (this.#running === 0) this.#whenIdle?.();
  }

  /** Calls `then` when nothing runs: now, or with the end of the last. */
  whenIdle(then: () => void): void {
    if (this.#running === 0) then();
    else this.#whenIdle = then;
  }
}
