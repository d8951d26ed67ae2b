// One worker from its start to its burial: initial → starting → ready → draining → stopped. Each event is a method that
// looks at the state; what comes too late is ignored on purpose, and the first cause of death sticks. Promises that
// `ready` and `gone` are told at most once each, and that at the end no process, socket or folder of it is left.

import type { Socket } from 'node:net';
import type { Clock, Timer } from '../clock.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { WorkerConnection } from '../protocol/connection.ts';
import type { LoadFailedMessage, ReadyMessage } from '../protocol/messages.ts';
import type { LaunchPlan } from '../sandbox/launch-plan.ts';
import type { WorkerCgroups } from './cgroup.ts';
import type { LauncherProcess } from './launcher-process.ts';
import type { LauncherSupply } from './launcher-supply.ts';
import { processUsage } from './process-usage.ts';
import type { RuntimeSockets } from './runtime-sockets.ts';
import type { WorkerTempDirs } from './temp-dir.ts';
import type { UsageWatch } from './usage-watch.ts';
import { type LimitBreach, WorkerLimits } from './worker-limits.ts';
import type { DeathCause, WorkerSpec } from './worker-spec.ts';

export type WorkerState = 'initial' | 'starting' | 'ready' | 'draining' | 'stopped';

/** After the end of file a worker has this long to exit, then SIGTERM, then this long again, then SIGKILL. ms. */
const exitGraceMs = 500;
/** As long for work that its handlers left running behind their answers (`ctx.waitUntil`). Ours; ms. */
const backgroundGraceMs = 10_000;
/** A connection whose process is dead is at its end of file at once; a grandchild that holds it open is cut off. ms */
const lastWordsMs = 250;

/** Where one launch is to happen. */
export interface LaunchPlace {
  readonly socketPath: string;
  readonly token: string;
  readonly tempDir: string;
}

export interface WorkerProcessDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly sockets: RuntimeSockets;
  readonly spares: LauncherSupply;
  readonly tempDirs: WorkerTempDirs;
  readonly usageWatch: UsageWatch;
  /** null: this host lends us none. */
  readonly cgroups: WorkerCgroups | null;
  readonly planLaunch: (spec: WorkerSpec, place: LaunchPlace) => LaunchPlan;
  /** From `begin` to ready, ms. */
  readonly startTimeoutMs: number;
}

export interface WorkerProcessListener {
  ready(worker: WorkerProcess, message: ReadyMessage, connection: WorkerConnection): void;
  /** It takes no more calls; the process may still be dying. */
  gone(worker: WorkerProcess, cause: DeathCause, message: string): void;
  /** The process is reaped and its folder removed. */
  buried(worker: WorkerProcess): void;
}

export class WorkerProcess {
  readonly id: string;
  readonly spec: WorkerSpec;
  readonly startedAt: number;
  readyAt: number | null = null;
  readonly #deps: WorkerProcessDeps;
  readonly #listener: WorkerProcessListener;
  #state: WorkerState = 'initial';
  #launcher: LauncherProcess | null = null;
  #connection: WorkerConnection | null = null;
  #tempDir: string | null = null;
  #cause: DeathCause | null = null;
  /** Public text that goes with the cause. */
  #message = '';
  #gone = false;
  #timer: Timer | null = null;
  #limits: WorkerLimits | null = null;
  #forget: () => void = () => {};

