// Whether the host has processor time to spare, from its own count of ticks (proc_stat(5)). Says yes where it cannot know:
// off Linux, and until it has watched for a while.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Clock } from '../clock.ts';

/** A tick is 10 ms: over less than this there are too few of them, ms. */
const windowMs = 100;
/** What was read longer ago says nothing about now, ms. */
const staleMs = 1_000;
/** Less than this part of one processor idle counts as none. */
const leastIdle = 0.5;

interface Ticks {
  readonly idle: number;
  readonly total: number;
}

export interface IdleProcessorsOptions {
  readonly clock: Clock;
  /** Default: this host's. */
  readonly processors?: number;
  /** Text of /proc/stat; throws where there is none. */
  readonly readStat?: () => string;
}

export class IdleProcessors {
  readonly #clock: Clock;
  readonly #processors: number;
  readonly #readStat: () => string;
  #last: { readonly ticks: Ticks; readonly atMs: number } | null = null;
  #any = true;

  constructor({ clock, processors, readStat }: IdleProcessorsOptions) {
    this.#clock = clock;
    this.#processors = processors ?? availableParallelism();
    this.#readStat = readStat ?? (() => readFileSync('/proc/stat', 'latin1'));
  }

  /** Cheap: looks at most once a window. */
  get any(): boolean {
    const atMs = this.#clock.now();
    const last = this.#last;
    if (last !== null && atMs - last.atMs < windowMs) return this.#any;
    const ticks = this.#ticks();
    this.#last = ticks === null ? null : { ticks, atMs };
    this.#any =
      ticks === null || last === null || atMs - last.atMs > staleMs || this.#isIdle(last.ticks, ticks);
    return this.#any;
  }

  #isIdle(before: Ticks, now: Ticks): boolean {
    const total = now.total - before.total;
    return total <= 0 || ((now.idle - before.idle) / total) * this.#processors >= leastIdle;
  }

  #ticks(): Ticks | null {
    try {
      return parseTicks(this.#readStat());
    } catch {
      return null;
    }
  }
}

/** `cpu user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user and nice already. */
function parseTicks(stat: string): Ticks | null {
  const fields = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(' ').slice(0, 8).map(Number);
  if (fields === undefined || fields.length < 5) return null;
  return { idle: (fields[3] ?? 0) + (fields[4] ?? 0), total: fields.reduce((sum, ticks) => sum + ticks, 0) };
}
