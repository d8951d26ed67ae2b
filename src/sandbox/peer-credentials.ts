// Who is at the other end of a Unix socket, as the kernel recorded it at connect time: a worker cannot forge it.

import { type Kernel, KernelError, openKernel } from './kernel.ts';

// getsockopt(2), unix(7), <asm-generic/socket.h>.
const solSocket = 1;
const soPeerCred = 17;
/** struct ucred of <sys/socket.h>: pid, uid, gid. */
const ucredBytes = 12;

let slots: { readonly credentials: bigint; readonly length: bigint } | undefined;

function peerSlots(kernel: Kernel): { readonly credentials: bigint; readonly length: bigint } {
  slots ??= { credentials: kernel.place(Buffer.alloc(ucredBytes)), length: kernel.place(Buffer.alloc(8)) };
  return slots;
}

/**
 * Process id of the peer of a connected Unix socket (SO_PEERCRED), or null when `fd` is no such socket.
 * @throws Error where system calls cannot be made (not Linux, no node:ffi).
 */
export function peerPid(fd: number): number | null {
  const kernel = openKernel();
  const { credentials, length } = peerSlots(kernel);
  const size = Buffer.alloc(8);
  size.writeUInt32LE(ucredBytes);
  kernel.write(length, size);
  try {
    kernel.call('getsockopt', fd, solSocket, soPeerCred, credentials, length);
  } catch (error) {
    if (error instanceof KernelError) return null;
    throw error;
  }
  const pid = kernel.read(credentials, 4).readInt32LE();
  return pid > 0 ? pid : null;
}
