// A step of the launcher that failed: named on stderr in one line, and by the exit status.

import { writeSync } from 'node:fs';
import { errnoName, KernelError } from '../kernel.ts';
import { type LauncherStep, launcherExitCodes } from '../launcher-protocol.ts';

export class LaunchFailure extends Error {
  readonly step: LauncherStep;

  constructor(step: LauncherStep, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'LaunchFailure';
    this.step = step;
  }
}

/** Runs one step; whatever it throws is from then on a failure of that step. */
export function runStep<T>(step: LauncherStep, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new LaunchFailure(step, error);
  }
}

function say(line: Readonly<Record<string, unknown>>): void {
  try {
    writeSync(2, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads stderr any more; the exit status still tells.
  }
}

/** A grant that was left out because it is a link. */
export function noteSkippedLink(path: string): void {
  say({ launcher: 'note', message: `cannot grant ${path}: it is a link or lies behind one` });
}

/** Prints the line and returns the exit status. */
export function reportFailure(error: unknown): number {
  const failure = error instanceof LaunchFailure ? error : new LaunchFailure('unexpected', error);
  const { cause } = failure;
  const detail = cause instanceof KernelError ? { call: cause.call, errno: errnoName(cause.errno) } : {};
  const message = failure.message.startsWith('cannot ')
    ? failure.message
    : `cannot start: ${failure.message}`;
  say({ launcher: 'failed', step: failure.step, ...detail, message });
  return launcherExitCodes[failure.step];
}
