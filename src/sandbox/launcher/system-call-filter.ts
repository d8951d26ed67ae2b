// Installs the seccomp filter on this thread; from here on only the one prepared execve can start a program.

import type { Kernel } from '../kernel.ts';
import type { SeccompPlan } from '../launch-plan.ts';
import { compileFilter, encodeFilter } from '../seccomp/bpf-program.ts';
import { filterRules } from '../seccomp/filter-rules.ts';
import type { ExecArguments } from './exec.ts';

/** seccomp(2), <linux/seccomp.h>. */
const setModeFilter = 1;

function buildFilter(plan: SeccompPlan, execve: ExecArguments): Buffer {
  const rules = filterRules(plan.arch, { ...plan, pid: process.pid, execve });
  return encodeFilter(compileFilter(plan.arch, rules));
}

/** Builds a filter that is not used: a spare pays for V8's first compilation (4 ms) while it waits, not its first call. */
export function rehearseFilter(kernel: Kernel): void {
  const plan = {
    arch: kernel.arch,
    tcp: true,
    udp: true,
    truncateGoverned: true,
    signalsScoped: true,
    sharedWrites: true,
  };
  buildFilter(plan, { file: 0n, argv: 0n, envp: 0n });
}

/** Needs no_new_privs. */
export function enterFilter(kernel: Kernel, plan: SeccompPlan, execve: ExecArguments): void {
  const program = buildFilter(plan, execve);
  const fprog = Buffer.alloc(16); // struct sock_fprog of <linux/filter.h>
  fprog.writeUInt16LE(program.length / 8);
  fprog.writeBigUInt64LE(kernel.place(program), 8);
  kernel.call('seccomp', setModeFilter, 0, kernel.place(fprog));
}
