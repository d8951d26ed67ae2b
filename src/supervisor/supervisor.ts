// Owns every worker process, spare launcher, runtime socket and worker folder of a gateway, and ends them. Tells its
// listener which workers are ready and which are gone; who wants workers, and why, is the pools' affair.

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { LaunchPlan } from '../sandbox/launch-plan.ts';
import { afterEnd, type BackoffState, healthyMs, noBackoff } from './backoff.ts';
import type { WorkerCgroups } from './cgroup.ts';
import type { LauncherCommand } from './launcher-process.ts';
import { LauncherSupply } from './launcher-supply.ts';
import { RuntimeSockets } from './runtime-sockets.ts';
import { removeAbandonedTempDirs, type TempOwner, WorkerTempDirs } from './temp-dir.ts';
import { UsageWatch } from './usage-watch.ts';
import { type LaunchPlace, WorkerProcess, type WorkerState } from './worker-process.ts';
import type { DeathCause, SupervisorListener, WorkerSpec } from './worker-spec.ts';

const defaultStartTimeoutMs = 10_000;
/** `close` first asks, then kills; together they bound it. ms */
const closeGraceMs = 1_500;
const closeKillMs = 1_500;
/** A pool that failed is remembered for its backoff only; old versions of functions must not pile up. */
const maxRememberedPools = 512;

export interface SupervisorOptions {
  readonly listener: SupervisorListener;
  readonly launcher: LauncherCommand;
  /** For plans with a root that another program must make the namespace for. Default: there is none. */
  readonly namespaceLauncher?: () => LauncherCommand | null;
  readonly spareLaunchers: number;
  /** Usually `planLaunch` of the sandbox with this host's capabilities; throws when the sandbox is required and missing. */
  readonly planLaunch: (spec: WorkerSpec, place: LaunchPlace) => LaunchPlan;
  /** SO_PEERCRED of a connected Unix socket. */
  readonly peerPid: (fd: number) => number | null;
  readonly sockets: {
    readonly baseDir: string;
    readonly runtimes: readonly RuntimeName[];
    readonly paths: ReadonlyMap<RuntimeName, string>;
  };
  /** Existing folder without links in which the workers' folders are made, for example /tmp. */
  readonly tempParent: string;
  /** User that workers become, when it is not the gateway's. */
  readonly workerUser?: TempOwner | null;
  /** Where each worker gets a cgroup; null where the host lends us none. */
  readonly cgroups?: WorkerCgroups | null;
  /** From the decision to ready, ms. Default 10,000. */
  readonly startTimeoutMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
  /** 0 to 1, for the backoff. Default Math.random. */
  readonly random?: () => number;
}

export interface WorkerSnapshot {
  readonly workerId: string;
  readonly functionKey: string;
  readonly runtime: RuntimeName;
  readonly pid: number;
  readonly state: WorkerState;
  /** ms since the start was asked for. */
  readonly ageMs: number;
}

export interface SupervisorSnapshot {
  readonly workers: readonly WorkerSnapshot[];
  readonly spares: number;
  /** Functions whose workers failed since they were last healthy. */
  readonly failing: readonly FailingPool[];
}

export interface FailingPool {
  readonly functionKey: string;
  readonly runtime: RuntimeName;
  readonly cause: DeathCause;
  readonly failures: number;
  /** ms until a start is allowed again; 0 = now. */
  readonly retryInMs: number;
}

interface PoolRecord {
  readonly backoff: BackoffState;
  readonly spec: WorkerSpec;
  readonly cause: DeathCause;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #sockets: RuntimeSockets;
  readonly #spares: LauncherSupply;
  readonly #tempDirs: WorkerTempDirs;
  readonly #usageWatch: UsageWatch;
  readonly #workers = new Map<string, WorkerProcess>();
  readonly #failing = new Map<string, PoolRecord>();
  #lastId = 0;
  #closing: Promise<void> | null = null;
  #allBuried: (() => void) | null = null;

  private constructor(options: SupervisorOptions, sockets: RuntimeSockets) {
    this.#options = options;
    this.#sockets = sockets;
    this.#tempDirs = new WorkerTempDirs(options.tempParent, options.workerUser ?? null);
    this.#usageWatch = new UsageWatch(options.clock);
    const spares = {
      command: options.launcher,
      count: options.spareLaunchers,
      clock: options.clock,
      log: options.log,
      ...(options.random === undefined ? {} : { random: options.random }),
    };
    this.#spares = new LauncherSupply(spares, options.namespaceLauncher);
  }

