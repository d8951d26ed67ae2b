// Runs attacks as what they would be: functions of this product, found by its discovery, started by its supervisor and
// launcher, called over its protocol. For each run a fresh world and a fresh worker; one layer or another of the jail is
// taken away where that is asked.

import { chmodSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Layout } from '../config/layout.ts';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { silentLog } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import type { WorkerConnection } from '../protocol/connection.ts';
import type { AttackClass, AttackLevel, JailLevel, Outcomes, ProvenLanguage } from '../prove/attack-class.ts';
import { type AttackWorld, createAttackWorld, type WorldFacts } from '../prove/attack-world.ts';
import { planAtLevel, sandboxAtLevel } from '../prove/jail-level.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import type { LaunchPlan } from '../sandbox/launch-plan.ts';
import { makeGatewayTempDir } from '../supervisor/temp-dir.ts';
import type { DeathCause, WorkerSpec } from '../supervisor/worker-spec.ts';
import { attackFiles, idleFiles, type WorldFiles } from './attack-files.ts';
import { AwaitedWorkers } from './awaited-workers.ts';
import { callWorker } from './call-worker.ts';
import { missingOf } from './namespace-tier.ts';
import { startPlainWorker } from './plain-worker.ts';
import { openWorkerProcesses, type WorkerProcesses } from './worker-host.ts';
import { planWorker } from './worker-plan.ts';

/** One run of one class; ours, ms. Attempts that hang count as not answered. */
const runLimitMs = 30_000;

export interface AttackRunnerOptions {
  /** Its functions root and sockets are not used: each run makes its own world. */
  readonly config: GatewayConfig;
  readonly layout: Layout;
  readonly capabilities: Capabilities;
  readonly scan: (config: GatewayConfig) => Promise<Catalog>;
}

export interface AttackRequest {
  readonly attack: AttackClass<ProvenLanguage>;
  readonly level: AttackLevel;
  readonly attempts: readonly string[];
}

/** What the runner and the supervisor's callbacks both know of the workers. */
interface WorkerBook {
  readonly workers: AwaitedWorkers;
  readonly levels: Map<string, JailLevel>;
  readonly tempDirs: Map<string, string>;
}

interface RunningWorker {
  readonly ready: Promise<{ readonly connection: WorkerConnection; readonly pid?: number }>;
  readonly gone: Promise<{ readonly cause: DeathCause }>;
  /** Kills it; resolves when it is gone. */
  end(): Promise<unknown>;
}

interface Sibling {
  readonly pid: number;
  readonly tempDir: string;
  readonly world: AttackWorld;
  alive: boolean;
}

interface RunnerParts extends WorkerBook, WorkerProcesses, AttackRunnerOptions {
  /** Holds the worlds. */
  readonly folder: string;
  readonly endings: AsyncDisposableStack;
}

export class AttackRunner {
  readonly #parts: RunnerParts;
  readonly #siblings = new Map<ProvenLanguage, Promise<Sibling>>();
  #runs = 0;

  private constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  static async open(options: AttackRunnerOptions): Promise<AttackRunner> {
    await using building = new AsyncDisposableStack();
    const folder = makeGatewayTempDir(realpathSync(tmpdir()), 'programs');
    building.defer(() => rmSync(folder, { recursive: true, force: true }));
    // Workers of another user must be able to reach what they are to attack.
    if (options.config.workerUser !== null) chmodSync(folder, 0o711);
    const config: GatewayConfig = {
      ...options.config,
      functionsRoot: folder,
      sockets: { baseDir: join(folder, 'sockets'), paths: new Map() },
      strictFs: { ...options.config.strictFs, enabled: true, locked: true },
      // A layer like the others: in force at its own level.
      sandbox: { ...options.config.sandbox, namespaceUse: 'off' },
    };
    const book: WorkerBook = { workers: new AwaitedWorkers(), levels: new Map(), tempDirs: new Map() };
    const processes = await openWorkerProcesses(
      {
        ...options,
        config,
        log: silentLog,
        metrics: createMetrics(),
        clock: systemClock,
        cgroups: null,
        alterPlan: (plan, spec) => alterPlan(book, plan, spec),
      },
      { current: book.workers },
      building,
    );
    await processes.namespace.find();
    return new AttackRunner({ ...options, ...book, ...processes, config, folder, endings: building.move() });
  }

