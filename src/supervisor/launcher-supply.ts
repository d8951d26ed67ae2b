// The launcher for a plan: one of the common spares, or, for a plan whose root is made in a namespace that only another
// program can give it, one of those that were started in one. The latter are kept from the first such plan on.

import type { LaunchPlan } from '../sandbox/launch-plan.ts';
import type { LauncherCommand, LauncherProcess } from './launcher-process.ts';
import { SpareLaunchers, type SpareLaunchersOptions } from './spare-launchers.ts';

export class LauncherSupply {
  readonly #options: SpareLaunchersOptions;
  readonly #inNamespace: () => LauncherCommand | null;
  readonly #common: SpareLaunchers;
  #namespaced: SpareLaunchers | null = null;

  /** @param inNamespace starts a launcher in a namespace of its own; null: this host has not been found to offer it */
  constructor(options: SpareLaunchersOptions, inNamespace: () => LauncherCommand | null = () => null) {
    this.#options = options;
    this.#inNamespace = inNamespace;
    this.#common = new SpareLaunchers(options);
  }

  get waiting(): number {
    return this.#common.waiting + (this.#namespaced?.waiting ?? 0);
  }

  /** See SpareLaunchers.take. */
  take({ jail }: Pick<LaunchPlan, 'jail'>): LauncherProcess {
    return (jail?.root?.way === 'unshare' ? this.#openNamespaced() : this.#common).take();
  }

  /** The launchers that a plan reached work. */
  succeeded({ jail }: Pick<LaunchPlan, 'jail'>): void {
    (jail?.root?.way === 'unshare' ? this.#namespaced : this.#common)?.succeeded();
  }

  async close(): Promise<void> {
    await Promise.all([this.#common.close(), this.#namespaced?.close()]);
  }

  #openNamespaced(): SpareLaunchers {
    const command = this.#inNamespace();
    if (command === null) throw new Error('cannot start a launcher in a namespace: this host offers none');
    this.#namespaced ??= new SpareLaunchers({ ...this.#options, command });
    return this.#namespaced;
  }
}
