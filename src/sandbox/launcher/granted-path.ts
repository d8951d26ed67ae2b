// Opens a path that a plan grants without following any link, so that one planted in a function's folder grants nothing.

import { cString, type Kernel, KernelError } from '../kernel.ts';
import { noteSkippedLink } from './failure.ts';

// openat2(2), <linux/openat2.h>, <fcntl.h>.
const atFdcwd = -100;
const oPath = 0o10000000;
const oCloexec = 0o2000000;
const resolveNoSymlinks = 0x04;
const openHowBytes = 24;

// <asm-generic/errno-base.h>, <asm-generic/errno.h>.
const enoent = 2;
const eacces = 13;
const enotdir = 20;
const eloop = 40;
const absent: ReadonlySet<number> = new Set([enoent, eacces, enotdir, eloop]);

interface GrantedPath {
  readonly path: string;
  /** True: a missing path fails the launch. */
  readonly required: boolean;
}

/** How the paths are opened: place it once for many. */
export function placeOpenHow(kernel: Kernel): bigint {
  const how = Buffer.alloc(openHowBytes);
  how.writeBigUInt64LE(BigInt(oPath | oCloexec), 0);
  how.writeBigUInt64LE(BigInt(resolveNoSymlinks), 16);
  return kernel.place(how);
}

/** The descriptor (O_PATH) of a granted path, or null when an optional one cannot be had. */
export function openGranted(kernel: Kernel, { path, required }: GrantedPath, how: bigint): number | null {
  try {
    return Number(kernel.call('openat2', atFdcwd, kernel.place(cString(path)), how, openHowBytes));
  } catch (error) {
    if (!(error instanceof KernelError) || !absent.has(error.errno)) throw error;
    if (required) throw new Error(`cannot grant ${path}, which a worker needs`, { cause: error });
    if (error.errno === eloop) noteSkippedLink(path);
    return null;
  }
}
