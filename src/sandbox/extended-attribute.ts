// Extended attributes (xattr(7)), which Node cannot read: systemd marks a cgroup that it has lent with one.

import { cString, openKernel } from './kernel.ts';

/** False also where system calls cannot be made (not Linux, no node:ffi). */
export function hasExtendedAttribute(path: string, name: string): boolean {
  try {
    const kernel = openKernel();
    // getxattr(2): a size of 0 asks for the length only.
    return kernel.call('getxattr', kernel.place(cString(path)), kernel.place(cString(name)), 0, 0) >= 0n;
  } catch {
    return false;
  }
}
