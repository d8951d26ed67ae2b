// One launcher as a child process: starts generic, gets one plan, becomes one worker or one step of a build, with the same
// pid. What it writes is
// drained from its first byte, so that a start that fails leaves its reason.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { encodeLaunchPlan, type LaunchPlan } from '../sandbox/launch-plan.ts';
import { ProcessGroup } from './process-group.ts';
import { defaultOutputLimits, type OutputLimits, type OutputSink, WorkerOutput } from './worker-output.ts';

export interface LauncherCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the launcher; the worker's comes with the plan. */
  readonly env: Readonly<Record<string, string>>;
}

/** Where its lines go instead of the log. */
export interface OutputTaker {
  readonly sink: OutputSink;
  readonly limits: OutputLimits;
}

export class LauncherProcess {
  readonly group: ProcessGroup;
  readonly output: WorkerOutput;
  /** Names the worker in log lines, once it is one. */
  label: Readonly<Record<string, string>> = { worker: 'spare' };
  /** Takes out of its output what no log line may hold. */
  mask: (text: string) => string = (text) => text;
  readonly #child: ChildProcess;
  /** Why it ended, in words for the log. */
  #exit: string | null = null;
  #onExit: ((exit: string) => void) | null = null;

  constructor(command: LauncherCommand, clock: Clock, log: Log, taker?: OutputTaker) {
    this.#child = spawn(command.file, command.args, {
      cwd: '/',
      env: command.env,
      // Its own session and process group, so that it can be ended with all it started.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.group = new ProcessGroup(this.#child);
    const toLog: OutputSink = {
      line: (stream, text) => log.info({ ...this.label, stream }, this.mask(text)),
      dropped: (bytes) => log.warn({ ...this.label, bytes }, 'worker output left out of the log'),
    };
    this.output = new WorkerOutput(clock, taker?.sink ?? toLog, taker?.limits ?? defaultOutputLimits);
    const { stdin, stdout, stderr } = this.#child;
    if (stdout !== null) this.output.attach('stdout', stdout);
    if (stderr !== null) this.output.attach('stderr', stderr);
    // EPIPE: it died before it read its plan; the exit tells.
    stdin?.on('error', () => {});
    this.#child.once('error', (error) => this.#exited(`cannot be started: ${error.message}`));
    this.#child.once('exit', (code, signal) => {
      this.group.sweep();
      this.#exited(signal === null ? `exit status ${code}` : `signal ${signal}`);
    });
  }

  /** -1 when it could not be spawned. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** null while it runs. */
  get exit(): string | null {
    return this.#exit;
  }

  /** One listener; a later one replaces it. Called at once when it has already exited. */
  whenExited(listener: (exit: string) => void): void {
    this.#onExit = listener;
    if (this.#exit !== null) listener(this.#exit);
  }

  /** Sends the one plan it waits for. */
  become(plan: LaunchPlan): void {
    this.#child.stdin?.end(encodeLaunchPlan(plan));
  }

  #exited(exit: string): void {
    if (this.#exit !== null) return;
    this.#exit = exit;
    this.#onExit?.(exit);
  }
}
