// The files of a function that a compiler gets: what its worker may read, below the function's own folder. Links are left
// out, whatever they point to; count and size are bounded.

import { constants, type Dirent } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { protectedFileNames } from '../policy/sandbox-policy.ts';
import type { WorkspaceFile } from './build-plan.ts';
import { PlanFault } from './build-planner.ts';

export interface SourceFile {
  /** Relative to the function's folder, with `/`. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** Enough for a project with assets; a folder of data is no source. */
const maxFiles = 2_000;
const maxBytes = 64 * 1024 * 1024;

/** Results of other builds. What starts with a dot is left out too: settings of tools (`.cargo`), repositories. */
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', 'target', 'vendor']);

/**
 * In the order of their paths.
 * @param readable files and folders, as the catalog names them
 * @throws PlanFault when there are too many or they are too large
 */
export async function collectSources(base: string, readable: readonly string[]): Promise<SourceFile[]> {
  const collector = new Collector(base);
  for (const path of topmost(base, readable)) await collector.take(path);
  return collector.files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file of the workspace; as text where it is one, so that what is built is what the key was made of. */
export function workspaceFile(base: string, { path, bytes }: SourceFile): WorkspaceFile {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? { path, text } : { path, copyOf: join(base, path) };
}

function topmost(base: string, readable: readonly string[]): string[] {
  const isBelow = (path: string, folder: string) => path === folder || path.startsWith(folder + sep);
  if (readable.some((path) => isBelow(base, path))) return [base];
  return readable.filter((path) => isBelow(path, base));
}

class Collector {
  readonly files: SourceFile[] = [];
  readonly #base: string;
  readonly #seen = new Set<string>();
  #bytes = 0;

  constructor(base: string) {
    this.#base = base;
  }

  async take(path: string): Promise<void> {
    const found = await lstat(path).catch(() => null);
    if (found?.isDirectory() === true) await this.#takeFolder(path);
    else if (found?.isFile() === true) await this.#takeFile(path);
  }

  async #takeFolder(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (isLeftOut(entry) || protectedFileNames.has(entry.name)) continue;
      if (entry.isDirectory()) await this.#takeFolder(path);
      else if (entry.isFile()) await this.#takeFile(path);
    }
  }

  async #takeFile(file: string): Promise<void> {
    if (this.#seen.has(file)) return;
    this.#seen.add(file);
    const bytes = await readWithoutLinks(file);
    this.#bytes += bytes.byteLength;
    if (this.#seen.size > maxFiles || this.#bytes > maxBytes)
      throw new PlanFault(
        `too much to compile: at most ${maxFiles} files and ${maxBytes} bytes are accepted`,
      );
    this.files.push({ path: relative(this.#base, file).split(sep).join('/'), bytes });
  }
}

function isLeftOut(entry: Dirent): boolean {
  return entry.name.startsWith('.') || (entry.isDirectory() && skippedFolders.has(entry.name));
}

async function readWithoutLinks(file: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
