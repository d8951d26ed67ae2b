// Looks at the resident memory of all workers, once a second and more often while one is past half of its limit. The
// kernel's own limit (RLIMIT_DATA) must be generous for Node, so this is what holds a function to its grant.

import { readFileSync } from 'node:fs';
import type { Clock, Timer } from '../clock.ts';

const calmMs = 1_000;
const tenseMs = 200;

export interface WatchedProcess {
  readonly pid: number;
  readonly memoryBytes: number;
  /** Called once, when it uses more than `memoryBytes`. */
  readonly exceeded: (usedBytes: number) => void;
}

/** Resident and swapped-out bytes, or null when the process is gone. */
export type ReadMemory = (pid: number) => number | null;

export class MemoryWatch {
  readonly #clock: Clock;
  readonly #read: ReadMemory;
  readonly #watched = new Set<WatchedProcess>();
  #timer: Timer | null = null;

  constructor(clock: Clock, read: ReadMemory = readMemory) {
    this.#clock = clock;
    this.#read = read;
  }

  add(process: WatchedProcess): void {
    this.#watched.add(process);
    this.#timer ??= this.#clock.after(calmMs, () => this.#look());
  }

  /** Must be called when the process is reaped: its pid may then be another's. */
  remove(process: WatchedProcess): void {
    this.#watched.delete(process);
  }

  close(): void {
    this.#watched.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    let tense = false;
    for (const process of [...this.#watched]) {
      const used = this.#read(process.pid) ?? 0;
      if (used > process.memoryBytes) {
        this.#watched.delete(process);
        process.exceeded(used);
      } else if (used > process.memoryBytes / 2) tense = true;
    }
    if (this.#watched.size > 0) this.#timer = this.#clock.after(tense ? tenseMs : calmMs, () => this.#look());
  }
}

/** proc_pid_status(5): VmRSS counts anonymous, file and shared memory; in kB whatever the page size is. */
export function readMemory(pid: number): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return null;
  }
  return kilobytes(text, 'VmRSS') + kilobytes(text, 'VmSwap');
}

function kilobytes(status: string, field: string): number {
  const match = status.match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return match?.[1] === undefined ? 0 : Number(match[1]) * 1024;
}
