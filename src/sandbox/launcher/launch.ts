// One spare launcher from start to execve, step by step in the order that the kernel needs; every step is its own file.

import { chdir } from 'node:process';
import { type Kernel, openKernel } from '../kernel.ts';
import type { LaunchPlan } from '../launch-plan.ts';
import { arrangeDescriptors } from './descriptors.ts';
import { dial } from './dial.ts';
import { execute, placeExecArguments, restoreSignals } from './exec.ts';
import { LaunchFailure, reportFailure, runStep } from './failure.ts';
import { enterLandlock } from './landlock.ts';
import { enterRoot } from './minimal-root.ts';
import { readPlan } from './plan-input.ts';
import { dieWithParent, dropPrivileges } from './privileges.ts';
import { applyRlimits, volunteerForOomKiller } from './rlimits.ts';
import { enterFilter, rehearseFilter } from './system-call-filter.ts';

function becomeWorker(kernel: Kernel, plan: LaunchPlan, parentPid: number): never {
  const { socketPath, token } = plan;
  const connection = socketPath === null ? null : runStep('dial', () => dial(kernel, socketPath, token));
  runStep('descriptors', () => arrangeDescriptors(kernel, connection));
  runStep('rlimits', () => {
    volunteerForOomKiller();
    applyRlimits(kernel, plan.rlimits);
  });
  const root = plan.jail?.root ?? null;
  if (root !== null) runStep('namespace', () => enterRoot(kernel, root));
  runStep('privileges', () => {
    dropPrivileges(kernel, plan);
    dieWithParent(kernel, parentPid);
    chdir(plan.workingDir);
  });
  const landlock = plan.jail?.landlock ?? null;
  if (landlock !== null) runStep('landlock', () => enterLandlock(kernel, landlock));
  const execArguments = runStep('exec', () => {
    restoreSignals(kernel);
    return placeExecArguments(kernel, plan);
  });
  const seccomp = plan.jail?.seccomp ?? null;
  if (seccomp !== null) runStep('seccomp', () => enterFilter(kernel, seccomp, execArguments));
  return runStep('exec', () => execute(kernel, execArguments));
}

/** By a bare system call: Node's own way out uses descriptors that may be closed by now, and aborts. */
function exit(status: number): never {
  openKernel().call('exit_group', status);
  throw new Error('cannot exit: exit_group returned');
}

/** Waits for the plan and becomes the worker; ends the process when there is no plan or a step failed. */
export function launch(): never {
  const parentPid = process.ppid;
  try {
    const kernel = runStep('platform', openKernel);
    rehearseFilter(kernel);
    const plan = runStep('plan', () => readPlan(kernel));
    if (plan !== null) becomeWorker(kernel, plan, parentPid);
  } catch (error) {
    const status = reportFailure(error);
    if (error instanceof LaunchFailure && error.step === 'platform') process.exit(status);
    exit(status);
  }
  return exit(0);
}
