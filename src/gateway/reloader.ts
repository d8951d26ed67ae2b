// Keeps what is served true to the files: scans, swaps, and watches for the next change. One scan at a time; a change
// during a scan makes one more. A scan that fails leaves the old catalog serving, and its error is kept for health.

import type { Catalog } from '../discovery/catalog.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';

export interface ReloaderOptions {
  readonly scan: (generation: number) => Promise<Catalog>;
  /** Gets ready for a catalog that is about to be installed; must not fail. */
  readonly prepare: (catalog: Catalog) => Promise<void>;
  /** Installs a catalog; must not fail half-way. */
  readonly install: (catalog: Catalog) => void;
  readonly log: Log;
  readonly metrics: Metrics;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  #generation = 0;
  #running: Promise<void> | null = null;
  #again: Promise<void> | null = null;
  #lastError: string | null = null;
  #lastScanAt: number | null = null;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** Epoch ms of the last scan that ended well, or null. */
  get lastScanAt(): number | null {
    return this.#lastScanAt;
  }

  /** Why the last scan failed; null when it did not. */
  get lastError(): string | null {
    return this.#lastError;
  }

  /** Resolves when a scan that began after this call has been installed; rejects when that scan failed. */
  reload(): Promise<void> {
    if (this.#running === null) return this.#begin();
    this.#again ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#again = null;
        return this.#begin();
      });
    return this.#again;
  }

  /** Waits for a scan that runs, whatever its outcome. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#running, this.#again]);
  }

  #begin(): Promise<void> {
    const scanning = this.#scan().finally(() => {
      this.#running = null;
    });
    this.#running = scanning;
    return scanning;
  }

  async #scan(): Promise<void> {
    const { scan, prepare, install, log, metrics } = this.#options;
    try {
      const catalog = await scan(this.#generation + 1);
      checkRoot(catalog);
      await prepare(catalog);
      install(catalog);
      this.#generation = catalog.generation;
      this.#lastScanAt = catalog.generatedAt;
      this.#lastError = null;
      metrics.reloads.inc({ outcome: 'ok' });
      log.info(
        { generation: catalog.generation, functions: catalog.functions.size, routes: catalog.routes.length },
        'catalog',
      );
    } catch (error) {
      this.#lastError = error instanceof Error ? error.message : String(error);
      metrics.reloads.inc({ outcome: 'failed' });
      log.error({ err: error }, 'cannot reload; the old catalog goes on serving');
      throw error;
    }
  }
}

/** A functions folder that is away (unmounted, being swapped) would be a catalog without functions: no reason to serve none. */
function checkRoot({ faults }: Catalog): void {
  const fault = faults.find(({ file, key }) => file === '' && key === '');
  if (fault !== undefined) throw new Error(`cannot read the functions folder: ${fault.found}`);
}
