// Which folder's manifest is a function's: its own, and where it lies deeper (an entrypoint, a `[id]` folder), the nearest one
// up to the folder that belongs to the function.

import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FunctionUnit } from '../discovery/catalog.ts';

/** The folder that holds `name`; the handler's own where none does. */
export function manifestFolder(unit: Pick<FunctionUnit, 'dir' | 'home'>, name: string): string {
  return foldersOf(unit).find((folder) => exists(join(folder, name))) ?? unit.dir;
}

function foldersOf({ dir, home }: Pick<FunctionUnit, 'dir' | 'home'>): string[] {
  const folders = [dir];
  for (let at = dir; at !== home && at.startsWith(home); at = dirname(at)) folders.push(dirname(at));
  // `[id]` folders share what the folder above them has (contract/dependencies.md: hand-made `.deps` too).
  const top = folders.at(-1) ?? dir;
  return /^\[.*\]$/.test(basename(top)) ? [...folders, dirname(top)] : folders;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
