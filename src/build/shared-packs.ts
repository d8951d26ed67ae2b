// Shared packs: folders of dependencies that the operator keeps below `.fastfn/packs`, named by functions in `shared_deps`.
// Source: contract/dependencies.md 8.

import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { PlanFault } from './build-planner.ts';
import { shownPath } from './function-files.ts';

export interface SharedPack {
  readonly name: string;
  /** Absolute, without links. */
  readonly dir: string;
}

/**
 * In the order in which the function names them.
 * @param root of the functions
 * @throws PlanFault for a pack that is not there
 */
export function findPacks(unit: Pick<FunctionUnit, 'runtime' | 'policy'>, root: string): SharedPack[] {
  const homes = [root, ...(basename(root) === unit.runtime ? [dirname(root)] : [])];
  return unit.policy.sharedDeps.map((name) => {
    const places = homes.map((home) => join(home, '.fastfn', 'packs', unit.runtime, name));
    const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isDirectory());
    if (found !== undefined) return { name, dir: realpathSync(found) };
    const looked = places.map((place) => shownPath(place, root)).join(', ');
    throw new PlanFault(`shared pack not found: ${name} (looked in: ${looked})`);
  });
}

/** Changes when an install by hand changes the folder; '' where there is none. */
export function stampOfFolder(path: string, ...markers: readonly string[]): string {
  return [path, ...markers.map((marker) => join(path, marker))]
    .map((place) => lstatSync(place, { throwIfNoEntry: false }))
    .map((stats) => (stats === undefined ? '' : `${stats.ino} ${stats.mtimeMs} ${stats.size}`))
    .join('\n');
}
