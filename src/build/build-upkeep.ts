// Removes, at start and then once an hour, what builds leave: work of dead gateways, caches that have grown too large,
// artifacts that nobody uses.

import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { BuildPlace } from './build-place.ts';

export interface BuildUpkeepOptions {
  readonly place: BuildPlace;
  readonly store: ArtifactStore;
  /** Keys of artifacts that serve, or are about to. */
  readonly inUse: () => ReadonlySet<string>;
  /** Whether a build runs: its caches stay. */
  readonly isBusy: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 3_600_000;

export class BuildUpkeep {
  readonly #options: BuildUpkeepOptions;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: BuildUpkeepOptions) {
    this.#options = options;
  }

  /** Begins with the first call; later ones do nothing. */
  start(): void {
    if (this.#timer === null) this.#run();
  }

  /** Waits for what runs. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
  }

  #run(): void {
    const { clock, log } = this.#options;
    this.#timer = clock.after(everyMs, () => this.#run());
    this.#running = this.#clean().catch((error: unknown) => {
      log.warn({ err: error }, 'cannot remove what old builds have left');
    });
  }

  async #clean(): Promise<void> {
    const { place, store, inUse, isBusy, log } = this.#options;
    await place.sweep();
    if (!isBusy()) await place.trimCaches();
    const removed = await store.prune(inUse(), Date.now());
    if (removed > 0) log.info({ removed }, 'old builds removed');
  }
}
