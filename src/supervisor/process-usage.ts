// What one process uses, as the kernel tells it under /proc. Null when the process is gone.

import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Resident and swapped-out bytes; shared memory and files that are mapped count too. */
  readonly memoryBytes: number;
  readonly threads: number;
}

export interface UsageReaders {
  readUsage(pid: number): ProcessUsage | null;
  /** Processor time that all its threads have used, ms. */
  readCpuMs(pid: number): number | null;
}

/** proc_pid_stat(5) counts in USER_HZ, which is 100 for programs on every architecture (<asm-generic/param.h>). */
const tickMs = 10;

function readProc(pid: number, name: 'status' | 'stat'): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return null;
  }
}

/** proc_pid_status(5): VmRSS counts anonymous, file and shared memory; in kB whatever the page size is. */
export function parseStatus(status: string): ProcessUsage {
  const number = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { memoryBytes: (number('VmRSS') + number('VmSwap')) * 1024, threads: number('Threads') };
}

/** Its second field, the program's name, is the program's to choose: spaces and brackets included. */
export function parseCpuMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime are fields 14 and 15; the first here is the third.
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs;
}

export const processUsage: UsageReaders = {
  readUsage: (pid) => {
    const status = readProc(pid, 'status');
    return status === null ? null : parseStatus(status);
  },
  readCpuMs: (pid) => {
    const stat = readProc(pid, 'stat');
    return stat === null ? null : parseCpuMs(stat);
  },
};
