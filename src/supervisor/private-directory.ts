// A folder that only this user can enter, where nobody else can have put anything in its place. Checked from the folder
// up to the root: whoever can rename a parent can swap what lies below it.

import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const stickyBit = 0o1000;
const groupWrite = 0o020;
const otherWrite = 0o002;

/** The folder cannot be trusted; the message says which and why. */
export class UnsafeDirectory extends Error {
  constructor(path: string, reason: string) {
    super(`cannot use socket directory ${path}: ${reason}`);
    this.name = 'UnsafeDirectory';
  }
}

/**
 * Makes `path` (and parents that are missing) a folder of ours with mode 0700; returns it without links in its parents.
 * @throws UnsafeDirectory
 */
export function makePrivateDirectory(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const parent = realpathSync(dirname(path));
  for (let above = parent; ; above = dirname(above)) {
    checkParent(path, above);
    if (above === dirname(above)) break;
  }
  const real = join(parent, basename(path));
  try {
    mkdirSync(real, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  checkOwn(real, lstatSync(real));
  return real;
}

function checkOwn(path: string, stat: Stats): void {
  if (stat.isSymbolicLink()) throw new UnsafeDirectory(path, 'it is a symbolic link');
  if (!stat.isDirectory()) throw new UnsafeDirectory(path, 'it is no directory');
  if (stat.uid !== process.geteuid?.()) throw new UnsafeDirectory(path, 'it belongs to another user');
  // Ours but open, as a unit file or an operator may have made it: nobody else can have swapped it.
  if ((stat.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
}

function checkParent(path: string, parent: string): void {
  const stat = lstatSync(parent);
  const isTrusted = stat.uid === 0 || stat.uid === process.geteuid?.();
  if (!isTrusted) throw new UnsafeDirectory(path, `${parent} belongs to another user`);
  // In a sticky folder such as /tmp only the owner of an entry can rename it (inode(7)).
  if ((stat.mode & stickyBit) !== 0) return;
  if ((stat.mode & otherWrite) !== 0)
    throw new UnsafeDirectory(path, `${parent} can be written by everybody`);
  if ((stat.mode & groupWrite) !== 0 && stat.gid !== 0 && stat.gid !== process.getegid?.()) {
    throw new UnsafeDirectory(path, `${parent} can be written by a group`);
  }
}
