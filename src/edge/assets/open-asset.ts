// Opens one file below the folder of static files and judges what was opened, not its name: a link may be followed, but never
// out of the folder, nor to what may not be served. Nothing is opened by name again, so nothing can be swapped in between.

import { constants, fstatSync, readlinkSync } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isServableSegment } from './asset-path.ts';

export interface OpenAsset {
  readonly handle: FileHandle;
  readonly mtimeMs: number;
}

/** `folder`: it is there, and no file. */
export type AssetOpening = OpenAsset | 'folder' | null;

/** Without O_NONBLOCK a FIFO would hold the thread that opens it for ever. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What is never served, by whatever name it is reached. */
export interface HiddenFiles {
  /** Sources of functions, the gateway's state. */
  isHidden(realPath: string): boolean;
  /** `<device>:<inode>` of configs and secrets. */
  readonly secretInodes: ReadonlySet<string>;
}

export class AssetDirectory {
  readonly #directory: string;
  readonly #hidden: HiddenFiles;
  /** With a slash at the end. */
  #real: string | null = null;

  /** @param directory absolute */
  constructor(directory: string, hidden: HiddenFiles) {
    this.#directory = directory;
    this.#hidden = hidden;
  }

  /** null for what is not there, cannot be read, or may not be served: a client is not told which. */
  async open(segments: readonly string[]): Promise<AssetOpening> {
    const handle = await open(join(this.#directory, ...segments), flags).catch(() => null);
    if (handle === null) return null;
    try {
      // On an open descriptor these two touch no disk: a thread of the pool would cost more.
      const stat = fstatSync(handle.fd);
      // A second name of a file (a hard link) has no path that would tell.
      const isSecret = stat.nlink > 1 && this.#hidden.secretInodes.has(`${stat.dev}:${stat.ino}`);
      const isOurs = !isSecret && (await this.#isOurs(handle));
      if (isOurs && stat.isFile()) return { handle, mtimeMs: stat.mtimeMs };
      await handle.close();
      return isOurs && stat.isDirectory() ? 'folder' : null;
    } catch {
      await handle.close().catch(() => {});
      return null;
    }
  }

  async #isOurs(handle: FileHandle): Promise<boolean> {
    // proc_pid_fd(5): where the descriptor leads, all links resolved.
    const path = readlinkSync(`/proc/self/fd/${handle.fd}`);
    if (this.#isInside(path)) return true;
    // The folder may be a link that has been pointed elsewhere, as deployments do.
    this.#real = `${await realpath(this.#directory)}/`;
    return this.#isInside(path);
  }

  #isInside(path: string): boolean {
    const real = this.#real;
    if (real === null || !`${path}/`.startsWith(real) || this.#hidden.isHidden(path)) return false;
    const segments = path.slice(real.length).split('/');
    return segments[0] === '' || segments.every(isServableSegment);
  }
}
