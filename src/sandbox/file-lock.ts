// A lock between processes that ends with its holder, however that ends: flock(2) on a file. Never waits.

import { closeSync, constants, fstatSync, openSync, rmSync, statSync } from 'node:fs';
import { KernelError, openKernel } from './kernel.ts';

// flock(2), <asm-generic/fcntl.h>, <asm-generic/errno-base.h>.
const lockExclusive = 2;
const lockNonBlocking = 4;
const ewouldblock = 11;

export interface FileLock {
  /** Removes the file too. */
  release(): void;
}

/**
 * Makes the file if it is missing. The descriptor closes at exec, so no child holds the lock.
 * @returns null while another process, or another lock of this one, holds it
 * @throws the system's error
 */
export function tryLockFile(path: string): FileLock | null {
  const kernel = openKernel();
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    kernel.call('flock', fd, lockExclusive | lockNonBlocking);
  } catch (error) {
    closeSync(fd);
    if (error instanceof KernelError && error.errno === ewouldblock) return null;
    throw error;
  }
  // Its last holder may have removed it between our open and our lock: what we hold is then nobody's file.
  if (statSync(path, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) {
    closeSync(fd);
    return null;
  }
  return {
    release: () => {
      // Somebody may have cleared the folder.
      rmSync(path, { force: true });
      closeSync(fd);
    },
  };
}
