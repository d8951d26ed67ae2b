// System calls from plain Node through node:ffi and libc's syscall(2): by name, with the errno of a failure, and a scratch
// area outside the JavaScript heap for what they point to. Linux on x64 and arm64 only; elsewhere openKernel throws.

import { getSystemErrorName } from 'node:util';
import { type FilterArch, syscallNumber } from './seccomp/filter-rules.ts';

/** A system call that failed. `errno` is positive, as in errno(3). */
export class KernelError extends Error {
  readonly call: string;
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`cannot ${call}: ${errnoName(errno)}`);
    this.name = 'KernelError';
    this.call = call;
    this.errno = errno;
  }
}

/** For example `EPERM`. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

export interface Kernel {
  readonly arch: FilterArch;
  /** Result of the call; throws KernelError where libc would set errno. */
  call(name: string, ...args: readonly (number | bigint)[]): bigint;
  /** Copies bytes to native memory that stays until the process ends, aligned to 8; returns the address. */
  place(bytes: Uint8Array): bigint;
  /** Copies bytes to memory that the caller has mapped. */
  write(address: bigint, bytes: Uint8Array): void;
  /** Copies bytes out of native memory. */
  read(address: bigint, length: number): Buffer;
}

// mmap(2), <sys/mman.h>.
const protReadWrite = 0x1 | 0x2;
const mapPrivateAnonymous = 0x02 | 0x20;
/** Ours: a plan's strings and paths with room to spare; pages are only taken when used. */
const scratchBytes = 4 * 1_048_576;

type Syscall = (...args: bigint[]) => bigint;

function createKernel(): Kernel {
  const ffi = process.getBuiltinModule('node:ffi');
  const arch = process.arch;
  if (process.platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    throw new Error(`cannot make system calls on ${process.platform} ${arch}`);
  }
  if (ffi === undefined) throw new Error('cannot make system calls: this Node has no node:ffi');
  const { functions } = ffi.dlopen(null, {
    syscall: { arguments: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'], return: 'i64' },
    __errno_location: { arguments: [], return: 'pointer' },
  });
  const syscall = functions.syscall as unknown as Syscall;
  const errnoAddress = (functions.__errno_location as unknown as () => bigint)();

  const call = (name: string, ...args: readonly (number | bigint)[]): bigint => {
    const number = syscallNumber(arch, name);
    if (number === null) throw new KernelError(name, 38); // ENOSYS, <asm-generic/errno.h>
    const full = [number, ...args].map(BigInt);
    while (full.length < 7) full.push(0n);
    const result = syscall(...full);
    // errno must be read before anything else can run a system call on this thread.
    if (result === -1n) throw new KernelError(name, ffi.getInt32(errnoAddress));
    return result;
  };
  const write = (address: bigint, bytes: Uint8Array) =>
    ffi.exportBuffer(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      address,
      bytes.byteLength,
    );

  let scratch = 0n;
  let used = 0;
  const place = (bytes: Uint8Array): bigint => {
    if (scratch === 0n) scratch = call('mmap', 0, scratchBytes, protReadWrite, mapPrivateAnonymous, -1, 0);
    if (used + bytes.byteLength > scratchBytes) throw new Error('cannot place more bytes for system calls');
    const address = scratch + BigInt(used);
    write(address, bytes);
    used += (bytes.byteLength + 7) & ~7;
    return address;
  };
  return { arch, call, place, write, read: (address, length) => ffi.toBuffer(address, length, true) };
}

let opened: Kernel | undefined;

/** @throws Error where there is no Linux, no known architecture or no node:ffi. */
export function openKernel(): Kernel {
  opened ??= createKernel();
  return opened;
}

/** A string as the kernel reads it: UTF-8 with a closing zero. A zero inside would cut it short, so it is refused. */
export function cString(text: string): Buffer {
  if (text.includes('\0')) throw new Error('cannot pass a string with a zero byte to the kernel');
  return Buffer.from(`${text}\0`, 'utf8');
}
