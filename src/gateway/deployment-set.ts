// What serves the current catalog: one deployment and one pool of workers per function version. Functions whose files
// and policy did not change keep theirs over a reload; the rest are replaced, and the replaced drain.

import type { Artifact } from '../build/build-plan.ts';
import type { Clock } from '../clock.ts';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { Deployment } from '../invocation/deployment.ts';
import type { Metrics } from '../metrics.ts';
import type { GoneWorker, ReadyWorker, SupervisorListener, WorkerSpec } from '../supervisor/worker-spec.ts';
import { WorkerPool, type WorkerProcesses } from '../workers/pool.ts';
import type { FunctionEnvironment } from './function-environments.ts';

/** A call that was admitted before the change may run to its deadline, and its worker has this long to end, ms. */
const drainMarginMs = 1_000;

/** A stream whose worker is to go, since its function has changed or a call beside it hangs, has this long to end, ms. */
const streamFarewellMs = 30_000;

/** How often a drain looks whether the last call has ended, ms. */
const drainPollMs = 10;

export interface DeploymentSetOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly root: string;
  readonly processes: {
    start(spec: WorkerSpec): string;
    stop: WorkerProcesses['stop'];
    kill: WorkerProcesses['kill'];
  };
  readonly plan: (
    unit: FunctionUnit,
    poolKey: string,
    env: Readonly<Record<string, string>>,
    artifact: Artifact | null,
  ) => WorkerSpec;
  /** Most processes of one function whose workers take many calls each. */
  readonly maxSharedProcesses: (unit: FunctionUnit) => number;
  /** Most processes of one function whose workers take one call each and that sets no limit of its own. */
  readonly maxSingleProcesses: number;
  readonly hasIdleProcessor: () => boolean;
  readonly isServed: (unit: FunctionUnit) => boolean;
  readonly environmentOf: (unit: FunctionUnit) => FunctionEnvironment;
  /** Values that no log line may hold from now on. */
  readonly maskInLog: (values: Iterable<string>) => void;
  /** Whether a function can be served as it is now. */
  readonly readinessOf: (unit: FunctionUnit) => Readiness;
}

export type Readiness =
  /** With what was built for it, if anything had to be. */
  | { readonly kind: 'ready'; readonly artifact: Artifact | null }
  /** Not built: what served before its change may go on. */
  | { readonly kind: 'waiting'; readonly keepsPrevious: boolean };

/** What a deployment is made from, beside its unit. */
interface Deployed {
  readonly identity: string;
  readonly environment: FunctionEnvironment;
  readonly artifact: Artifact | null;
}

interface Served {
  readonly deployment: Deployment;
  readonly pool: WorkerPool;
  readonly poolKey: string;
  readonly identity: string;
}

export class DeploymentSet implements SupervisorListener {
  readonly #options: DeploymentSetOptions;
  #served = new Map<string, Served>();
  /** Draining pools too: their workers still report. */
  readonly #pools = new Map<string, WorkerPool>();
  /** Pool → artifact that its workers run from, as long as it drains. */
  readonly #artifacts = new Map<string, string>();
  readonly #draining = new Set<Promise<void>>();
  #lastPool = 0;

  constructor(options: DeploymentSetOptions) {
    this.#options = options;
  }

