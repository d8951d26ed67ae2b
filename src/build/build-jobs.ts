// Builds that run or wait for their turn: one for each key, however many functions want it, so many at once as the operator
// allows. A build that nobody wants any more is ended.

import pLimit, { type LimitFunction } from 'p-limit';

/** @template E what a build ends with @template U who wants it */
interface Job<U> {
  readonly users: Set<U>;
  readonly controller: AbortController;
}

export class BuildJobs<U, E> {
  readonly #limit: LimitFunction;
  readonly #jobs = new Map<string, Job<U>>();
  readonly #running = new Set<Promise<void>>();

  constructor(concurrency: number) {
    this.#limit = pLimit(concurrency);
  }

  get size(): number {
    return this.#jobs.size;
  }

  /**
   * Joins the build of a key or begins it. `ended` is called once with all who then want it, unless nobody does.
   * @param run never rejects
   */
  want(
    key: string,
    user: U,
    run: (signal: AbortSignal) => Promise<E>,
    ended: (end: E, users: readonly U[]) => void,
  ): void {
    const known = this.#jobs.get(key);
    if (known !== undefined) {
      known.users.add(user);
      return;
    }
    const job: Job<U> = { users: new Set([user]), controller: new AbortController() };
    this.#jobs.set(key, job);
    const running = this.#limit(() => run(job.controller.signal)).then((end) => {
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
      this.#running.delete(running);
      if (job.users.size > 0) ended(end, [...job.users]);
    });
    this.#running.add(running);
  }

  /** The user does not want it any more. */
  leave(key: string, user: U): void {
    const job = this.#jobs.get(key);
    if (job?.users.delete(user) !== true || job.users.size > 0) return;
    // Whoever wants the key from now on begins anew.
    this.#jobs.delete(key);
    job.controller.abort();
  }

  /** Resolves when nothing runs or waits. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async close(): Promise<void> {
    for (const { users, controller } of this.#jobs.values()) {
      users.clear();
      controller.abort();
    }
    this.#jobs.clear();
    await this.settled();
  }
}
