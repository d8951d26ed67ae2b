// Leaves exactly four descriptors to the worker: 0 = /dev/null, 1 and 2 = the gateway's pipes, 3 = the connection (none for
// a build, whose processes have nothing to say to the gateway). Inherited
// ones do survive an execve (one was seen), so everything above is marked to close at it, whatever it is. Not closed at
// once: Node wakes its own threads, and itself, through descriptors of its own until the very end, and aborts without them.

import { openSync, readdirSync } from 'node:fs';
import type { Kernel } from '../kernel.ts';

/** The descriptor on which every worker program finds its connection. */
const connectionFd = 3;
// fcntl(2), <linux/fcntl.h>.
const fSetFd = 2;
const fdCloexec = 1;
/** close_range(2): the highest descriptor there can be. */
const lastFd = 0xffffffff;
/** close_range(2), since Linux 5.11: mark, do not close. */
const closeRangeCloexec = 4;

/** unshare(2), <linux/sched.h>. */
const cloneFiles = 0x400;

function closeAtExecFrom(kernel: Kernel, first: number): void {
  try {
    kernel.call('close_range', first, lastFd, closeRangeCloexec);
  } catch {
    for (const name of readdirSync('/proc/self/fd')) {
      const fd = Number(name);
      // The listing's own descriptor is in the list and closed by now.
      if (fd >= first) tolerate(() => kernel.call('fcntl', fd, fSetFd, fdCloexec));
    }
  }
}

function tolerate(action: () => void): void {
  try {
    action();
  } catch {
    // EBADF: nothing to mark.
  }
}

/** @param connection null: there is none, and nothing above 2 stays open */
export function arrangeDescriptors(kernel: Kernel, connection: number | null): void {
  // A table of descriptors of its own for this thread: 3 may be what another thread of Node waits on.
  kernel.call('unshare', cloneFiles);
  const devNull = openSync('/dev/null', 'r+');
  // dup3(2) clears close-on-exec on the copy, and refuses a copy onto itself.
  if (connection === connectionFd) kernel.call('fcntl', connection, fSetFd, 0);
  else if (connection !== null) kernel.call('dup3', connection, connectionFd, 0);
  kernel.call('dup3', devNull, 0, 0);
  // Node marks its standard streams close-on-exec when it starts (uv_disable_stdio_inheritance).
  for (const output of [1, 2]) kernel.call('fcntl', output, fSetFd, 0);
  closeAtExecFrom(kernel, connection === null ? connectionFd : connectionFd + 1);
}
