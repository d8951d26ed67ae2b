// Files that a process has deleted and still holds, open or mapped: they take room and are in no folder. Found under /proc,
// whose links name them with a closing ` (deleted)` (proc_pid_fd(5), proc_pid_maps(5)).

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

const deleted = ' (deleted)';

/**
 * Bytes of such files that lay below `folder`; a mapped one counts with its mapping. 0 when the process is gone.
 * Synchronous: a few dozen short reads of /proc, which would cost ten times as much one promise each.
 */
export function hiddenBytes(pid: number, folder: string): number {
  // By inode: a file may be open twice, or open and mapped.
  const byInode = new Map<string, number>();
  for (const [inode, bytes] of [...openFiles(pid, folder), ...mappedFiles(pid, folder)]) {
    byInode.set(inode, Math.max(bytes, byInode.get(inode) ?? 0));
  }
  return [...byInode.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function isHidden(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) && path.endsWith(deleted);
}

/** What is closed, or ends, between two of these reads is not there. */
function orElse<T>(read: () => T, gone: T): T {
  try {
    return read();
  } catch {
    return gone;
  }
}

function* openFiles(pid: number, folder: string): Generator<readonly [inode: string, bytes: number]> {
  for (const name of orElse(() => readdirSync(`/proc/${pid}/fd`), [])) {
    const path = `/proc/${pid}/fd/${name}`;
    if (
      !isHidden(
        orElse(() => readlinkSync(path), ''),
        folder,
      )
    )
      continue;
    const held = orElse(() => statSync(path), null);
    // Blocks of 512 bytes (inode(7)).
    if (held !== null) yield [String(held.ino), held.blocks * 512];
  }
}

/** from-to, rights, offset, device, inode, path */
const mapping = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+)\s+(.*)$/;

function mappedFiles(pid: number, folder: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const maps = orElse(() => readFileSync(`/proc/${pid}/maps`, 'latin1'), '');
  if (!maps.includes(deleted)) return sums;
  for (const line of maps.split('\n')) {
    const [, from = '0', to = '0', inode = '', path = ''] = mapping.exec(line) ?? [];
    if (!isHidden(path, folder)) continue;
    const bytes = Number.parseInt(to, 16) - Number.parseInt(from, 16);
    sums.set(inode, (sums.get(inode) ?? 0) + bytes);
  }
  return sums;
}
