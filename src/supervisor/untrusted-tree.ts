// Measures and removes a folder that an untrusted process has filled: names that are no UTF-8, folders without rights,
// paths longer than the kernel takes, links to anywhere. Promises never to follow a link. Paths are bytes throughout.

import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { chmod, lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';

/** PATH_MAX is 4096 (path_resolution(7)); a folder deeper than this is moved up before it is entered. */
const maxPathBytes = 2_048;

export interface TreeLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** The limit that the folder is over, or null. Stops as soon as that is known, so its cost is bounded too. */
export async function exceededLimit(top: string, limits: TreeLimits): Promise<keyof TreeLimits | null> {
  let bytes = 0;
  let entries = 0;
  const folders: Buffer[] = [Buffer.from(top)];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const found = await list(folder);
    entries += found.length;
    // A tree too deep to be looked at is made for hiding something.
    if (entries > limits.entries || folder.length > maxPathBytes) return 'entries';
    for (const entry of found) {
      const path = below(folder, entry.name);
      const stat = await lstat(path).catch(() => null);
      // Blocks of 512 bytes (inode(7)), not length: a sparse file takes no room.
      bytes += (stat?.blocks ?? 0) * 512;
      if (bytes > limits.bytes) return 'bytes';
      if (entry.isDirectory()) folders.push(path);
    }
  }
  return null;
}

/** Removes the folder with everything in it. Nobody may write there any more: paths are not proof against a race. */
export async function removeTree(top: string): Promise<void> {
  const root: Buffer = Buffer.from(top);
  const folders = [root];
  // The list grows while it is walked; each folder comes after the one it lies in.
  for (const folder of folders) {
    // The worker may have taken its own rights away from it.
    await chmod(folder, 0o700).catch(ignoreMissing);
    for (const entry of await list(folder)) {
      const path = below(folder, entry.name);
      if (entry.isDirectory()) folders.push(await shallow(path, root));
      else await unlink(path);
    }
  }
  for (const folder of folders.toReversed()) await rmdir(folder).catch(ignoreMissing);
}

async function shallow(path: Buffer, root: Buffer): Promise<Buffer> {
  if (path.length <= maxPathBytes) return path;
  const moved = below(root, Buffer.from(randomBytes(16).toString('hex')));
  await rename(path, moved);
  return moved;
}

async function list(folder: Buffer): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(folder, { encoding: 'buffer', withFileTypes: true });
  } catch {
    // Gone, or never a folder: nothing to see or to remove here, and rmdir will say so.
    return [];
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
