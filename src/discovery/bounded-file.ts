// Reads small text files of the functions tree: regular files only, never through a link, never more than a fixed size.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Largest config, env or manifest file in bytes. */
const maxDocumentBytes = 262_144;

export type BoundedText =
  | { readonly kind: 'ok'; readonly text: string }
  /** Words for a fault. */
  | { readonly kind: 'refused'; readonly found: string; readonly accepted: string };

/** Synchronous: a few kilobytes from the page cache. Never throws. */
export function readBoundedText(path: string, maxBytes = maxDocumentBytes): BoundedText {
  let descriptor: number | null = null;
  try {
    // O_NONBLOCK: opening a FIFO that somebody planted must not wait for a writer (open(2)).
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return refused('something that is not a regular file', 'a regular file, not a link');
    if (stats.size > maxBytes) return refused(`${stats.size} bytes`, `at most ${maxBytes} bytes`);
    return { kind: 'ok', text: readAll(descriptor, stats.size) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return refused(code === 'ELOOP' ? 'a link' : code, 'a readable regular file, not a link');
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function refused(found: string, accepted: string): BoundedText {
  return { kind: 'refused', found, accepted };
}

/** Up to the size checked, even if the file grows meanwhile. */
function readAll(descriptor: number, size: number): string {
  const buffer = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.toString('utf8', 0, length);
}
