// The first line of a program, which says what runs it.

import { closeSync, openSync, readSync } from 'node:fs';

/** Up to 256 bytes, as Latin-1; '' for an empty file. @throws what open(2) says */
export function firstLine(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(256);
    const length = readSync(fd, head, 0, head.length, 0);
    return head.toString('latin1', 0, length).split('\n')[0] ?? '';
  } finally {
    closeSync(fd);
  }
}
