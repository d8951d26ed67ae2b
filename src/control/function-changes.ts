// Changes to the functions tree, one after the other: write, read the tree again, look whether what was meant is what is
// served now, and put back what was there if it is not. An answer means that the change is installed.

import pLimit from 'p-limit';
import type { Catalog } from '../discovery/catalog.ts';
import { GatewayError } from '../errors.ts';
import type { Trash } from './trash.ts';

export interface ChangeSources {
  readonly catalog: () => Catalog;
  /** Resolves when a scan that began afterwards is installed. */
  readonly reload: () => Promise<void>;
  readonly trash: Trash;
}

export interface Change<T> {
  /** Writes. What it has done when it fails half-way is its own to take back. */
  readonly apply: () => Promise<T>;
  /** Takes back what `apply` has done. */
  readonly revert: () => Promise<void>;
  /** Functions that must be there afterwards. */
  readonly expected?: readonly string[];
  /** Functions that may be gone afterwards. */
  readonly mayVanish?: (key: string) => boolean;
  /** True where the last deletion can still be taken back afterwards. Default: this change ends that. */
  readonly keepsTrash?: true;
}

export class FunctionChanges {
  readonly #sources: ChangeSources;
  /** One at a time: what a change has checked must still hold when it writes. */
  readonly #lane = pLimit(1);

  constructor(sources: ChangeSources) {
    this.#sources = sources;
  }

  /** Runs `work` alone among all changes. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#lane(work);
  }

  /**
   * To be called inside `alone`.
   * @throws GatewayError bad_request when other functions than those meant would come or go; nothing is changed then
   */
  async carryOut<T>(change: Change<T>): Promise<T> {
    const { apply, revert, expected = [], mayVanish = () => false } = change;
    const before = new Set(this.#sources.catalog().functions.keys());
    const result = await apply();
    try {
      await this.#sources.reload();
      this.#check(before, expected, mayVanish);
    } catch (error) {
      await revert();
      await this.#sources.reload().catch(() => {});
      throw error;
    }
    if (change.keepsTrash !== true) await this.#sources.trash.empty();
    return result;
  }

  #check(
    before: ReadonlySet<string>,
    expected: readonly string[],
    mayVanish: (key: string) => boolean,
  ): void {
    const catalog = this.#sources.catalog();
    const missing = expected.find((key) => !catalog.functions.has(key));
    if (missing !== undefined) {
      throw new GatewayError('bad_request', { text: `not changed: ${missing} would not be served` });
    }
    const lost = [...before].find((key) => !catalog.functions.has(key) && !mayVanish(key));
    if (lost !== undefined) {
      throw new GatewayError('bad_request', { text: `not changed: ${lost} would no longer be served` });
    }
  }
}
