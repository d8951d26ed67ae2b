// The facts about a functions tree: folders, files and what their config files say. Made once per scan by `readTree`;
// the plan and the sandbox views only read it.

import type { FunctionConfig } from './function-config.ts';
import type { RouteManifest } from './route-manifest.ts';

/** Size, times and inode as one text, so that a change of any of them can be seen; '' when not looked at. */
export type Stamp = string;

export interface FileFact {
  readonly name: string;
  readonly stamp: Stamp;
}

/** A folder of installed packages: shown to workers whole, never searched. */
export interface Bundle {
  readonly name: string;
  readonly stamp: Stamp;
}

export interface Folder {
  /** Relative to the functions root, with `/`; '' for the root itself. */
  readonly path: string;
  readonly name: string;
  /** 0 for the root. */
  readonly depth: number;
  readonly parent: Folder | null;
  /** Regular files that a worker could be shown, in byte order. */
  readonly files: readonly FileFact[];
  /** Searched sub-folders, in byte order. Filled while the tree is read. */
  readonly folders: Folder[];
  readonly bundles: readonly Bundle[];
  /** Holds something that no worker may see: a protected file or folder, a link, a device. */
  readonly hasHidden: boolean;
  /** The folder itself: changes when an entry comes or goes. */
  readonly stamp: Stamp;
  readonly config: FunctionConfig | null;
  readonly configStamp: Stamp;
  readonly manifest: RouteManifest | null;
  /** Of `fn.env.json`; null when there is none. */
  readonly envStamp: Stamp | null;
}

export function joinPath(folder: Pick<Folder, 'path'>, name: string): string {
  return folder.path === '' ? name : `${folder.path}/${name}`;
}

function fileNamed(folder: Folder, name: string): FileFact | null {
  return folder.files.find((file) => file.name === name) ?? null;
}

/** The file at a relative path below `folder`, with the folder that holds it; null when there is none in the tree. */
export function fileAt(
  folder: Folder,
  path: string,
): { readonly folder: Folder; readonly file: FileFact } | null {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let at: Folder | undefined = folder;
  for (const part of parts) {
    if (part === '.' || part === '') continue;
    at = at?.folders.find((child) => child.name === part);
  }
  const file = at === undefined ? null : fileNamed(at, name);
  return at === undefined || file === null ? null : { folder: at, file };
}

/** The folder at a relative path below `folder`; null when it is not in the tree. */
export function folderAt(folder: Folder, path: string): Folder | null {
  let at: Folder | undefined = folder;
  for (const part of path.split('/')) at = at?.folders.find((child) => child.name === part);
  return at ?? null;
}

/** From the folder itself up to the root. */
export function* upwards(folder: Folder): Generator<Folder> {
  for (let at: Folder | null = folder; at !== null; at = at.parent) yield at;
}
