// One private folder per worker for what it writes, gone with it. Promises mode 0700, and that what a killed gateway
// left behind goes too.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './untrusted-tree.ts';

/** Most that one worker may keep in its folder. */
export const tempLimits = Object.freeze({ bytes: 268_435_456, entries: 20_000 });

const rootName = /^fastfn-w-(\d+)-(\d+)-[0-9a-f]{8}$/;

export interface TempOwner {
  readonly uid: number;
  readonly gid: number;
}

/** The folders of one gateway, below one folder of its own. */
export class WorkerTempDirs {
  readonly #root: string;
  readonly #owner: TempOwner | null;

  /**
   * @param parent existing folder, for example /tmp; without links
   * @param owner user that workers become, when that is not the gateway's
   */
  constructor(parent: string, owner: TempOwner | null = null) {
    const name = `fastfn-w-${pidNamespace()}-${process.pid}-${randomBytes(4).toString('hex')}`;
    this.#root = join(parent, name);
    this.#owner = owner;
    // Not recursive: a folder that is already there would be somebody else's.
    mkdirSync(this.#root, { mode: 0o700 });
    if (owner !== null) chmodSync(this.#root, 0o711);
  }

  create(workerId: string): string {
    const path = join(this.#root, workerId);
    mkdirSync(path, { mode: 0o700 });
    if (this.#owner !== null) chownSync(path, this.#owner.uid, this.#owner.gid);
    return path;
  }

  /** After every process that could write there has been killed. */
  remove(path: string): Promise<void> {
    return removeTree(path);
  }

  /** After the last worker's folder has been removed. */
  close(): void {
    rmdirSync(this.#root);
  }
}

/** Removes the folders of gateways of this user that were killed. */
export async function removeAbandonedTempDirs(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const [, namespace, pid] = rootName.exec(name) ?? [];
    // Another container's pids mean nothing here.
    if (pid === undefined || namespace !== pidNamespace() || isProcessAlive(Number(pid))) continue;
    const path = join(parent, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() && stat.uid === process.geteuid?.()) await removeTree(path);
  }
}

/** Inode of pid_namespaces(7), or 0 where there is none. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and is another user's (kill(2)).
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
