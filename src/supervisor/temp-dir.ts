// The folders that a gateway makes for its own time: one for its programs, one private folder per worker for what it
// writes. Promises mode 0700, and that what a killed gateway left behind goes too.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './untrusted-tree.ts';

/** Most files and folders that one worker may keep in its folder: each takes memory or an inode of the host. */
export const maxTempEntries = 20_000;

/** Of one gateway: the folders of its workers, the programs that launchers and workers run. */
type TempDirKind = 'workers' | 'programs';
const kindLetters = { workers: 'w', programs: 'p' } as const;
const gatewayDirName = /^fastfn-[wp]-(\d+)-(\d+)-[0-9a-f]{8}$/;

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
    this.#root = makeGatewayTempDir(parent, 'workers');
    this.#owner = owner;
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

/**
 * Makes a folder that only this user can enter, named after this process so that the next gateway knows when it is
 * nobody's any more. Whoever makes it removes it.
 * @param parent existing folder, for example /tmp; without links
 */
export function makeGatewayTempDir(parent: string, kind: TempDirKind): string {
  const owner = `${pidNamespace()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const path = join(parent, `fastfn-${kindLetters[kind]}-${owner}`);
  // Not recursive: a folder that is already there would be somebody else's.
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** Removes the folders of gateways of this user that were killed; rejects with the first failure when all were tried. */
export async function removeAbandonedTempDirs(parent: string): Promise<void> {
  const abandoned = readdirSync(parent).filter((name) => isAbandoned(parent, name));
  const removed = await Promise.allSettled(abandoned.map((name) => removeTree(join(parent, name))));
  for (const outcome of removed) if (outcome.status === 'rejected') throw outcome.reason;
}

function isAbandoned(parent: string, name: string): boolean {
  const [, namespace, pid] = gatewayDirName.exec(name) ?? [];
  // Another container's pids mean nothing here.
  if (pid === undefined || namespace !== pidNamespace() || isProcessAlive(Number(pid))) return false;
  const stat = lstatSync(join(parent, name), { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.();
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