  /**
   * Opens the sockets and starts the spares.
   * @throws Error when a socket's path or folder cannot be used
   */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const { sockets, peerPid, clock, log, tempParent } = options;
    await removeAbandonedTempDirs(tempParent).catch((error: unknown) => {
      log.warn({ err: error }, "cannot remove a dead gateway's temp folder");
    });
    return new Supervisor(options, await RuntimeSockets.listen({ ...sockets, peerPid, clock, log }));
  }

  /** Path on which the workers of a runtime are awaited. */
  socketPath(runtime: RuntimeName): string {
    return this.#sockets.path(runtime);
  }

  /** Begins to start a worker and returns its id; exactly one `workerGone` follows, perhaps a `workerReady` before. */
  start(spec: WorkerSpec): string {
    this.#lastId += 1;
    const { clock, log, planLaunch, startTimeoutMs = defaultStartTimeoutMs } = this.#options;
    const deps = {
      clock,
      log,
      sockets: this.#sockets,
      spares: this.#spares,
      tempDirs: this.#tempDirs,
      usageWatch: this.#usageWatch,
      cgroups: this.#options.cgroups ?? null,
      planLaunch,
      startTimeoutMs,
    };
    const worker = new WorkerProcess(`w-${this.#lastId}`, spec, deps, {
      ready: (ready, message, connection) => {
        this.#options.metrics?.startSeconds.observe(
          { runtime: spec.runtime },
          (clock.now() - ready.startedAt) / 1000,
        );
        this.#count(spec.runtime);
        const { poolKey } = spec;
        const { concurrency } = message;
        this.#options.listener.workerReady({
          workerId: ready.id,
          poolKey,
          pid: ready.pid,
          concurrency,
          connection,
        });
      },
      gone: (gone, cause, message) => this.#gone(gone, cause, message),
      buried: (buried) => this.#buried(buried),
    });
    this.#workers.set(worker.id, worker);
    this.#count(spec.runtime);
    // Later, so that the caller knows the id before it hears of it.
    queueMicrotask(() => (this.#closing === null ? worker.begin() : worker.kill('drain')));
    return worker.id;
  }

  /** Lets it exit by itself, within bounds. Unknown ids are ignored: it may have died on its own. */
  stop(workerId: string, cause: DeathCause): void {
    this.#workers.get(workerId)?.stop(cause);
  }

  /** Ends its process group now. */
  kill(workerId: string, cause: DeathCause): void {
    this.#workers.get(workerId)?.kill(cause);
  }

  /** Ends everything and waits for it, a few seconds at most. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  snapshot(): SupervisorSnapshot {
    const now = this.#options.clock.now();
    const workers = [...this.#workers.values()].map((worker) => ({
      workerId: worker.id,
      functionKey: worker.spec.functionKey,
      runtime: worker.spec.runtime,
      pid: worker.pid,
      state: worker.state,
      ageMs: Math.round(now - worker.startedAt),
    }));
    for (const worker of this.#workers.values()) {
      const { state, readyAt } = worker;
      if (state === 'ready' && now - (readyAt ?? now) >= healthyMs) this.#failing.delete(worker.spec.poolKey);
    }
    const failing = [...this.#failing.values()].map(({ backoff, spec, cause }) => ({
      functionKey: spec.functionKey,
      runtime: spec.runtime,
      cause,
      failures: backoff.failures,
      retryInMs: Math.max(0, Math.round(backoff.retryAt - now)),
    }));
    return { workers, spares: this.#spares.waiting, failing };
  }

  #gone(worker: WorkerProcess, cause: DeathCause, message: string): void {
    const { clock, metrics, listener, random = Math.random } = this.#options;
    const { spec, readyAt } = worker;
    const now = clock.now();
    const before = this.#failing.get(spec.poolKey)?.backoff ?? noBackoff;
    const ended = { cause, readyMs: readyAt === null ? null : now - readyAt };
    const backoff = afterEnd(before, ended, now, random());
    if (backoff.failures === 0) this.#failing.delete(spec.poolKey);
    else if (backoff !== before) this.#remember(spec, backoff, cause);
    metrics?.restarts.inc({ runtime: spec.runtime, cause });
    listener.workerGone({
      workerId: worker.id,
      poolKey: spec.poolKey,
      cause,
      message,
      retryAt: backoff.retryAt,
    });
  }

  #remember(spec: WorkerSpec, backoff: BackoffState, cause: DeathCause): void {
    // Deleted first, so that the map stays in order of the last failure and the oldest is forgotten.
    this.#failing.delete(spec.poolKey);
    this.#failing.set(spec.poolKey, { spec, backoff, cause });
    const [oldest] = this.#failing.keys();
    if (this.#failing.size > maxRememberedPools && oldest !== undefined) this.#failing.delete(oldest);
  }

  #buried(worker: WorkerProcess): void {
    this.#workers.delete(worker.id);
    this.#count(worker.spec.runtime);
    if (this.#workers.size === 0) this.#allBuried?.();
  }

  #count(runtime: RuntimeName): void {
    const gauge = this.#options.metrics?.workers;
    if (gauge === undefined) return;
    const counts: Record<WorkerState, number> = {
      initial: 0,
      starting: 0,
      ready: 0,
      draining: 0,
      stopped: 0,
    };
    for (const worker of this.#workers.values()) {
      if (worker.spec.runtime === runtime) counts[worker.state] += 1;
    }
    for (const state of ['starting', 'ready', 'draining'] as const)
      gauge.set({ runtime, state }, counts[state]);
  }

  async #close(): Promise<void> {
    const sparesEnded = this.#spares.close();
    for (const worker of this.#workers.values()) worker.stop('drain');
    if (!(await this.#waitForBurials(closeGraceMs))) {
      for (const worker of this.#workers.values()) worker.kill('drain');
      if (!(await this.#waitForBurials(closeKillMs))) {
        this.#options.log.error({ workers: this.#workers.size }, 'cannot end all workers');
      }
    }
    await sparesEnded;
    this.#usageWatch.close();
    this.#options.cgroups?.close();
    this.#sockets.close();
    try {
      this.#tempDirs.close();
    } catch (error) {
      this.#options.log.error({ err: error }, "cannot remove the workers' temp folder");
    }
  }

  #waitForBurials(ms: number): Promise<boolean> {
    if (this.#workers.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, () => resolve(false));
      this.#allBuried = () => {
        timer.cancel();
        resolve(true);
      };
    });
  }
}
