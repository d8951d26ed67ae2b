// Builds that failed a short while ago, by key: a broken manifest does not run its tool for every request
// (contract/dependencies.md 12.6).

import type { Clock } from '../clock.ts';
import type { BuildFault } from './failure-text.ts';

interface Failure {
  readonly fault: BuildFault;
  readonly count: number;
  /** Clock. */
  readonly retryAt: number;
}

/** After the first failure; doubled with each further one of the same key, so many times at most. ms */
const memoryMs = 10_000;
const maxDoublings = 4;

export class BuildFailures {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failure>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The failure that still counts, or null. */
  find(key: string): Failure | null {
    const failure = this.#failures.get(key);
    return failure !== undefined && this.#clock.now() < failure.retryAt ? failure : null;
  }

  add(key: string, fault: BuildFault): Failure {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const failure = { fault, count, retryAt: this.retryAt(count) };
    this.#failures.set(key, failure);
    return failure;
  }

  /** When to try again after so many failures. */
  retryAt(count: number): number {
    return this.#clock.now() + memoryMs * 2 ** Math.min(count - 1, maxDoublings);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#failures.keys()) if (!keys.has(key)) this.#failures.delete(key);
  }
}
