// A worker that did not end a call when told to. It gets nothing new; this decides when it dies: at once when nobody
// else is on it or it does not even answer a ping, otherwise when its other calls are done. It always dies in the end.

import type { Clock } from '../clock.ts';
import type { PooledWorker } from './pooled-worker.ts';

/** A worker that runs many calls answers a ping from its event loop; one that is stuck does not. */
const pongMs = 100;

export interface PoisonOptions {
  readonly clock: Clock;
  /** Longest life of any call, ms: after it nobody else on the worker is waited for. */
  readonly callTimeoutMs: number;
  /** Kills the worker; called exactly once. */
  readonly kill: () => void;
}

export class PoisonedWorker {
  readonly #worker: PooledWorker;
  readonly #options: PoisonOptions;
  #timer: { cancel(): void } | null = null;
  #done = false;

  constructor(worker: PooledWorker, options: PoisonOptions) {
    this.#worker = worker;
    this.#options = options;
  }

  /** Calls that still run on it. */
  get lent(): number {
    return this.#worker.lent;
  }

  begin(): void {
    if (this.#worker.lent === 0) this.#kill();
    else this.#ask();
  }

  /** One of its other calls has ended. */
  leaseReturned(): void {
    if (this.#worker.lent === 0) this.#kill();
  }

  /** It has died of something else, or its pool ends it. */
  gone(): void {
    this.#done = true;
    this.#timer?.cancel();
  }

  #ask(): void {
    const { clock, callTimeoutMs } = this.#options;
    this.#timer = clock.after(pongMs, () => this.#kill());
    void this.#worker.connection.ping().then((answered) => {
      if (this.#done || !answered) return;
      this.#timer?.cancel();
      // The others were lent earlier, so this is no earlier than the latest of their deadlines.
      this.#timer = clock.after(callTimeoutMs, () => this.#kill());
    });
  }

  #kill(): void {
    if (this.#done) return;
    this.gone();
    this.#options.kill();
  }
}