  /** Why this host cannot give a minimal root; null: it can. */
  get namespaceMissing(): string | null {
    return missingOf(this.#parts.namespace.found);
  }

  /**
   * What each attempt met. An attempt that ended its process met `died`, or the word for what ended it (`memory`).
   * @throws Error when the program does not answer at all
   */
  async run(request: AttackRequest): Promise<Outcomes> {
    if (request.attack.fatal !== true) return this.#runTogether(request);
    const met: Record<string, string> = {};
    for (const attempt of request.attempts) {
      Object.assign(met, await this.#runTogether({ ...request, attempts: [attempt] }));
    }
    return met;
  }

  /** Ends every process and removes every file of the runs. */
  async close(): Promise<void> {
    const siblings = await Promise.allSettled(this.#siblings.values());
    for (const sibling of siblings) if (sibling.status === 'fulfilled') await sibling.value.world.close();
    await this.#parts.endings.disposeAsync();
  }

  async #runTogether(request: AttackRequest): Promise<Outcomes> {
    const run = this.#nextRun();
    const sibling = await this.#siblingOf(request.attack.language);
    const world = await this.#createWorld(`w${run}`, attackFiles(request.attack, this.#parts.layout));
    try {
      const facts = {
        ...world.facts,
        siblingPid: sibling.pid,
        siblingTemp: sibling.tempDir,
        workerSocket: this.#parts.supervisor.socketPath(request.attack.language),
        only: request.attempts,
        jailed: request.level !== 'none',
        alone: false,
      };
      const unit = await this.#unitIn(world, 'attacker');
      return await this.#attack(this.#planAttacker(unit, world, request, facts, run), world, request);
    } finally {
      await world.close();
    }
  }

  #nextRun(): number {
    this.#runs += 1;
    return this.#runs;
  }

  #createWorld(name: string, files: WorldFiles): Promise<AttackWorld> {
    const { folder, config } = this.#parts;
    return createAttackWorld({
      folder: join(folder, name),
      ...files,
      readableByAll: config.workerUser !== null,
    });
  }

  /** Found as any function is: what it may see is discovery's word. */
  async #unitIn(world: AttackWorld, name: string): Promise<FunctionUnit> {
    const { config, scan } = this.#parts;
    const stateDir = join(world.root, '.fastfn');
    const { functions } = await scan({ ...config, functionsRoot: world.root, stateDir });
    const unit = [...functions.values()].find((each) => each.dir === join(world.root, name));
    if (unit === undefined) throw new Error(`cannot find the function ${name} in the attack world`);
    return unit;
  }

  /** Another function of the same gateway, running: one for all attacks in a language, a new one if an attack ended it. */
  async #siblingOf(language: ProvenLanguage): Promise<Sibling> {
    const known = await this.#siblings.get(language);
    if (known?.alive === true) return known;
    await known?.world.close();
    const started = this.#startSibling(language);
    this.#siblings.set(language, started);
    return started;
  }

  async #startSibling(language: ProvenLanguage): Promise<Sibling> {
    const poolKey = `sibling-${this.#nextRun()}`;
    const world = await this.#createWorld(poolKey, idleFiles(language));
    const spec = planWorker(this.#parts.planner, await this.#unitIn(world, 'sibling'), poolKey, {});
    const worker = this.#start(spec, 'guarded');
    const { pid = 0 } = await worker.ready;
    const sibling = { pid, tempDir: this.#parts.tempDirs.get(poolKey) ?? '', alive: true, world };
    void worker.gone.then(() => {
      sibling.alive = false;
    });
    return sibling;
  }

  #planAttacker(
    unit: FunctionUnit,
    world: AttackWorld,
    { attack, level }: AttackRequest,
    facts: WorldFacts,
    run: number,
  ): WorkerSpec {
    const guarded = level === 'guarded';
    // The guard's flags follow the policy: without it the command line must not have them.
    const policy = guarded ? unit.policy : { ...unit.policy, strictFs: false };
    const spec = planWorker(this.#parts.planner, { ...unit, policy }, `attacker-${run}`, {
      ATTACK_WORLD: JSON.stringify(facts),
    });
    return { ...spec, sandbox: sandboxAtLevel(spec.sandbox, attack, level, world) };
  }

  #start(spec: WorkerSpec, level: JailLevel): RunningWorker {
    const { levels, workers, supervisor } = this.#parts;
    levels.set(spec.poolKey, level);
    const { ready, gone } = workers.await(spec.poolKey);
    const workerId = supervisor.start(spec);
    return {
      ready,
      gone,
      end: () => {
        supervisor.kill(workerId, 'drain');
        return gone;
      },
    };
  }

  #startAttacker(spec: WorkerSpec, level: AttackLevel, world: AttackWorld): RunningWorker {
    return level === 'none' ? startPlainWorker(spec, world.tempDir) : this.#start(spec, level);
  }

  async #attack(spec: WorkerSpec, world: AttackWorld, request: AttackRequest): Promise<Outcomes> {
    const attacker = this.#startAttacker(spec, request.level, world);
    let late = false;
    const timer = systemClock.after(runLimitMs, () => {
      late = true;
      void attacker.end();
    });
    try {
      const { connection } = await attacker.ready;
      const answer = await Promise.race([callWorker(connection, runLimitMs), attacker.gone]);
      if ('text' in answer) return JSON.parse(answer.text) as Outcomes;
      const [only] = request.attempts;
      const cause = answer.cause === 'crashed' ? 'died' : answer.cause;
      if (request.attack.fatal === true && only !== undefined) return { [only]: cause };
      const reason = late ? `no answer in ${runLimitMs} ms` : `their process ended (${cause})`;
      throw new Error(`cannot run the attacks of ${request.attack.name}: ${reason}`);
    } finally {
      timer.cancel();
      await attacker.end();
    }
  }
}

function alterPlan(book: WorkerBook, plan: LaunchPlan, { poolKey }: WorkerSpec): LaunchPlan {
  book.tempDirs.set(poolKey, plan.workingDir);
  return planAtLevel(plan, book.levels.get(poolKey) ?? 'guarded');
}
