// The system calls of the mount interface that works on descriptors (Linux 5.2; mount_setattr 5.12): what is mounted is
// the very file that was opened, and a mount gets its attributes before anybody can see it.

import { cString, type Kernel } from '../kernel.ts';

// <linux/mount.h>
const openTreeClone = 1;
const moveMountFromEmptyPath = 0x04;
const fsOpenCloexec = 1;
const fsMountCloexec = 1;
const fsConfigSetString = 1;
const fsConfigCreate = 6;
const mountAttributesBytes = 32;

export const mountAttributes = { readOnly: 0x01, noSetUser: 0x02, noDevices: 0x04, noExecute: 0x08 } as const;

// <linux/fcntl.h>; O_CLOEXEC of <asm-generic/fcntl.h>.
const atFdcwd = -100;
const atEmptyPath = 0x1000;
const atRecursive = 0x8000;
const closeOnExec = 0o2000000;

/** <linux/fs.h>: no mount or unmount outside reaches in here, and none from here out. */
const msPrivate = 1 << 18;
/** <linux/sched.h> */
const cloneNewNamespace = 0x00020000;
/** umount2(2) */
const mountDetach = 2;

const empty = cString('');

/** This thread alone: the others of Node stay where they are, and execve ends them. */
export function unshareMounts(kernel: Kernel): void {
  kernel.call('unshare', cloneNewNamespace);
}

interface Attributes {
  readonly set?: number;
  readonly propagation?: number;
}

/** struct mount_attr of mount_setattr(2). */
function setAttributes(
  kernel: Kernel,
  [fd, path, flags]: readonly [fd: number, path: string, flags: number],
  { set = 0, propagation = 0 }: Attributes,
): void {
  const attributes = Buffer.alloc(mountAttributesBytes);
  attributes.writeBigUInt64LE(BigInt(set), 0);
  attributes.writeBigUInt64LE(BigInt(propagation), 16);
  const name = kernel.place(cString(path));
  kernel.call('mount_setattr', fd, name, flags, kernel.place(attributes), mountAttributesBytes);
}

export function makeAllPrivate(kernel: Kernel): void {
  setAttributes(kernel, [atFdcwd, '/', atRecursive], { propagation: msPrivate });
}

/** Attributes of one mount that is open, without those below it. */
export function restrictMount(kernel: Kernel, fd: number, set: number): void {
  setAttributes(kernel, [fd, '', atEmptyPath], { set });
}

/** A detached copy of a mount and all below it, from a folder or file that is open; its descriptor. */
export function cloneTree(kernel: Kernel, fd: number, set: number): number {
  const flags = openTreeClone | closeOnExec | atEmptyPath | atRecursive;
  const tree = Number(kernel.call('open_tree', fd, kernel.place(empty), flags));
  setAttributes(kernel, [tree, '', atEmptyPath | atRecursive], { set });
  return tree;
}

/** A new, detached file system in memory; its descriptor. tmpfs(5) */
export function createTmpfs(kernel: Kernel, options: Readonly<Record<string, string>>): number {
  const context = Number(kernel.call('fsopen', kernel.place(cString('tmpfs')), fsOpenCloexec));
  for (const [key, value] of Object.entries(options)) {
    const [name, text] = [kernel.place(cString(key)), kernel.place(cString(value))];
    kernel.call('fsconfig', context, fsConfigSetString, name, text, 0);
  }
  kernel.call('fsconfig', context, fsConfigCreate, 0, 0, 0);
  const fd = Number(kernel.call('fsmount', context, fsMountCloexec, 0));
  kernel.call('close', context);
  return fd;
}

/** @param path below `folder`; links are not followed at its end */
export function attachMount(kernel: Kernel, mount: number, folder: number, path: string): void {
  const target = kernel.place(cString(path));
  kernel.call('move_mount', mount, kernel.place(empty), folder, target, moveMountFromEmptyPath);
}

/** On top of the root folder, where no path leads to it: what lies below the root is still found by name. */
export function attachOverRoot(kernel: Kernel, mount: number): void {
  attachMount(kernel, mount, atFdcwd, '/');
}

/** Makes an attached mount this process's root and working folder, and leaves the old root behind. */
export function becomeRoot(kernel: Kernel, mount: number): void {
  kernel.call('fchdir', mount);
  const here = kernel.place(cString('.'));
  // pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one, and is taken off.
  kernel.call('pivot_root', here, here);
  kernel.call('umount2', here, mountDetach);
  kernel.call('chdir', kernel.place(cString('/')));
}
