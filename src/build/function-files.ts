// The files of a function that a plan reads or copies: manifests, locks, and what these draw in. Regular files inside the
// function's own view only, never through a link, never a protected one; everything bounded.

import { lstatSync, opendirSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { readBoundedText } from '../discovery/bounded-file.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { protectedFileNames, protectedFolderNames } from '../policy/sandbox-policy.ts';
import { PlanFault } from './build-planner.ts';

/** Lock files of large projects have a few MiB. */
const maxManifestBytes = 16_777_216;
/** Files and bytes that the packages of a function's own folder may have together. */
const maxCopiedFiles = 2_000;
const maxCopiedBytes = 67_108_864;

/** A path as clients may see it. */
export function shownPath(path: string, root: string): string {
  return relative(root, path) || '.';
}

/**
 * The text of a manifest, or null where there is none.
 * @throws PlanFault for a link, a folder, or more than 16 MiB
 */
export function readManifest(path: string, root: string): string | null {
  const read = readBoundedText(path, maxManifestBytes);
  if (read.kind === 'ok') return read.text;
  if (read.found === 'ENOENT' || read.found === 'ENOTDIR') return null;
  const shown = shownPath(path, root);
  throw new PlanFault(`cannot read ${shown}: found ${read.found}, accepted: ${read.accepted}`);
}

export function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** What a plan may read of: the function's own view, or a shared pack. */
export type View = Pick<FunctionUnit, 'readable'>;

/** Whether the function's own worker could read the path, so that a plan shows nobody what is not theirs. */
export function isInView(view: View, path: string): boolean {
  const shown = view.readable.find((entry) => path === entry || path.startsWith(entry + sep));
  if (shown === undefined || protectedFileNames.has(basename(path))) return false;
  return !relative(shown, path)
    .split(sep)
    .some((part) => protectedFolderNames.has(part));
}

/**
 * Absolute paths of all regular files at and below `path`, which a manifest names; installed packages and caches left out.
 * @param base folder of the file that names it
 * @throws PlanFault where it leads out of the function's view, is not there, or holds too much
 */
export function filesOf(path: string, base: string, view: View, root: string): string[] {
  const top = resolve(base, path);
  const stats = lstatSync(top, { throwIfNoEntry: false });
  const found: string[] = [];
  let bytes = 0;
  const pending = [top];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const file = lstatSync(at, { throwIfNoEntry: false });
    if (file?.isDirectory() === true) pending.push(...entriesOf(at));
    else if (file?.isFile() === true && isInView(view, at)) {
      found.push(at);
      bytes += file.size;
    }
    if (found.length > maxCopiedFiles || bytes > maxCopiedBytes) {
      const limit = `${maxCopiedFiles} files and ${maxCopiedBytes} bytes`;
      throw new PlanFault(`cannot use ${shownPath(top, root)}: it holds more than ${limit}`);
    }
  }
  if (stats === undefined || found.length === 0)
    throw new PlanFault(
      `cannot find ${path}, named in ${shownPath(base, root)}, among the function's own files ` +
        '(a folder with an index or handler file is a function of its own, unless its name begins with _)',
    );
  return found.sort();
}

const skippedFolders: ReadonlySet<string> = new Set([
  'node_modules',
  'vendor',
  '.deps',
  '__pycache__',
  ...protectedFolderNames,
]);

function entriesOf(folder: string): string[] {
  const handle = opendirSync(folder);
  try {
    const names: string[] = [];
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) {
      if (!entry.isDirectory() || !skippedFolders.has(entry.name)) names.push(join(folder, entry.name));
    }
    return names;
  } finally {
    handle.closeSync();
  }
}
