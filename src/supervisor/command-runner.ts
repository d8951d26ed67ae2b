// Runs commands that are no workers, the steps of builds: each in a launcher of its own, with a deadline and limits for its
// whole process group. Promises that when `run` settles none of its processes is left to write anywhere.

import { setPriority } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ResourceLimits } from '../policy/sandbox-policy.ts';
import type { LaunchPlan } from '../sandbox/launch-plan.ts';
import type { WorkerCgroups } from './cgroup.ts';
import { type BoundFolder, CommandLimits } from './command-limits.ts';
import { readGroup } from './group-usage.ts';
import { type LauncherCommand, LauncherProcess } from './launcher-process.ts';
import { OutputTail } from './output-tail.ts';
import { defaultOutputLimits } from './worker-output.ts';

export interface CommandSpec {
  /** For the log, for example `pip install of python/a@default`. */
  readonly name: string;
  readonly plan: LaunchPlan;
  readonly limits: ResourceLimits;
  readonly folders: readonly BoundFolder[];
  readonly timeoutMs: number;
}

export type CommandEnd =
  | { readonly kind: 'ok' }
  /** In words, for example `exit status 1`; `cannot …` when it never began. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'timeout' }
  /** Which limit, for example `memory limit exceeded (2048 MiB)`. */
  | { readonly kind: 'limit'; readonly text: string }
  | { readonly kind: 'cancelled' };

export type CommandOutcome = CommandEnd & {
  /** Last lines of each, bounded. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
};

export interface CommandRunnerOptions {
  readonly launcher: LauncherCommand;
  /** null: this host lends us none. */
  readonly cgroups: WorkerCgroups | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** Only the last lines are kept, so all may be read: a burst of errors must not hide the last one. */
const outputLimits = { ...defaultOutputLimits, maxLines: 100_000, maxLoggedBytes: 16_777_216 };
/** After the leader's end its pipes are closed at once, or when a flood may be read again (worker-output.ts). ms */
const lastWordsMs = 1_500;
/** setpriority(2): requests go before builds. Inherited by all that the command starts. */
const niceness = 10;
/** A group that was killed is gone within milliseconds; a process in uninterruptible sleep may take longer. ms */
const reapLimitMs = 5_000;
const reapPollMs = 20;

export class CommandRunner {
  readonly #options: CommandRunnerOptions;
  readonly #running = new Map<LauncherProcess, AbortController>();
  readonly #ended = new Set<Promise<unknown>>();
  #lastId = 0;
  #closed = false;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  /** Every process of every command that runs. */
  pids(): number[] {
    return [...this.#running.keys()].flatMap(({ pid }) => (pid > 0 ? readGroup(pid).pids : []));
  }

  /** Never rejects. */
  run(spec: CommandSpec, signal: AbortSignal): Promise<CommandOutcome> {
    if (this.#closed || signal.aborted) return Promise.resolve({ kind: 'cancelled', stdout: [], stderr: [] });
    const running = this.#run(spec, signal);
    this.#ended.add(running);
    void running.finally(() => this.#ended.delete(running));
    return running;
  }

  /** Kills what runs and waits for its end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#running.values()) controller.abort();
    await Promise.allSettled(this.#ended);
  }

  async #run(spec: CommandSpec, signal: AbortSignal): Promise<CommandOutcome> {
    const { launcher: command, clock, log, cgroups } = this.#options;
    const tail = new OutputTail();
    const launcher = new LauncherProcess(command, clock, log, { sink: tail, limits: outputLimits });
    const stopped = new AbortController();
    this.#running.set(launcher, stopped);
    makeWay(launcher.pid);
    this.#lastId += 1;
    const cgroup =
      launcher.pid > 0 ? (cgroups?.place(`b-${this.#lastId}`, launcher.pid, spec.limits) ?? null) : null;
    const end = await this.#watch(launcher, spec, AbortSignal.any([signal, stopped.signal]));
    await this.#bury(launcher, spec);
    this.#running.delete(launcher);
    const outOfMemory = end.kind === 'failed' && cgroup?.isOutOfMemory() === true;
    cgroup?.remove();
    const { stdout, stderr, launchFailure } = tail;
    if (outOfMemory) return { kind: 'limit', text: 'memory limit exceeded', stdout, stderr };
    if (end.kind === 'failed' && launchFailure !== null)
      return { kind: 'failed', reason: launchFailure, stdout, stderr };
    return { ...end, stdout, stderr };
  }

  /** Gives it its plan and waits for the first reason to end. */
  #watch(launcher: LauncherProcess, spec: CommandSpec, signal: AbortSignal): Promise<CommandEnd> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const end = (how: CommandEnd) => {
        timer.cancel();
        limits.close();
        signal.removeEventListener('abort', cancel);
        resolve(how);
      };
      const cancel = () => end({ kind: 'cancelled' });
      const timer = clock.after(spec.timeoutMs, () => end({ kind: 'timeout' }));
      const limited = { group: launcher.pid, limits: spec.limits, folders: spec.folders };
      const limits = new CommandLimits(limited, clock, (text) => end({ kind: 'limit', text }));
      signal.addEventListener('abort', cancel);
      launcher.whenExited((exit) =>
        end(exit === 'exit status 0' ? { kind: 'ok' } : { kind: 'failed', reason: exit }),
      );
      launcher.become(spec.plan);
    });
  }

  /** Kills whoever is left of the group, reads the last words, and waits until nobody is left. */
  async #bury(launcher: LauncherProcess, { name }: CommandSpec): Promise<void> {
    const { clock, log } = this.#options;
    launcher.group.signal('SIGKILL');
    await new Promise<void>((resolve) => launcher.whenExited(() => resolve()));
    await Promise.race([launcher.output.ended(), pause(clock, lastWordsMs)]);
    launcher.output.close();
    if (launcher.pid <= 0) return;
    const until = clock.now() + reapLimitMs;
    while (readGroup(launcher.pid).pids.length > 0) {
      if (clock.now() > until) {
        log.error({ name, group: launcher.pid }, 'cannot end all processes of a build');
        return;
      }
      await pause(clock, reapPollMs);
    }
  }
}

function makeWay(pid: number): void {
  try {
    if (pid > 0) setPriority(pid, niceness);
  } catch {
    // ESRCH: it has ended already, and its exit tells why.
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
