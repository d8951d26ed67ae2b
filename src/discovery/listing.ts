// Reads the entries of one folder: which are files, folders, bundles of packages, or hidden from every worker. Bounded in
// entries and in stat calls. Links are never followed: a planted one could lead anywhere.

import { type Dirent, lstatSync, opendirSync, type Stats } from 'node:fs';
import { protectedFileNames, protectedFolderNames } from '../policy/sandbox-policy.ts';
import { runtimeOfFile } from './file-name.ts';
import type { Bundle, FileFact, Stamp } from './folder.ts';

/** Entries of one folder that are looked at; what lies beyond is neither routed nor shown to a worker by name. */
export const maxEntriesPerFolder = 20_000;
/** Files of one folder that are stat-ed besides handlers; the folder's own time stands for the rest. */
const maxStatsPerFolder = 2_000;

/** Installed packages: shown whole, not searched. The file inside that every install rewrites tells of a change. */
const bundleMarkers: ReadonlyMap<string, string> = new Map([
  ['node_modules', '.package-lock.json'],
  ['.deps', '.fastfn-deps-state.json'],
  ['vendor', 'composer/installed.json'],
]);
/** Output of tools, rebuilt at will: neither searched, nor shown by name, nor a reason for new workers. */
const cacheFolders: ReadonlySet<string> = new Set(['__pycache__', '.rust-build', '.go-build']);

export interface Listing {
  readonly files: readonly FileFact[];
  readonly folders: readonly string[];
  readonly bundles: readonly Bundle[];
  /** Names and stamps of the protected files present. */
  readonly protectedFiles: ReadonlyMap<string, { readonly stamp: Stamp; readonly inode: string }>;
  /** Inode of each file that was stat-ed: a second name of a protected file must not show it. */
  readonly inodes: ReadonlyMap<string, string>;
  readonly links: readonly string[];
  readonly hasHidden: boolean;
  readonly stamp: Stamp;
  readonly entries: number;
  /** More than `maxEntriesPerFolder`. */
  readonly cut: boolean;
}

/** Reads the folder at `path`. Throws what opendir(3) says when it cannot be opened. */
export function listFolder(path: string): Listing {
  const { entries, cut } = readEntries(path);
  const lister = new Lister(path);
  for (const entry of entries) lister.add(entry);
  return lister.finish(entries.length, cut);
}

function readEntries(path: string): { entries: Dirent[]; cut: boolean } {
  const handle = opendirSync(path, { bufferSize: 256 });
  try {
    const entries: Dirent[] = [];
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) {
      if (entries.length === maxEntriesPerFolder) return { entries: sortByName(entries), cut: true };
      entries.push(entry);
    }
    return { entries: sortByName(entries), cut: false };
  } finally {
    handle.closeSync();
  }
}

function sortByName(entries: Dirent[]): Dirent[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

class Lister {
  readonly #path: string;
  readonly #files: FileFact[] = [];
  readonly #folders: string[] = [];
  readonly #bundles: Bundle[] = [];
  readonly #protected = new Map<string, { stamp: Stamp; inode: string }>();
  readonly #inodes = new Map<string, string>();
  readonly #links: string[] = [];
  #hidden = false;
  #stats = 0;

  constructor(path: string) {
    this.#path = path;
  }

  add(entry: Dirent): void {
    if (entry.isDirectory()) this.#addFolder(entry.name);
    else if (entry.isFile()) this.#addFile(entry.name);
    else {
      this.#hidden = true;
      if (entry.isSymbolicLink()) this.#links.push(entry.name);
    }
  }

  finish(entries: number, cut: boolean): Listing {
    return {
      files: this.#files,
      folders: this.#folders,
      bundles: this.#bundles,
      protectedFiles: this.#protected,
      inodes: this.#inodes,
      links: this.#links,
      hasHidden: this.#hidden,
      stamp: stampOf(statOrNull(this.#path)),
      entries,
      cut,
    };
  }

  #addFolder(name: string): void {
    const marker = bundleMarkers.get(name);
    if (protectedFolderNames.has(name)) this.#hidden = true;
    else if (marker !== undefined) this.#bundles.push({ name, stamp: this.#bundleStamp(name, marker) });
    else if (!cacheFolders.has(name)) this.#folders.push(name);
  }

  #bundleStamp(name: string, marker: string): Stamp {
    const folder = stampOf(statOrNull(`${this.#path}/${name}`));
    return `${folder} ${stampOf(statOrNull(`${this.#path}/${name}/${marker}`))}`;
  }

  #addFile(name: string): void {
    const isProtected = protectedFileNames.has(name);
    const look = isProtected || runtimeOfFile(name) !== null || this.#stats++ < maxStatsPerFolder;
    const stats = look ? statOrNull(`${this.#path}/${name}`) : null;
    // Gone since the folder was read, or a name that is not valid UTF-8 and so cannot be opened.
    if (look && (stats === null || !stats.isFile())) return;
    const stamp = stampOf(stats);
    const inode = stats === null ? '' : `${stats.dev}:${stats.ino}`;
    if (isProtected) {
      this.#hidden = true;
      this.#protected.set(name, { stamp, inode });
      return;
    }
    this.#files.push({ name, stamp });
    if (stats !== null && stats.nlink > 1) this.#inodes.set(name, inode);
  }
}

/** Modification and change time: a tool that restores the first cannot restore the second (inode(7)). */
function stampOf(stats: Stats | null): Stamp {
  if (stats === null) return '';
  return stats.isDirectory()
    ? `${stats.mtimeMs} ${stats.ino}`
    : `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}`;
}

function statOrNull(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