  constructor(id: string, spec: WorkerSpec, deps: WorkerProcessDeps, listener: WorkerProcessListener) {
    this.id = id;
    this.spec = spec;
    this.#deps = deps;
    this.#listener = listener;
    this.startedAt = deps.clock.now();
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** -1 before it was launched. */
  get pid(): number {
    return this.#launcher?.pid ?? -1;
  }

  /** Takes a launcher and gives it its plan. */
  begin(): void {
    if (this.#state !== 'initial') return;
    this.#state = 'starting';
    const { clock, sockets, spares, tempDirs, planLaunch, startTimeoutMs } = this.#deps;
    try {
      this.#tempDir = tempDirs.create(this.id);
      const token = sockets.createToken();
      const socketPath = sockets.path(this.spec.runtime);
      const plan = planLaunch(this.spec, { socketPath, token, tempDir: this.#tempDir });
      const launcher = spares.take(plan);
      this.#launcher = launcher;
      launcher.mask = this.#mask;
      launcher.label = { worker: this.id, function: this.spec.functionKey };
      this.#forget = sockets.expect(token, launcher.pid, (socket, early) => {
        spares.succeeded(plan);
        this.#connected(socket, early);
      });
      this.#limits = this.#hold(launcher.pid, this.#tempDir);
      launcher.become(plan);
      launcher.whenExited((exit) => this.#exited(exit));
    } catch (error) {
      this.#deps.log.error({ ...this.#label(), err: error }, 'cannot launch a worker');
      this.kill('start_failed');
      return;
    }
    this.#timer = clock.after(startTimeoutMs, () => this.kill('start_failed'));
  }

  /** Half-closes; the worker exits by itself or is made to. */
  stop(cause: DeathCause): void {
    switch (this.#state) {
      case 'initial':
      case 'starting':
        this.kill(cause);
        return;
      case 'ready':
        this.#state = 'draining';
        this.#cause ??= cause;
        this.#connection?.close();
        this.#setTimer(this.#exitGraceMs, () => {
          this.#launcher?.group.signal('SIGTERM');
          this.#setTimer(exitGraceMs, () => this.#launcher?.group.signal('SIGKILL'));
        });
        return;
      case 'draining':
      case 'stopped':
        return;
    }
  }

  /** Ends the whole group now; calls that run hear `error`, by default that the worker has exited. */
  kill(cause: DeathCause, error?: GatewayError): void {
    if (this.#state === 'stopped') return;
    this.#cause ??= cause;
    this.#timer?.cancel();
    this.#launcher?.group.signal('SIGKILL');
    this.#leave();
    this.#connection?.destroy(error);
    if (this.#launcher === null) this.#bury();
  }

  #connected(socket: Socket, early: Buffer): void {
    if (this.#state !== 'starting' || this.#gone) {
      socket.destroy();
      return;
    }
    const connection = new WorkerConnection(
      socket,
      {
        log: (message) => this.#launcher?.output.add(message.stream, message.text),
        fault: (reason) => this.#faulted(reason),
        closed: () => this.#closed(),
        endCause: () => this.#endCause(),
        callsChanged: (running) => this.#limits?.callsChanged(running),
      },
      early,
    );
    this.#connection = connection;
    if (connection.closed) return;
    const { load } = this.spec;
    const writable = this.#tempDir === null ? load.writable : [...load.writable, this.#tempDir];
    connection.load({ ...load, writable }).then(
      (answer) => (answer.type === 'ready' ? this.#loaded(answer, connection) : this.#refused(answer)),
      // `closed` has told why.
      () => {},
    );
  }

  #loaded(answer: ReadyMessage, connection: WorkerConnection): void {
    if (this.#state !== 'starting' || this.#gone) return;
    this.#state = 'ready';
    this.#timer?.cancel();
    this.readyAt = this.#deps.clock.now();
    this.#limits?.callsChanged(0);
    this.#listener.ready(this, answer, connection);
  }

  #refused(answer: LoadFailedMessage): void {
    if (this.#state !== 'starting' || this.#gone) return;
    this.#message = answer.error;
    this.#deps.log.error(
      { ...this.#label(), error: this.#mask(answer.error), detail: this.#mask(answer.detail) },
      'cannot load function',
    );
    this.kill('load_failed');
  }

  #faulted(reason: string): void {
    this.#deps.log.error({ ...this.#label(), reason }, 'worker broke the protocol');
    this.#cause ??= 'bad_frame';
  }

  /** The connection is gone: whatever the process does now, nobody hears it. */
  #closed(): void {
    if (this.#state === 'stopped') return;
    if (this.#cause === 'bad_frame') {
      this.kill('bad_frame');
      return;
    }
    if (this.#state !== 'draining') {
      this.#cause ??= this.#ownEnd;
      // It is most likely exiting: its status and its last lines of stderr say why.
      this.#setTimer(lastWordsMs, () => this.#launcher?.group.signal('SIGKILL'));
    }
    this.#leave();
  }

  #exited(exit: string): void {
    if (this.#state === 'stopped') return;
    if (this.#cause === null || this.#cause === this.#ownEnd) {
      const stderr = this.#mask(this.#launcher?.output.tail ?? '');
      this.#deps.log.error({ ...this.#label(), state: this.#state, exit, stderr }, 'worker ended by itself');
    }
    this.#cause ??= this.#ownEnd;
    this.#limits?.close();
    // A last result may still lie in the socket: its end of file comes after it.
    if (this.#connection === null || this.#connection.closed) this.#bury();
    else this.#setTimer(lastWordsMs, () => this.#connection?.destroy());
  }

  get #exitGraceMs(): number {
    return this.spec.load.adapter === 'cloudflare-worker' ? backgroundGraceMs : exitGraceMs;
  }

  /** What an end that nobody asked for is called. */
  get #ownEnd(): DeathCause {
    return this.readyAt === null ? 'start_failed' : 'crashed';
  }

  /** Tells that it takes no more calls. */
  #leave(): void {
    if (!this.#gone) {
      this.#gone = true;
      this.#forget();
      this.#listener.gone(this, this.#cause ?? this.#ownEnd, this.#message);
    }
    if (this.#launcher !== null && this.#launcher.exit !== null) this.#bury();
  }

  #bury(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#leave();
    this.#timer?.cancel();
    this.#limits?.close();
    this.#connection?.destroy();
    this.#launcher?.output.close();
    void this.#removeTempDir().finally(() => this.#listener.buried(this));
  }

  async #removeTempDir(): Promise<void> {
    if (this.#tempDir === null) return;
    try {
      await this.#deps.tempDirs.remove(this.#tempDir);
    } catch (error) {
      this.#deps.log.error({ ...this.#label(), err: error }, "cannot remove a worker's temp folder");
    }
  }

  /** From before it gets its plan: loading a function runs its code. */
  #hold(pid: number, tempDir: string): WorkerLimits {
    const { clock, usageWatch: watch, cgroups } = this.#deps;
    const { limits } = this.spec.sandbox;
    const cgroup = pid > 0 ? (cgroups?.place(this.id, pid, limits) ?? null) : null;
    return new WorkerLimits(
      { pid, tempDir, limits, cgroup },
      { clock, watch, usage: processUsage },
      (breach) => {
        if (this.#state !== 'stopped') this.kill(breach.cause, this.#report(breach));
      },
    );
  }

  /** The kernel may have ended it for a limit before we looked. */
  #endCause(): GatewayError | null {
    const breach = this.#limits?.killedByKernel() ?? null;
    if (breach === null) return null;
    this.#cause ??= breach.cause;
    return this.#report(breach);
  }

  #report({ cause, text, used }: LimitBreach): GatewayError {
    this.#message = text;
    this.#deps.log.warn({ ...this.#label(), limit: cause, used }, `worker ended: ${text}`);
    return new GatewayError('worker_crashed', { text: `runtime error: ${text}` });
  }

  #setTimer(ms: number, fire: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(ms, fire);
  }

  readonly #mask = (text: string): string => this.spec.maskSecrets?.(text) ?? text;

  #label(): Record<string, string> {
    return { worker: this.id, function: this.spec.functionKey };
  }
}
