// A cgroup of its own for each worker, where systemd has lent us the unit's subtree (Delegate=yes, cgroup v2 alone): the
// kernel then holds memory and processes between two looks of the supervisor. Elsewhere it says why not, and nothing of
// the host's tree is touched. Source: cgroups(7), systemd's CGROUP_DELEGATION.

import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Log } from '../log.ts';
import type { ResourceLimits } from '../policy/sandbox-policy.ts';

export interface CgroupHost {
  /** Folder that stands for `/`; tests make one. */
  readonly root: string;
  readonly pid: number;
  readonly parentPid: number;
  /** Whether systemd has marked the folder as lent; asked only where write access proves nothing: as root. */
  readonly isMarkedDelegated: (path: string) => boolean;
  readonly isRoot: boolean;
}

export type FoundCgroup =
  | {
      readonly kind: 'delegated';
      /** Folder of the unit, below which everything is ours. */
      readonly path: string;
      /** The gateway is in that folder itself and must move one down: only leaves may hold processes (cgroups(7)). */
      readonly mustMove: boolean;
    }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Where the gateway itself goes. */
const ownLeaf = 'gateway';
const controllers = ['memory', 'pids'] as const;
/** Above the threads that the supervisor allows: this is the net below that watch, not the limit. */
const spareThreads = 32;

/** `/system.slice/fastfn.service` of /proc/self/cgroup; null unless there is cgroup v2 and nothing else. */
export function ownCgroup(text: string): string | null {
  const lines = text.trim().split('\n');
  return lines.length === 1 && lines[0]?.startsWith('0::/') === true ? lines[0].slice(3) : null;
}

/** The unit's own cgroup; null when the gateway was not started as a service: others may share what it is in. */
export function unitCgroup(own: string): string | null {
  const unit = [own, dirname(own)].find((path) => path.endsWith('.service'));
  return unit !== undefined && !unit.split('/').includes('..') ? unit : null;
}

/** Looks only. */
export function findDelegatedCgroup(host: CgroupHost): FoundCgroup {
  const missing = (reason: string): FoundCgroup => ({ kind: 'unavailable', reason });
  const own = ownCgroup(read(join(host.root, 'proc/self/cgroup')) ?? '');
  if (own === null) return missing('cgroup v2 is not the only cgroup hierarchy here');
  const unit = unitCgroup(own);
  if (unit === null) return missing('the gateway was not started as a systemd service');
  const path = join(host.root, 'sys/fs/cgroup', unit);
  const offered = (read(join(path, 'cgroup.controllers')) ?? '').trim().split(' ');
  const lacking = controllers.filter((name) => !offered.includes(name));
  if (lacking.length > 0) return missing(`the unit has no ${lacking.join(' and ')} controller`);
  const isOurs = isWritable(path) && (!host.isRoot || host.isMarkedDelegated(path));
  if (!isOurs) return missing('the unit does not say Delegate=yes');
  return { kind: 'delegated', path, mustMove: own === unit };
}

export class WorkerCgroups {
  readonly #path: string;
  readonly #log: Log;
  /** Folders that still held a dying process when they were to go. */
  readonly #leftOver = new Set<string>();

  private constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /**
   * Moves the gateway into a leaf and turns the controllers on. Before any child process is started: they inherit the leaf.
   * @returns why there are none, when something refuses
   */
  static open(found: FoundCgroup, host: CgroupHost, log: Log): WorkerCgroups | string {
    if (found.kind === 'unavailable') return found.reason;
    const { path, mustMove } = found;
    try {
      if (mustMove) {
        const pids = (read(join(path, 'cgroup.procs')) ?? '').split('\n').filter((line) => line !== '');
        const known = new Set([String(host.pid), String(host.parentPid)]);
        if (pids.some((pid) => !known.has(pid))) return 'other processes share the unit';
        makeFolder(join(path, ownLeaf));
        for (const pid of pids) writeFileSync(join(path, ownLeaf, 'cgroup.procs'), pid);
      }
      writeFileSync(join(path, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '));
    } catch (error) {
      return `cannot use the unit's cgroup: ${error instanceof Error && 'code' in error ? error.code : error}`;
    }
    return new WorkerCgroups(path, log);
  }

  /** Puts a process, with all that it will become, under the limits; null (and a line in the log) when that fails. */
  place(workerId: string, pid: number, limits: ResourceLimits): WorkerCgroup | null {
    this.#sweep();
    const path = join(this.#path, workerId);
    try {
      makeFolder(path);
      writeFileSync(join(path, 'memory.max'), String(limits.memoryBytes));
      // One for all: what is left of a worker after the kernel chose a thread of it is of no use.
      writeFileSync(join(path, 'memory.oom.group'), '1');
      this.#forbidSwap(path);
      writeFileSync(join(path, 'pids.max'), String(limits.threads + spareThreads));
      writeFileSync(join(path, 'cgroup.procs'), String(pid));
    } catch (error) {
      this.#log.warn({ err: error, worker: workerId }, 'cannot give a worker a cgroup of its own');
      this.#removeFolder(path);
      return null;
    }
    return new WorkerCgroup(path, () => this.#removeFolder(path));
  }

  close(): void {
    this.#sweep();
  }

  /** A kernel without swap accounting has no such file. */
  #forbidSwap(path: string): void {
    try {
      accessSync(join(path, 'memory.swap.max'));
      writeFileSync(join(path, 'memory.swap.max'), '0');
    } catch {
      // The supervisor's own look counts swapped-out memory too.
    }
  }

  #sweep(): void {
    for (const path of [...this.#leftOver]) this.#removeFolder(path);
  }

  #removeFolder(path: string): void {
    this.#leftOver.delete(path);
    try {
      rmdirSync(path);
    } catch (error) {
      // EBUSY: a process in it is not reaped yet; the next worker's start tries again.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#leftOver.add(path);
    }
  }
}

export class WorkerCgroup {
  readonly #path: string;
  readonly #remove: () => void;

  constructor(path: string, remove: () => void) {
    this.#path = path;
    this.#remove = remove;
  }

  /** Whether the kernel has killed in it for want of memory. */
  isOutOfMemory(): boolean {
    return Number(/^oom_kill (\d+)$/m.exec(read(join(this.#path, 'memory.events')) ?? '')?.[1] ?? 0) > 0;
  }

  /** After the last process in it has been reaped. */
  remove(): void {
    this.#remove();
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(join(path, 'cgroup.subtree_control'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** One that an earlier gateway of the unit left is as good as new. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
