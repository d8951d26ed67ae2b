// How a lock is used: with hashes it is installed itself, without them it holds versions down, and one that the manifest has
// left behind is passed over, but never in production. Source: contract/dependencies.md 12.3, 12.5.

import { PlanFault } from '../build-planner.ts';
import { shownPath } from '../function-files.ts';
import { normalizeName } from './requirements-file.ts';
import type { RequirementsSet } from './requirements-set.ts';

/** `none`: versions are what the index has; the manifest itself may still hold hashes. */
export type LockUse = 'none' | 'constraints' | 'hashes';

/**
 * @param extra requirements beside the manifest: hints and what was inferred
 * @throws PlanFault where production has no lock, and where a lock that must be used does not fit
 */
export function chooseLock(
  set: RequirementsSet,
  extra: readonly string[],
  production: boolean,
  root: string,
): LockUse {
  const lockPath = shownPath(set.lockPath, root);
  if (set.lock === null) {
    const locked = set.manifest?.hashed === true && extra.length === 0;
    if (!production || locked) return 'none';
    throw new PlanFault(`FN_PRODUCTION wants a lock: ${lockPath} is missing`);
  }
  const unfit = unfitNames(set, extra);
  const binding = set.lock.hashed || production;
  if (unfit.length > 0 && binding)
    throw new PlanFault(`${lockPath} does not fit: it lacks ${unfit.join(', ')} as it is asked for`);
  if (set.lock.hashed) return 'hashes';
  return unfit.length > 0 && contradicts(set) ? 'none' : 'constraints';
}

/** What is asked for and is not in the lock, or is there in another version. */
function unfitNames(set: RequirementsSet, extra: readonly string[]): string[] {
  const asked = [...set.names, ...extra.map(nameOf)];
  const missing = asked.filter((name) => set.lock?.pins.has(name) !== true);
  return [...new Set([...missing, ...contradicted(set)])];
}

function contradicts(set: RequirementsSet): boolean {
  return contradicted(set).length > 0;
}

function contradicted({ manifest, lock }: RequirementsSet): string[] {
  const pins = [...(manifest?.pins ?? [])];
  return pins
    .filter(([name, version]) => {
      const locked = lock?.pins.get(name);
      return version !== null && locked !== undefined && locked !== null && locked !== version;
    })
    .map(([name]) => name);
}

/** Normalised name of a requirement such as `Foo[bar]>=1`. */
export function nameOf(spec: string): string {
  return normalizeName(/^[A-Za-z0-9._-]+/.exec(spec)?.[0].replace(/[._-]+$/, '') ?? spec);
}
