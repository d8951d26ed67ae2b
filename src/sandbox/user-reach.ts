// Whether another user could open a path, by the modes of the folders that lead to it. For advice at start, when workers
// run as a user of their own; access control lists are not read, so a path that they open is complained of in vain.

import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

type Mode = Pick<Stats, 'mode' | 'uid' | 'gid' | 'isDirectory'>;

const readRight = 4;
const searchRight = 1;

/** Rights of one of the three classes (inode(7)): the first that fits decides, even where a later one would allow more. */
function rightsOf({ uid, gid }: User, stat: Mode): number {
  if (stat.uid === uid) return (stat.mode >> 6) & 7;
  return stat.gid === gid ? (stat.mode >> 3) & 7 : stat.mode & 7;
}

/**
 * The first folder or file on the way from `/` to `path` that is closed to the user, or null. Links are followed; what
 * does not exist is closed.
 */
export function closedTo(user: User, path: string, stat: (path: string) => Mode = statSync): string | null {
  let real: string;
  try {
    real = stat === statSync ? realpathSync(path) : path;
  } catch {
    return path;
  }
  const way = [real];
  for (let folder = dirname(real); folder !== way[0]; folder = dirname(folder)) way.unshift(folder);
  return way.find((step) => !mayPass(user, stat(step), step === real)) ?? null;
}

function mayPass(user: User, stat: Mode, isLast: boolean): boolean {
  const needed = (stat.isDirectory() ? searchRight : 0) | (isLast ? readRight : 0);
  return (rightsOf(user, stat) & needed) === needed;
}
