// Time that a test owns: `advance` moves it and fires what has come due, in order. Nothing here sleeps.

import type { Clock, Timer } from '../../src/clock.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A Clock that stands still until `advance` is called. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #entries = new Set<Entry>();

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, fire: () => void): Timer {
    this.#order += 1;
    const entry = { at: this.#now + Math.max(0, delayMs), order: this.#order, fire };
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }

  /** Timers that have neither fired nor been cancelled: a test's way to see a leaked one. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Moves time forward; timers set by fired timers fire too when they fall inside the same stretch. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (let next = this.#due(target); next !== undefined; next = this.#due(target)) {
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#now = target;
  }

  /** Like `advance`, but lets promise callbacks and I/O run after each timer, as real time would. */
  async advanceAsync(ms: number): Promise<void> {
    const target = this.#now + ms;
    await turn();
    for (let next = this.#due(target); next !== undefined; next = this.#due(target)) {
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await turn();
    }
    this.#now = target;
  }

  #due(target: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.at > target) continue;
      if (
        first === undefined ||
        entry.at < first.at ||
        (entry.at === first.at && entry.order < first.order)
      ) {
        first = entry;
      }
    }
    return first;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
