// Holds one worker to its limits from its launch to its burial: memory, threads and processor time by looking, the
// temporary folder by measuring, and by a cgroup where the host lends us one. Tells of the first breach only; ending the
// worker is its owner's affair. Open files and file size are rlimits: the call fails, the worker lives.

import type { Clock } from '../clock.ts';
import { type LimitName, limitExceededText } from '../policy/limit-fields.ts';
import type { ResourceLimits } from '../policy/sandbox-policy.ts';
import type { WorkerCgroup } from './cgroup.ts';
import { CpuMeter } from './cpu-meter.ts';
import { hiddenBytes } from './hidden-files.ts';
import type { UsageReaders } from './process-usage.ts';
import { maxTempEntries } from './temp-dir.ts';
import { exceededLimit } from './untrusted-tree.ts';
import type { UsageWatch, Watched } from './usage-watch.ts';
import type { DeathCause } from './worker-spec.ts';

export interface LimitBreach {
  readonly cause: DeathCause;
  /** `memory limit exceeded (512 MiB)`. */
  readonly text: string;
  /** In the unit of ResourceLimits; null where only the kernel knows. */
  readonly used: number | null;
}

export interface LimitedWorker {
  readonly pid: number;
  readonly tempDir: string;
  readonly limits: ResourceLimits;
  /** Where the worker was put before it got its plan, if anywhere. */
  readonly cgroup: WorkerCgroup | null;
}

export interface WorkerLimitsDeps {
  readonly clock: Clock;
  readonly watch: UsageWatch;
  readonly usage: UsageReaders;
}

/** The temporary folder is measured this often, ms: while the worker does something, and while it does not. */
const busyTempMs = 200;
const calmTempMs = 5_000;
/** A folder that takes long to measure is measured less often, so that this is the largest share of time spent on it. */
const measureShare = 0.1;

const causes: Partial<Record<LimitName, DeathCause>> = {
  memoryBytes: 'memory',
  threads: 'threads',
  cpuMs: 'cpu',
  tempBytes: 'disk',
};

export class WorkerLimits implements Watched {
  readonly #worker: LimitedWorker;
  readonly #deps: WorkerLimitsDeps;
  readonly #exceeded: (breach: LimitBreach) => void;
  readonly #cpu: CpuMeter | null;
  /** Starting counts as a call: top-level code runs. */
  #running = 1;
  #tempAt = 0;
  #measuring = false;
  #over = false;

  constructor(worker: LimitedWorker, deps: WorkerLimitsDeps, exceeded: (breach: LimitBreach) => void) {
    this.#worker = worker;
    this.#deps = deps;
    this.#exceeded = exceeded;
    const { pid, limits } = worker;
    this.#cpu = limits.cpuMs === null ? null : new CpuMeter(limits.cpuMs, () => deps.usage.readCpuMs(pid));
    deps.watch.add(this);
  }

  get busy(): boolean {
    return this.#running > 0;
  }

  /** A call has started or ended, or with 0 the worker became ready. */
  callsChanged(running: number): void {
    this.#running = running;
    this.#cpu?.callsChanged(running);
  }

  look(): boolean {
    const { pid, limits } = this.#worker;
    const used = this.#deps.usage.readUsage(pid);
    if (used === null || this.#over) return false;
    const burnt = this.#cpu?.excess() ?? null;
    if (used.memoryBytes > limits.memoryBytes) this.#tell(this.#breachOf('memoryBytes', used.memoryBytes));
    else if (used.threads > limits.threads) this.#tell(this.#breachOf('threads', used.threads));
    else if (burnt !== null) this.#tell(this.#breachOf('cpuMs', burnt));
    else this.#lookAtTemp();
    return used.memoryBytes > limits.memoryBytes / 2;
  }

  /** Why the kernel itself ended the worker, if that was for a limit. */
  killedByKernel(): LimitBreach | null {
    return this.#worker.cgroup?.isOutOfMemory() === true ? this.#breachOf('memoryBytes', null) : null;
  }

  /** When the process has been reaped: its pid may be another's by now. */
  close(): void {
    this.#over = true;
    this.#deps.watch.remove(this);
    this.#worker.cgroup?.remove();
  }

  #lookAtTemp(): void {
    const { clock } = this.#deps;
    const started = clock.now();
    if (this.#measuring || started < this.#tempAt) return;
    this.#measuring = true;
    void this.#measureTemp().then((breach) => {
      this.#measuring = false;
      const tookMs = clock.now() - started;
      this.#tempAt = clock.now() + Math.max(this.busy ? busyTempMs : calmTempMs, tookMs / measureShare);
      if (breach !== null) this.#tell(breach);
    });
  }

  async #measureTemp(): Promise<LimitBreach | null> {
    const { pid, tempDir, limits } = this.#worker;
    const room = { bytes: limits.tempBytes - hiddenBytes(pid, tempDir), entries: maxTempEntries };
    const over = room.bytes < 0 ? 'bytes' : await exceededLimit(tempDir, room);
    if (over === null) return null;
    if (over === 'bytes') return this.#breachOf('tempBytes', null);
    return { cause: 'disk', text: `temporary files limit exceeded (${maxTempEntries} entries)`, used: null };
  }

  #breachOf(name: LimitName, used: number | null): LimitBreach {
    const limit = this.#worker.limits[name] ?? 0;
    return { cause: causes[name] ?? 'crashed', text: limitExceededText(name, limit), used };
  }

  #tell(breach: LimitBreach): void {
    if (this.#over) return;
    this.#over = true;
    this.#exceeded(breach);
  }
}
