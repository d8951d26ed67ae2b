// What all processes of one process group use together, and which they are, as the kernel tells it under /proc. Orphans are
// found too: they keep their group.

import { readdirSync, readFileSync } from 'node:fs';

export interface GroupUsage {
  /** Those that are not dead: a zombie uses nothing. */
  readonly pids: readonly number[];
  readonly threads: number;
  /** Private and shared-memory pages, resident or swapped out; mapped files are not counted: many share them. Bytes. */
  readonly memoryBytes: number;
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return ''; // It has ended in the meantime.
  }
}

/** @param stat text of /proc/<pid>/stat (proc_pid_stat(5)); the name in brackets is the program's to choose */
export function parseMember(stat: string): { readonly group: number; readonly threads: number } | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  if (fields.length < 18 || state === 'Z' || state === 'X') return null;
  return { group: Number(fields[2]), threads: Number(fields[17]) };
}

/** proc_pid_status(5); in kB whatever the page size is. */
export function parseOwnMemory(status: string): number {
  const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return (kilobytes('RssAnon') + kilobytes('RssShmem') + kilobytes('VmSwap')) * 1024;
}

/** Synchronous: a short read for each process of the host, about 20 µs each. */
export function readGroup(group: number): GroupUsage {
  const pids: number[] = [];
  let threads = 0;
  let memoryBytes = 0;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const member = Number.isInteger(pid) ? parseMember(readProc(`${name}/stat`)) : null;
    if (member?.group !== group) continue;
    pids.push(pid);
    threads += member.threads;
    memoryBytes += parseOwnMemory(readProc(`${name}/status`));
  }
  return { pids, threads, memoryBytes };
}
