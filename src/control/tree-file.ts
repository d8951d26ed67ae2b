// Files of the functions tree as the control plane touches them: regular ones only, inside the folder they are said to be in,
// never through a link in any part of the way. Changes are whole or not at all.

import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, rm, rmdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { GatewayError } from '../errors.ts';
import { syncFolder, writeFileAtomic } from '../store/atomic-file.ts';

/** `null` where there is nothing. @throws the system's error for anything but absence */
export async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/**
 * null where there is no file.
 * @throws GatewayError bad_request for a link or what is no file; payload_too_large beyond `maxBytes`
 */
export async function readTreeFile(path: string, maxBytes: number): Promise<Buffer | null> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // O_NONBLOCK: opening a FIFO that somebody planted must not wait for a writer (open(2)).
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === 'ELOOP') throw new GatewayError('bad_request', { text: 'symlink not allowed' });
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new GatewayError('bad_request', { text: 'invalid path: not a file' });
    if (stats.size > maxBytes) throw new GatewayError('payload_too_large', { text: 'file too large' });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Puts `content` in place, or takes the file away where it is null. */
export async function putTreeFile(
  path: string,
  content: string | Uint8Array | null,
  mode = 0o644,
): Promise<void> {
  if (content !== null) {
    await writeFileAtomic(path, content, { mode });
    return;
  }
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/**
 * No part of the way from `root` to `path` is a link, and what is there is a file or nothing. Links above the functions root are
 * the operator's own.
 * @returns whether there is a file
 * @throws GatewayError bad_request
 */
export async function checkWay(root: string, path: string): Promise<boolean> {
  const parts = relative(root, path).split('/');
  if (parts.includes('..')) {
    throw new GatewayError('bad_request', { text: 'path outside function directory' });
  }
  let at = root;
  for (const [index, part] of parts.entries()) {
    at = join(at, part);
    const stats = await statOrNull(at);
    if (stats === null) return false;
    if (stats.isSymbolicLink()) throw new GatewayError('bad_request', { text: 'symlink not allowed' });
    const isLast = index === parts.length - 1;
    if (isLast ? !stats.isFile() : !stats.isDirectory()) {
      throw new GatewayError('bad_request', { text: 'invalid path: not a file' });
    }
  }
  return true;
}

/** @returns the folders that it had to make, outermost first */
export async function makeFolders(path: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let at = path; (await statOrNull(at)) === null; at = dirname(at)) missing.unshift(at);
  await mkdir(path, { recursive: true });
  return missing;
}

/** Takes away folders that are empty, from `path` up to but without `stop`. */
export async function removeEmptyFolders(path: string, stop: string): Promise<void> {
  for (let at = path; at !== stop && at.startsWith(`${stop}/`); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}
