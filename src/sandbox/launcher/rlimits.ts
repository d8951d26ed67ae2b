// Resource limits of the process that is about to become a worker: soft and hard alike, never above what was inherited.

import { writeFileSync } from 'node:fs';
import type { Kernel } from '../kernel.ts';
import type { RlimitPlan } from '../launch-plan.ts';

// getrlimit(2), <asm-generic/resource.h>.
const resource: Readonly<Record<keyof RlimitPlan, number>> = {
  fsize: 1,
  data: 2,
  core: 4,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  msgqueue: 12,
};
/** struct rlimit64: soft, hard. */
const rlimitBytes = 16;

/** proc_pid_oom_score_adj(5). Ours: when the host runs out of memory, a worker goes before the gateway. */
const oomScoreAdjust = '500';

export function applyRlimits(kernel: Kernel, plan: RlimitPlan): void {
  const limit = Buffer.alloc(rlimitBytes);
  const address = kernel.place(limit);
  for (const name of Object.keys(resource) as (keyof RlimitPlan)[]) {
    const wanted = BigInt(plan[name]);
    kernel.call('prlimit64', 0, resource[name], 0, address);
    const hard = kernel.read(address, rlimitBytes).readBigUInt64LE(8);
    const value = wanted < hard ? wanted : hard;
    limit.writeBigUInt64LE(value, 0);
    limit.writeBigUInt64LE(value, 8);
    kernel.write(address, limit);
    kernel.call('prlimit64', 0, resource[name], address, 0);
  }
}

export function volunteerForOomKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', oomScoreAdjust);
  } catch {
    // A host without /proc, or with a stricter one, keeps its own order.
  }
}
