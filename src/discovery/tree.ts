// Reads a functions tree into facts, folder by folder, in slices that let the event loop breathe. What cannot be read is
// a warning and left out; the rest is still served. Never throws.

import type { Fault } from '../policy/fault.ts';
import type { SandboxRules } from '../policy/sandbox-rules.ts';
import { readBoundedText } from './bounded-file.ts';
import type { DiscoveryWarning } from './catalog.ts';
import { type Folder, joinPath } from './folder.ts';
import { type FunctionConfig, parseFunctionConfig } from './function-config.ts';
import { parseFunctionEnv } from './function-env.ts';
import { type Listing, listFolder, maxEntriesPerFolder } from './listing.ts';
import { parseRouteManifest, type RouteManifest } from './route-manifest.ts';
import type { TimeSlice } from './time-slice.ts';

export interface Tree {
  /** null when the root cannot be read. */
  readonly root: Folder | null;
  readonly warnings: readonly DiscoveryWarning[];
  readonly faults: readonly Fault[];
  /** `<device>:<inode>` of every protected file, by whatever name it may be reached. */
  readonly secretInodes: ReadonlySet<string>;
}

/** Folders below each other; a deeper one is left out. */
const maxDepth = 32;
const maxFolders = 20_000;
const maxEntries = 200_000;

/**
 * @param rootPath absolute
 * @param skipped absolute folders that are not part of the tree, such as the gateway's state
 * @param rules what the operator allows config files to ask for
 */
export async function readTree(
  rootPath: string,
  skipped: readonly string[],
  slice: TimeSlice,
  rules: SandboxRules,
): Promise<Tree> {
  const reader = new TreeReader(rootPath, new Set(skipped), rules);
  const root = reader.read(null, '');
  for (let next = reader.next(); next !== null; next = reader.next()) {
    const pause = slice.pause();
    if (pause !== null) await pause;
    const folder = reader.read(next.parent, next.name);
    if (folder !== null) next.parent.folders.push(folder);
  }
  reader.hideSecondNames();
  const { warnings, faults, secretInodes } = reader;
  return { root, warnings, faults, secretInodes };
}

/** A file with more than one name, which may be a second name of somebody's secret. */
interface Suspect {
  readonly folder: { -readonly [K in keyof Folder]: Folder[K] };
  readonly name: string;
  readonly inode: string;
}

interface Unread {
  readonly parent: Folder;
  readonly name: string;
}

class TreeReader {
  readonly warnings: DiscoveryWarning[] = [];
  readonly faults: Fault[] = [];
  /** Of all protected files of the tree. */
  readonly secretInodes = new Set<string>();
  readonly #rootPath: string;
  readonly #skipped: ReadonlySet<string>;
  readonly #rules: SandboxRules;
  readonly #unread: Unread[] = [];
  readonly #suspects: Suspect[] = [];
  #folders = 0;
  #entries = 0;
  #full = false;

  constructor(rootPath: string, skipped: ReadonlySet<string>, rules: SandboxRules) {
    this.#rootPath = rootPath;
    this.#skipped = skipped;
    this.#rules = rules;
  }

  /** The next folder to read: depth first, siblings in byte order. */
  next(): Unread | null {
    return this.#unread.pop() ?? null;
  }

