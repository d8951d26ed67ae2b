// Replaces this process by the interpreter. The three arguments of execve lie at addresses drawn at random, each in its own
// mapping: the filter allows exactly them, and the new program, whose memory is fresh, cannot know where they were.

import { cString, type Kernel, KernelError } from '../kernel.ts';

export interface ExecArguments {
  readonly file: bigint;
  readonly argv: bigint;
  readonly envp: bigint;
}

// mmap(2), <sys/mman.h>, <asm-generic/mman-common.h>.
const protReadWrite = 0x1 | 0x2;
const mapPrivateAnonymousFixedNoreplace = 0x02 | 0x20 | 0x100000;
const pageBytes = 65_536; // the largest page of either architecture
const eexist = 17;
const attempts = 32;

/** User addresses end at 2^47 on x86-64 and can end at 2^39 on arm64. Below 2^32 is left to the loader. */
const addressBits = { x64: 46n, arm64: 38n } as const;

// sigaction(2), sigprocmask(2), <asm-generic/signal-defs.h>.
const sigpipe = 13;
const sigSetmask = 2;
const signalSetBytes = 8;
const kernelSigactionBytes = 32;

/** getrandom(2): node:crypto would cost a launcher more to load than everything else it does. */
function randomBelow(kernel: Kernel, limit: bigint): bigint {
  const address = kernel.place(Buffer.alloc(8));
  kernel.call('getrandom', address, 8, 0);
  const value = kernel.read(address, 8).readBigUInt64LE();
  kernel.write(address, Buffer.alloc(8));
  return value % limit;
}

/** Copies bytes to a random address of a fresh mapping. */
function placeAtRandom(kernel: Kernel, bytes: Buffer): bigint {
  const page = BigInt(pageBytes);
  const length = BigInt(Math.ceil((bytes.length + pageBytes) / pageBytes)) * page;
  const pages = (1n << addressBits[kernel.arch]) / page;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const wanted = (1n << 32n) + randomBelow(kernel, pages) * page;
    try {
      const base = kernel.call(
        'mmap',
        wanted,
        length,
        protReadWrite,
        mapPrivateAnonymousFixedNoreplace,
        -1,
        0,
      );
      // Pointer arrays want 8-byte alignment.
      const address = base + (randomBelow(kernel, page) & ~7n);
      kernel.write(address, bytes);
      return address;
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== eexist) throw error;
    }
  }
  throw new Error('cannot find room for the arguments of execve');
}

function pointerArray(kernel: Kernel, texts: readonly string[]): Buffer {
  const array = Buffer.alloc(8 * (texts.length + 1));
  texts.forEach((text, index) => {
    array.writeBigUInt64LE(kernel.place(cString(text)), 8 * index);
  });
  return array;
}

export function placeExecArguments(
  kernel: Kernel,
  command: {
    readonly file: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  },
): ExecArguments {
  const variables = Object.entries(command.env).map(([name, value]) => `${name}=${value}`);
  return {
    file: placeAtRandom(kernel, cString(command.file)),
    argv: placeAtRandom(kernel, pointerArray(kernel, [command.file, ...command.args])),
    envp: placeAtRandom(kernel, pointerArray(kernel, variables)),
  };
}

/** An ignored signal stays ignored across execve (execve(2)), and Node ignores SIGPIPE. */
export function restoreSignals(kernel: Kernel): void {
  const zeroes = kernel.place(Buffer.alloc(kernelSigactionBytes));
  kernel.call('rt_sigaction', sigpipe, zeroes, 0, signalSetBytes);
  kernel.call('rt_sigprocmask', sigSetmask, zeroes, 0, signalSetBytes);
}

/** Returns only by throwing. */
export function execute(kernel: Kernel, { file, argv, envp }: ExecArguments): never {
  kernel.call('execve', file, argv, envp);
  throw new Error('cannot execute: execve returned');
}
