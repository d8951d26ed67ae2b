// Files that are replaced whole: whoever reads one, also after a power cut, finds the old text or the new one. Never writes
// through a link. Leaves to the caller who else writes the same file.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface AtomicWrite {
  /** Permission bits of a file that is new, or of every file with `keepMode: false`. Default 0o644. */
  readonly mode?: number;
  /** Whether an existing file keeps its permissions and owner. Default true. */
  readonly keepMode?: boolean;
}

/** @throws the system's error; what was there before is then still there */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  { mode = 0o644, keepMode = true }: AtomicWrite = {},
): Promise<void> {
  const folder = dirname(path);
  // A dot name: no part of the product looks at it, and an interrupted write leaves nothing that could be served.
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const before = keepMode ? await lstat(path).catch(() => null) : null;
  const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await fill(file, content, before?.isFile() === true ? before : { mode });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function fill(
  file: FileHandle,
  content: string | Uint8Array,
  { mode, uid, gid }: { mode: number; uid?: number; gid?: number },
): Promise<void> {
  try {
    await file.writeFile(content);
    // open(2) takes the umask off; the mode is meant as it is.
    await file.chmod(mode & 0o777);
    if (uid !== undefined && gid !== undefined && process.geteuid?.() === 0) await file.chown(uid, gid);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames in a folder last (fsync(2): a file's own sync does not cover its name). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** For the owner alone. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/**
 * The state folder itself. Nobody else may look into it; but workers of a gateway that runs as root have users of their own, who
 * must pass through to the dependencies that were built for them. Only it: when the functions folder that it lies in is away
 * for a moment, a new one must not take its place.
 */
export async function makeStateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: process.geteuid?.() === 0 ? 0o711 : 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