  read(parent: Folder | null, name: string): Folder | null {
    const path = parent === null ? '' : joinPath(parent, name);
    const absolute = path === '' ? this.#rootPath : `${this.#rootPath}/${path}`;
    if (this.#skipped.has(absolute) || this.#isFull(parent, path)) return null;
    const listing = this.#list(absolute, path);
    if (listing === null) return null;
    this.#folders++;
    this.#entries += listing.entries;
    const folder = this.#describe(parent, name, path, absolute, listing);
    for (const child of listing.folders.toReversed()) this.#unread.push({ parent: folder, name: child });
    return folder;
  }

  /**
   * Takes out of the tree what is a hard link to a protected file, of whichever function: a kernel rule is for the file, not
   * for the name, so showing one name would open the file by all of them. Once, when all folders have been read.
   */
  hideSecondNames(): void {
    for (const { folder, name, inode } of this.#suspects) {
      if (!this.secretInodes.has(inode)) continue;
      folder.files = folder.files.filter((file) => file.name !== name);
      folder.hasHidden = true;
    }
  }

  #isFull(parent: Folder | null, path: string): boolean {
    if (parent !== null && parent.depth + 1 > maxDepth) {
      this.#warn('too_deep', path, `folder lies more than ${maxDepth} levels deep and is not read`);
      return true;
    }
    if (this.#folders < maxFolders && this.#entries < maxEntries) return false;
    if (!this.#full) {
      const limit = `${maxFolders} folders or ${maxEntries} files`;
      this.#warn(
        'too_many_files',
        path,
        `the tree holds more than ${limit}; this folder and later ones are not read`,
      );
    }
    this.#full = true;
    return true;
  }

  #list(absolute: string, path: string): Listing | null {
    try {
      return listFolder(absolute);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      this.#warn('unreadable_folder', path, `cannot read the folder: ${code}`);
      return null;
    }
  }

  #describe(parent: Folder | null, name: string, path: string, absolute: string, listing: Listing): Folder {
    if (listing.cut) {
      this.#warn(
        'too_many_files',
        path,
        `only the first ${maxEntriesPerFolder} entries of this folder are read`,
      );
    }
    for (const link of listing.links) {
      this.#warn('link', path === '' ? link : `${path}/${link}`, 'links are not followed', 'info');
    }
    const place = (file: string): string => (path === '' ? file : `${path}/${file}`);
    this.#checkEnv(listing, absolute, place('fn.env.json'));
    const folder = {
      path,
      name,
      depth: parent === null ? 0 : parent.depth + 1,
      parent,
      files: listing.files,
      folders: [],
      bundles: listing.bundles,
      hasHidden: listing.hasHidden || listing.cut,
      stamp: listing.stamp,
      config: this.#readConfig(listing, absolute, place('fn.config.json')),
      configStamp: listing.protectedFiles.get('fn.config.json')?.stamp ?? '',
      manifest: this.#readManifest(listing, absolute, place('fn.routes.json')),
      envStamp: listing.protectedFiles.get('fn.env.json')?.stamp ?? null,
    };
    for (const file of listing.protectedFiles.values()) this.secretInodes.add(file.inode);
    for (const [file, inode] of listing.inodes) this.#suspects.push({ folder, name: file, inode });
    return folder;
  }

  #readConfig(listing: Listing, absolute: string, file: string): FunctionConfig | null {
    const text = this.#readDocument(listing, absolute, 'fn.config.json', file);
    if (text === null) return null;
    const { config, faults } = parseFunctionConfig(text, file, this.#rules);
    this.faults.push(...faults);
    return config;
  }

  #readManifest(listing: Listing, absolute: string, file: string): RouteManifest | null {
    const text = this.#readDocument(listing, absolute, 'fn.routes.json', file);
    if (text === null) return null;
    const manifest = parseRouteManifest(text, file);
    this.faults.push(...manifest.faults);
    return manifest;
  }

  /** Only for its faults: values are read again by whoever starts a worker, and never kept here. */
  #checkEnv(listing: Listing, absolute: string, file: string): void {
    const text = this.#readDocument(listing, absolute, 'fn.env.json', file);
    if (text !== null) this.faults.push(...parseFunctionEnv(text, file).faults);
  }

  #readDocument(listing: Listing, absolute: string, name: string, file: string): string | null {
    const linked = listing.links.includes(name);
    if (!linked && !listing.protectedFiles.has(name)) return null;
    const reading = readBoundedText(`${absolute}/${name}`);
    if (reading.kind === 'ok') return reading.text;
    const { found, accepted } = reading;
    this.faults.push({ file, key: '', found, accepted, severity: 'error' });
    return null;
  }

  #warn(code: string, file: string, message: string, level?: 'info'): void {
    this.warnings.push({ code, file, message, ...(level === undefined ? {} : { level }) });
  }
}
