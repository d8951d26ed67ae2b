// Runs attacks as what they would be: functions of this product, found by its discovery, started by its supervisor and
// launcher, called over its protocol. For each run a fresh world and a fresh worker; one layer or another of the jail is
// taken away where that is asked.

import { chmodSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import { readAttackProgram } from '../config/attack-programs.ts';
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
import { AwaitedWorkers } from './awaited-workers.ts';
import { callWorker } from './call-worker.ts';
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

interface RunnerParts extends WorkerBook, WorkerProcesses, AttackRunnerOptions {
  /** Holds the worlds. */
  readonly folder: string;
  readonly endings: AsyncDisposableStack;
}

export class AttackRunner {
  readonly #parts: RunnerParts;
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
    return new AttackRunner({ ...options, ...book, ...processes, config, folder, endings: building.move() });
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
    await this.#parts.endings.disposeAsync();
  }

  async #runTogether(request: AttackRequest): Promise<Outcomes> {
    this.#runs += 1;
    const { attack } = request;
    const { folder, layout, config } = this.#parts;
    const world = await createAttackWorld({
      folder: join(folder, `w${this.#runs}`),
      ...filesOf(attack, layout),
      readableByAll: config.workerUser !== null,
    });
    try {
      return await this.#runIn(world, request);
    } finally {
      await world.close();
    }
  }

  async #runIn(world: AttackWorld, request: AttackRequest): Promise<Outcomes> {
    const { config, scan, tempDirs, supervisor } = this.#parts;
    const stateDir = join(world.root, '.fastfn');
    const { functions } = await scan({ ...config, functionsRoot: world.root, stateDir });
    const unitOf = (name: string): FunctionUnit => {
      const unit = [...functions.values()].find((each) => each.dir === join(world.root, name));
      if (unit === undefined) throw new Error(`cannot find the function ${name} in the attack world`);
      return unit;
    };
    const siblingSpec = planWorker(this.#parts.planner, unitOf('sibling'), `sibling-${this.#runs}`, {});
    const sibling = this.#start(siblingSpec, 'guarded');
    try {
      const { pid } = await sibling.ready;
      const facts = {
        ...world.facts,
        siblingPid: pid,
        siblingTemp: tempDirs.get(siblingSpec.poolKey) ?? '',
        workerSocket: supervisor.socketPath(request.attack.language),
        only: request.attempts,
        jailed: request.level !== 'none',
        alone: false,
      };
      const attacker = this.#planAttacker(unitOf('attacker'), world, request, facts);
      return await this.#attack(attacker, world, request);
    } finally {
      await sibling.end();
    }
  }

  #planAttacker(
    unit: FunctionUnit,
    world: AttackWorld,
    { attack, level }: AttackRequest,
    facts: WorldFacts,
  ): WorkerSpec {
    const guarded = level === 'guarded';
    // The guard's flags follow the policy: without it the command line must not have them.
    const policy = guarded ? unit.policy : { ...unit.policy, strictFs: false };
    const poolKey = `attacker-${this.#runs}`;
    const spec = planWorker(this.#parts.planner, { ...unit, policy }, poolKey, {
      ATTACK_WORLD: JSON.stringify(facts),
    });
    return { ...spec, sandbox: sandboxAtLevel(spec.sandbox, attack, world) };
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
    const timer = systemClock.after(runLimitMs, () => void attacker.end());
    try {
      const { connection } = await attacker.ready;
      const answer = await Promise.race([callWorker(connection, runLimitMs), attacker.gone]);
      if ('text' in answer) return JSON.parse(answer.text) as Outcomes;
      const [only] = request.attempts;
      const cause = answer.cause === 'crashed' ? 'died' : answer.cause;
      if (request.attack.fatal === true && only !== undefined) return { [only]: cause };
      throw new Error(`cannot run the attacks of ${request.attack.name}: their process ended (${cause})`);
    } finally {
      timer.cancel();
      await attacker.end();
    }
  }
}

const endings = { python: 'py', node: 'js', php: 'php' } as const;
/** What the programs of a language have in common. */
const sharedPrograms = { python: '_attempt.py', node: '_attempt.js', php: null } as const;
const idle = {
  python: 'def handler(event):\n    return "idle"\n',
  node: "exports.handler = () => 'idle';\n",
  php: '<?php function handler($event) { return "idle"; }\n',
} as const;

/** The attack's program as a function's files, and those of a function that does nothing. */
function filesOf({ name, language }: AttackClass<ProvenLanguage>, layout: Layout) {
  const ending = endings[language];
  const program = `handler.${ending}`;
  const shared = sharedPrograms[language];
  return {
    attacker: {
      [program]: readAttackProgram(layout, `${name}/${program}`),
      ...(shared === null ? {} : { [shared]: readAttackProgram(layout, shared) }),
    },
    sibling: { [program]: idle[language] },
  };
}

function alterPlan(book: WorkerBook, plan: LaunchPlan, { poolKey }: WorkerSpec): LaunchPlan {
  book.tempDirs.set(poolKey, plan.workingDir);
  return planAtLevel(plan, book.levels.get(poolKey) ?? 'guarded');
}
