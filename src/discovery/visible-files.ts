// What one function's worker may see of the functions tree: its own folder without what belongs to other functions, and
// from the folders above it what is shared on purpose. Protected files and links are in no view. Whole folders are named
// where nothing in them is hidden, single entries where something is. Source: contract/sandbox.md 3, 4.

import { createHash } from 'node:crypto';
import type { RuntimeName } from '../policy/runtime-name.ts';
import { isSingleEntry } from './entry-file.ts';
import { type Folder, joinPath, type Stamp, upwards } from './folder.ts';

export interface View {
  /** Relative paths. */
  readonly readable: readonly string[];
  readonly listable: readonly string[];
  /** Changes with everything that can be read. */
  readonly stamp: Stamp;
}

export interface ViewOwner {
  /** Folder of the handler file, and the file's name. */
  readonly folder: Folder;
  readonly file: string;
  /** Folder of the function: `folder` or above it. */
  readonly home: Folder;
  readonly runtime: RuntimeName;
}

/** What a folder shows to a function that it does not belong to. */
interface Shared {
  /** Everything below it may be seen. */
  readonly whole: boolean;
  readonly readable: readonly string[];
  readonly listable: readonly string[];
  readonly stamp: Stamp;
}

/** From any folder above a function: found by the tools of a project, wherever they are started. */
const projectFiles: ReadonlySet<string> = new Set(['package.json', 'tsconfig.json']);

export class ViewMaker {
  /** Folder that belongs to functions → names of files in it that are functions. */
  readonly #entries: ReadonlyMap<Folder, ReadonlySet<string>>;
  readonly #shared = new Map<Folder, Shared>();
  readonly #above = new Map<Folder, Shared>();

  constructor(entries: ReadonlyMap<Folder, ReadonlySet<string>>) {
    this.#entries = entries;
  }

  viewOf(owner: ViewOwner): View {
    const top = topOf(owner);
    const entryPath = joinPath(owner.folder, owner.file);
    const parts: Shared[] = [];
    const hash = createHash('sha256').update(stampOf(owner.folder, owner.file));
    for (const folder of upwards(owner.folder)) {
      if (folder === owner.folder && this.#isAlone(folder)) {
        parts.push({ ...this.#sharedOf(folder), whole: true, readable: [shownPath(folder)], listable: [] });
      } else parts.push(this.#sharedOf(folder));
      if (folder === top) break;
    }
    for (let above = top.parent; above !== null; above = above.parent) parts.push(this.#aboveOf(above));
    const readable = new Set([entryPath, ...parts.flatMap((part) => part.readable)]);
    if (parts[0]?.whole === true) readable.delete(entryPath);
    const listable = new Set(
      parts.flatMap((part) => part.listable).filter((path) => mayList(path, owner.runtime)),
    );
    for (const part of parts) hash.update(`\n${part.stamp}`);
    for (const path of [...readable, '', ...listable]) hash.update(`\n${path}`);
    return { readable: [...readable], listable: [...listable], stamp: hash.digest('base64url') };
  }

  /** The function's file is all that would be hidden of the folder from others. */
  #isAlone(folder: Folder): boolean {
    // The root is never shown whole: the gateway's state and the next function will appear in it.
    if (folder.parent === null || folder.hasHidden || (this.#entries.get(folder)?.size ?? 0) > 1)
      return false;
    return folder.folders.every((child) => !this.#entries.has(child) && this.#sharedOf(child).whole);
  }

  /** Everything of the folder but functions, their folders, and what is hidden from all. */
  #sharedOf(folder: Folder): Shared {
    const known = this.#shared.get(folder);
    if (known !== undefined) return known;
    const entries = this.#entries.get(folder) ?? new Set<string>();
    const children = folder.folders
      .filter((child) => !this.#entries.has(child))
      .map((child) => ({ child, shared: this.#sharedOf(child) }));
    const files = folder.files.filter((file) => !entries.has(file.name));
    const whole =
      folder.parent !== null &&
      !folder.hasHidden &&
      entries.size === 0 &&
      children.length === folder.folders.length &&
      children.every(({ shared }) => shared.whole);
    const hash = createHash('sha256');
    // Files too many to look at one by one: the folder's own time at least tells of new and removed ones.
    if (files.some((file) => file.stamp === '')) hash.update(folder.stamp);
    for (const file of files) hash.update(`\n${file.name}\0${file.stamp}`);
    for (const bundle of folder.bundles) hash.update(`\n${bundle.name}\0${bundle.stamp}`);
    for (const { child, shared } of children) hash.update(`\n${child.name}/\0${shared.stamp}`);
    const entriesShown = [
      ...files.map((file) => joinPath(folder, file.name)),
      ...folder.bundles.map((bundle) => joinPath(folder, bundle.name)),
      ...children.flatMap(({ shared }) => shared.readable),
    ];
    const shared: Shared = {
      whole,
      readable: whole ? [shownPath(folder)] : entriesShown,
      listable: whole ? [] : [shownPath(folder), ...children.flatMap((child) => child.shared.listable)],
      stamp: hash.digest('base64url'),
    };
    this.#shared.set(folder, shared);
    return shared;
  }

  /** What a folder above a function lends it: private helpers (`_…`), project files, installed packages. */
  #aboveOf(folder: Folder): Shared {
    const known = this.#above.get(folder);
    if (known !== undefined) return known;
    const entries = this.#entries.get(folder) ?? new Set<string>();
    const files = folder.files.filter(
      ({ name }) => (name.startsWith('_') || projectFiles.has(name)) && !entries.has(name),
    );
    const helpers = folder.folders
      .filter((child) => child.name.startsWith('_') && !this.#entries.has(child))
      .map((child) => this.#sharedOf(child));
    const bundles = folder.bundles.filter((bundle) => bundle.name === 'node_modules');
    const hash = createHash('sha256');
    for (const { name, stamp } of [...files, ...bundles]) hash.update(`\n${name}\0${stamp}`);
    for (const helper of helpers) hash.update(`\n${helper.stamp}`);
    const lent: Shared = {
      whole: false,
      readable: [
        ...[...files, ...bundles].map(({ name }) => joinPath(folder, name)),
        ...helpers.flatMap((helper) => helper.readable),
      ],
      listable: helpers.flatMap((helper) => helper.listable),
      stamp: hash.digest('base64url'),
    };
    this.#above.set(folder, lent);
    return lent;
  }
}

/** Topmost folder that is the function's own: the single-entry folder around it; the parent of a `[x]` folder. */
function topOf(owner: ViewOwner): Folder {
  let top = owner.home;
  for (const folder of upwards(owner.folder)) {
    if (folder.parent === null) break;
    if (isSingleEntry(folder)) {
      if (folder.depth < top.depth) top = folder;
      break;
    }
  }
  const { folder } = owner;
  if (folder.name.startsWith('[') && folder.parent !== null && folder.parent.depth < top.depth)
    top = folder.parent;
  return top;
}

/**
 * A right to list holds for everything below a folder, so listing the root would name every function. Python alone needs
 * it there: its importer reads the folder of a module before it opens the module.
 */
function mayList(path: string, runtime: RuntimeName): boolean {
  return path !== '.' || runtime === 'python';
}

function shownPath(folder: Folder): string {
  return folder.path === '' ? '.' : folder.path;
}

function stampOf(folder: Folder, name: string): Stamp {
  return folder.files.find((file) => file.name === name)?.stamp ?? '';
}