  get deployments(): ReadonlyMap<string, Deployment> {
    return new Map([...this.#served].map(([key, served]) => [key, served.deployment]));
  }

  /** Keys of artifacts that workers run from, of draining pools too. */
  get artifactsInUse(): ReadonlySet<string> {
    return new Set(this.#artifacts.values());
  }

  /**
   * Makes the set serve `catalog`. The new map is complete when this returns; nothing is awaited, so that no request sees
   * half of a change. Faults of environment files are the scan's to tell: here such a function gets no variables.
   */
  apply(catalog: Catalog): void {
    const next = new Map<string, Served>();
    for (const unit of catalog.functions.values()) {
      if (unit.refused !== null || !this.#options.isServed(unit)) continue;
      const served = this.#servedNext(unit);
      if (served !== null) next.set(unit.key, served);
    }
    const replaced = [...this.#served].filter(([key, served]) => next.get(key) !== served);
    this.#served = next;
    for (const [, served] of replaced) this.#retire(served);
    for (const { pool } of next.values()) pool.warm();
  }

  workerReady(worker: ReadyWorker): void {
    this.#pools.get(worker.poolKey)?.workerReady(worker);
  }

  workerGone(worker: GoneWorker): void {
    this.#pools.get(worker.poolKey)?.workerGone(worker);
  }

  /**
   * Every call done or past `deadlineMs` (clock), every worker told to end. Nobody may be admitted any more; those who
   * were, and wait for a slot or still send their body, are served like those who run.
   */
  async drain(deadlineMs: number): Promise<void> {
    await this.#whenEmpty(deadlineMs);
    const pools = [...this.#pools.values()];
    await Promise.all(pools.map((pool) => pool.drain(deadlineMs)));
    await Promise.all(this.#draining);
  }

  async #whenEmpty(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const gates = [...this.#served.values()].map(({ deployment }) => deployment.gate);
    while (gates.some((gate) => gate.active + gate.queued > 0) && clock.now() < deadlineMs) {
      await new Promise<void>((resolve) => clock.after(drainPollMs, resolve));
    }
  }

  /** null: it is not built, and nothing served before. */
  #servedNext(unit: FunctionUnit): Served | null {
    const before = this.#served.get(unit.key) ?? null;
    const readiness = this.#options.readinessOf(unit);
    if (readiness.kind === 'waiting') return readiness.keepsPrevious ? before : null;
    const environment = this.#options.environmentOf(unit);
    const identity = identityOf(unit, readiness.artifact, environment.stamp);
    if (before?.identity === identity) return before;
    return this.#deploy(unit, { identity, environment, artifact: readiness.artifact });
  }

  #deploy(unit: FunctionUnit, { identity, environment, artifact }: Deployed): Served {
    const { clock, metrics, root, maskInLog } = this.#options;
    maskInLog(environment.secrets);
    const poolKey = `${unit.key}#${++this.#lastPool}`;
    const made: { deployment: Deployment | null } = { deployment: null };
    const maskSecrets = (text: string): string => made.deployment?.redactor.maskSecrets(text) ?? text;
    const plan = (): WorkerSpec => ({
      ...this.#options.plan(unit, poolKey, environment.env, artifact),
      maskSecrets,
    });
    const pool = this.#createPool(unit, plan);
    this.#pools.set(poolKey, pool);
    if (artifact !== null) this.#artifacts.set(poolKey, artifact.key);
    const deployment = new Deployment({
      unit,
      pool,
      clock,
      root,
      secrets: environment.secrets,
      eventSecrets: environment.eventSecrets,
      admissionListener: { dropped: (reason) => metrics.drops.inc({ function: unit.key, reason }) },
    });
    made.deployment = deployment;
    return { deployment, pool, poolKey, identity };
  }

  #createPool(unit: FunctionUnit, plan: () => WorkerSpec): WorkerPool {
    const { processes, clock, metrics, maxSharedProcesses, maxSingleProcesses } = this.#options;
    const { workerPool } = unit.policy;
    let spec: WorkerSpec | null = null;
    return new WorkerPool({
      clock,
      processes: {
        start: () => {
          spec ??= plan();
          return processes.start(spec);
        },
        stop: (workerId, cause) => processes.stop(workerId, cause),
        kill: (workerId, cause) => processes.kill(workerId, cause),
      },
      maxProcesses: workerPool.maxWorkers > 0 ? workerPool.maxWorkers : maxSingleProcesses,
      maxSharedProcesses: maxSharedProcesses(unit),
      minWarm: workerPool.minWarm,
      idleTtlMs: workerPool.idleTtlSeconds * 1000,
      callTimeoutMs: farewellMs(unit),
      hasIdleProcessor: this.#options.hasIdleProcessor,
      onColdStart: () => metrics.coldStarts.inc({ function: unit.key }),
    });
  }

  #retire(served: Served): void {
    const { clock } = this.#options;
    const { pool, poolKey, deployment } = served;
    const drained = pool.drain(clock.now() + farewellMs(deployment.unit) + drainMarginMs).then(() => {
      this.#pools.delete(poolKey);
      this.#artifacts.delete(poolKey);
      this.#draining.delete(drained);
    });
    this.#draining.add(drained);
  }
}

/** How long calls of a worker that is to go may still take. */
function farewellMs({ policy }: FunctionUnit): number {
  return Math.max(policy.timeoutMs, Math.min(policy.stream.maxMs, streamFarewellMs));
}

/** Everything that a worker or an admission depends on. */
function identityOf(unit: FunctionUnit, artifact: Artifact | null, environmentStamp: string): string {
  return JSON.stringify([
    unit.signature,
    unit.policy,
    unit.entry,
    unit.envFile,
    unit.readable,
    unit.listable,
    artifact?.key ?? null,
    artifact?.importPaths ?? null,
    environmentStamp,
  ]);
}
