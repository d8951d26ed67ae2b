// Puts the lock that an install has made beside the manifest it belongs to, so that the next install, on whichever host, gets
// the same packages. Never over a lock that is there.

import { lstatSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { BuildState } from '../build/build-state.ts';
import { writeManifest } from '../build/write-manifest.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';

/** Locks of installers; those of compilers stay with their builds. */
const lockNames: ReadonlySet<string> = new Set([
  'requirements.lock.txt',
  'package-lock.json',
  'composer.lock',
]);

/**
 * @param manifest relative to the root; null: the handler itself names its packages
 * @returns the path of the lock that was written, relative to the root; null where none was
 */
export function keepLock(
  unit: FunctionUnit,
  state: BuildState,
  manifest: string | null,
  root: string,
): string | null {
  const made = state.kind === 'built' ? state.artifact.lockfile : null;
  if (made === null || !lockNames.has(basename(made))) return null;
  const folder = manifest === null ? unit.dir : dirname(join(root, manifest));
  const path = join(folder, basename(made));
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return null;
  return writeManifest(path, readFileSync(made, 'utf8')) ? relative(root, path) : null;
}
