// What one folder asks pip for: its requirements.txt with the files that it draws in, its lock, and what a handler's comment
// or inference adds. As facts; the steps are made elsewhere.

import { dirname, join, relative } from 'node:path';
import type { WorkspaceFile } from '../build-plan.ts';
import { PlanFault } from '../build-planner.ts';
import { filesOf, readManifest, shownPath, type View } from '../function-files.ts';
import { parseRequirements, type RequirementsFile } from './requirements-file.ts';

export interface RequirementsSet {
  /** Absolute folder. */
  readonly dir: string;
  /** null: there is no requirements.txt, or nothing in it. */
  readonly manifest: RequirementsFile | null;
  /** Absolute path of requirements.txt, also where it does not exist. */
  readonly manifestPath: string;
  /** As it is on disk; null: no such file. */
  readonly manifestText: string | null;
  readonly lock: RequirementsFile | null;
  readonly lockPath: string;
  readonly lockText: string | null;
  /** Relative to the folder → absolute, of all that the manifest draws in. */
  readonly drawnIn: readonly (WorkspaceFile & { readonly copyOf: string })[];
  /** Normalised names in the manifest and in the files that it includes. */
  readonly names: ReadonlySet<string>;
}

/** @throws PlanFault for a file that cannot be read or that leads out of the function */
export function readRequirements(dir: string, view: View, root: string): RequirementsSet {
  const manifestPath = join(dir, 'requirements.txt');
  const lockPath = join(dir, 'requirements.lock.txt');
  const manifestText = readManifest(manifestPath, root);
  const lockText = readManifest(lockPath, root);
  const parsed = manifestText === null ? null : parseRequirements(manifestText);
  const manifest = parsed?.effective === true ? parsed : null;
  const lock = lockText === null ? null : parseRequirements(lockText);
  const names = new Set(manifest?.pins.keys());
  const drawnIn = manifest === null ? [] : drawIn(dir, manifest, { view, root, names });
  return { dir, manifest, manifestPath, manifestText, lock, lockPath, lockText, drawnIn, names };
}

interface Drawing {
  readonly view: View;
  readonly root: string;
  readonly names: Set<string>;
}

function drawIn(dir: string, manifest: RequirementsFile, { view, root, names }: Drawing) {
  const found = new Set<string>();
  const pending = [{ from: dir, file: manifest }];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const path of at.file.localPaths) for (const file of filesOf(path, dir, view, root)) found.add(file);
    for (const path of at.file.includes) {
      const [file] = filesOf(path, at.from, view, root);
      if (file === undefined || found.has(file)) continue;
      found.add(file);
      const included = parseRequirements(readManifest(file, root) ?? '');
      for (const name of included.pins.keys()) names.add(name);
      pending.push({ from: dirname(file), file: included });
    }
  }
  return [...found].sort().map((file) => ({ path: inside(dir, file, root), copyOf: file }));
}

function inside(dir: string, file: string, root: string): string {
  const path = relative(dir, file);
  if (!path.startsWith('..')) return path;
  const manifest = shownPath(join(dir, 'requirements.txt'), root);
  throw new PlanFault(`cannot use ${shownPath(file, root)}: ${manifest} names a file outside its folder`);
}
