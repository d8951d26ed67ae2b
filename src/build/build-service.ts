// Dependencies and programs of all functions: plans what each needs, builds what is missing once for each content, outside
// of any request, and says at any moment how it stands. What serves meanwhile is the deployments' affair.

import { existsSync } from 'node:fs';
import pLimit from 'p-limit';
import type { Clock } from '../clock.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import { ArtifactStore } from './artifact-store.ts';
import { BuildFailures } from './build-failures.ts';
import { BuildJobs } from './build-jobs.ts';
import { type BuildEntry, BuildJournal } from './build-journal.ts';
import { BuildPlace, type FolderCare } from './build-place.ts';
import type { BuildPlan, DependencyReport } from './build-plan.ts';
import { type BuildPlanner, type BuildTools, PlanFault } from './build-planner.ts';
import { type BuildEnd, type BuildRunDeps, hostFailure, planningFailure, runBuild } from './build-run.ts';
import type { BuildHost } from './build-sandbox.ts';
import type { BuildState } from './build-state.ts';
import { BuildUpkeep } from './build-upkeep.ts';
import { type BuildFault, mask } from './failure-text.ts';
import type { DependencyState } from './state-file.ts';
import type { StepRunner } from './step-runner.ts';
import type { WorkspaceOwner } from './workspace.ts';

export interface BuildServiceOptions {
  readonly planners: Readonly<Record<RuntimeName, BuildPlanner | null>>;
  /** All but the caches, which the service keeps. */
  readonly tools: Omit<BuildTools, 'cacheDir'>;
  readonly stateDir: string;
  readonly run: StepRunner;
  readonly host: BuildHost;
  /** User that builds run as, when that is not the gateway's. */
  readonly owner: WorkspaceOwner | null;
  readonly care: FolderCare;
  /** Takes paths of this host out of a text. */
  readonly maskPaths: (text: string) => string;
  /** Keys of artifacts that serve, beside those of the current functions. */
  readonly inUse: () => ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Planning reads small files; what takes longer goes on while the rest is served. ms */
const planWaitMs = 3_000;
const plansAtOnce = 8;

export class BuildService {
  readonly #options: BuildServiceOptions;
  readonly #place: BuildPlace;
  readonly #store: ArtifactStore;
  readonly #journal: BuildJournal;
  readonly #jobs: BuildJobs<BuildEntry, BuildEnd>;
  readonly #failures: BuildFailures;
  readonly #upkeep: BuildUpkeep;
  readonly #planSlots = pLimit(plansAtOnce);
  readonly #tools: BuildTools;
  readonly #entries = new Map<string, BuildEntry>();
  /** Planning and writing of states that goes on. */
  readonly #background = new Set<Promise<unknown>>();
  #announced = false;
  #changed: () => void = () => {};
  #closing: Promise<void> | null = null;
  readonly #ending = new AbortController();

  constructor(options: BuildServiceOptions) {
    const { stateDir, owner, care, tools, clock, log, metrics } = options;
    this.#options = options;
    this.#place = new BuildPlace({ stateDir, owner, care });
    const { root, staging } = this.#place;
    const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    const { removeTree } = care;
    this.#store = new ArtifactStore({ root, staging, owner: owner === null ? null : self, removeTree });
    this.#journal = new BuildJournal({ log, metrics, stateDir, functionsRoot: tools.functionsRoot });
    this.#jobs = new BuildJobs(tools.settings.concurrency);
    this.#failures = new BuildFailures(clock);
    this.#upkeep = new BuildUpkeep({
      ...{ place: this.#place, store: this.#store, clock, log },
      inUse: () => this.#keysInUse(),
      isBusy: () => this.#jobs.size > 0,
    });
    const { signal } = this.#ending;
    this.#tools = { ...tools, signal, cacheDir: (name) => this.#place.cacheDir(name) };
  }

  /** @param listener called, once for many, when functions' states have changed; one listener */
  whenChanged(listener: () => void): void {
    this.#changed = listener;
  }

  /**
   * Takes these as the functions there are: plans those that are new or have changed, and begins what is missing. Resolves
   * when all are planned, or after a few seconds; builds go on behind it. Never rejects.
   */
  async prepare(units: Iterable<FunctionUnit>): Promise<void> {
    const wanted = new Map(
      [...units].filter((unit) => this.#isPlanned(unit)).map((unit) => [unit.key, unit]),
    );
    for (const [key, entry] of this.#entries) if (!wanted.has(key)) this.#drop(key, entry);
    const planned = Promise.all([...wanted.values()].map((unit) => this.#consider(unit)));
    const patience = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(planWaitMs, patience.resolve);
    await Promise.race([planned, patience.promise]);
    timer.cancel();
    this.#upkeep.start();
    this.#inBackground(this.#journal.keepOnly(new Set(wanted.keys())));
  }

  stateOf(unit: FunctionUnit): BuildState {
    const entry = this.#entries.get(unit.key);
    if (entry !== undefined && entry.unit.signature === unit.signature) return entry.state;
    return this.#isPlanned(unit) ? { kind: 'building', of: 'dependencies' } : { kind: 'none' };
  }

  /** Contents of the function's state file, or null. */
  dependencyState(functionKey: string): DependencyState | null {
    return this.#journal.stateOf(functionKey);
  }

  /** Somebody asks for a function that is not built: begins what waits for that, or tries again what failed long ago. */
  requested(functionKey: string): void {
    const entry = this.#entries.get(functionKey);
    if (entry === undefined || this.#closing !== null) return;
    if (entry.state.kind === 'idle') this.#begin(entry);
    else if (entry.state.kind === 'failed' && this.#isDue(entry)) {
      entry.state = { kind: 'building', of: entry.plan?.kind ?? 'dependencies' };
      this.#inBackground(this.#plan(entry, true));
    }
  }

  /** Resolves when nothing is being planned or built; what waits for a request is begun. */
  async settled(): Promise<void> {
    for (const entry of this.#entries.values()) if (entry.state.kind === 'idle') this.#begin(entry);
    while (this.#background.size > 0 || this.#jobs.size > 0) {
      await Promise.allSettled(this.#background);
      await this.#jobs.settled();
    }
  }

  /** Ends every build, and waits for that. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    await this.#jobs.close();
    await this.#upkeep.close();
    await Promise.allSettled(this.#background);
    await this.#place.close();
  }

  #isPlanned(unit: FunctionUnit): boolean {
    return unit.refused === null && this.#options.planners[unit.runtime] !== null;
  }

  /** Whether it is planned anew although its files are the same. */
  #isStale(entry: BuildEntry): boolean {
    const { unit, state } = entry;
    // Packs are no part of a function's folder, so its signature does not tell of them.
    if (unit.policy.sharedDeps.length > 0) return true;
    if (state.kind === 'failed') return this.#isDue(entry);
    // Somebody may have cleared the folder of builds.
    return state.kind === 'built' && !existsSync(state.artifact.dir);
  }

  #isDue(entry: BuildEntry): boolean {
    return this.#options.clock.now() >= entry.retryAt;
  }

  #consider(unit: FunctionUnit): Promise<void> {
    const known = this.#entries.get(unit.key);
    const isSame = known?.unit.signature === unit.signature;
    if (known !== undefined && isSame && !this.#isStale(known)) {
      known.unit = unit;
      return Promise.resolve();
    }
    const state: BuildState = { kind: 'building', of: 'dependencies' };
    const entry: BuildEntry = { unit, state, plan: null, report: null, retryAt: 0, replaces: known ?? null };
    this.#entries.set(unit.key, entry);
    const planning = this.#plan(entry, known !== undefined || this.#beginsAtStart(unit.runtime));
    this.#inBackground(planning);
    return planning;
  }

  #beginsAtStart(runtime: RuntimeName): boolean {
    const { onStart } = this.#tools.settings;
    return runtime === 'python' || runtime === 'node' ? onStart[runtime] : true;
  }

  #drop(key: string, entry: BuildEntry): void {
    this.#entries.delete(key);
    this.#letGo(entry);
  }

  #letGo(entry: BuildEntry | null): void {
    for (let old = entry; old !== null; old = old.replaces) {
      if (old.plan !== null) this.#jobs.leave(old.plan.key, old);
    }
  }

  #isCurrent(entry: BuildEntry): boolean {
    return this.#closing === null && this.#entries.get(entry.unit.key) === entry;
  }

  /** @param isEager false: what is missing waits for the first request */
  async #plan(entry: BuildEntry, isEager: boolean): Promise<void> {
    const planner = this.#options.planners[entry.unit.runtime];
    if (planner === null) return;
    try {
      const answer = await this.#planSlots(() => planner(entry.unit, this.#tools));
      if (!this.#isCurrent(entry)) return;
      entry.report = answer?.report ?? null;
      this.#journal.planned(entry);
      if (answer !== null && answer.kind !== 'none') this.#adopt(entry, answer, isEager);
      else {
        if (answer !== null) this.#journal.event(entry, 'deps_install_skip', { reason: answer.report.note });
        this.#settle(entry, { kind: 'none' });
      }
    } catch (error) {
      if (!this.#isCurrent(entry)) return;
      this.#planFailed(entry, error);
    }
    this.#letGo(entry.replaces);
    entry.replaces = null;
  }

  #planFailed(entry: BuildEntry, error: unknown): void {
    if (error instanceof PlanFault) {
      entry.report = error.report;
      this.#journal.planned(entry);
      this.#fail(entry, { text: error.message, code: 'build_failed', stage: 'plan' }, error.message);
    } else {
      const { fault, detail } = planningFailure(error);
      this.#fail(entry, fault, detail);
    }
  }

  #adopt(entry: BuildEntry, plan: BuildPlan, isEager: boolean): void {
    entry.plan = plan;
    entry.report = plan.report ?? defaultReport(plan);
    const artifact = this.#store.find(plan);
    const remembered = this.#failures.find(plan.key);
    if (artifact !== null) {
      this.#journal.event(entry, 'deps_install_reuse', { source: 'artifact' });
      this.#settle(entry, { kind: 'built', artifact });
    } else if (!this.#tools.settings.enabled) {
      this.#fail(entry, switchedOff(plan), 'FN_AUTO_INSTALL is off');
    } else if (remembered !== null) {
      entry.retryAt = remembered.retryAt;
      this.#settle(entry, { kind: 'failed', fault: remembered.fault });
    } else if (!isEager) this.#settle(entry, { kind: 'idle', of: plan.kind });
    else this.#begin(entry);
  }

  #begin(entry: BuildEntry): void {
    const { plan } = entry;
    if (plan === null) return;
    this.#settle(entry, { kind: 'building', of: plan.kind });
    const run = (signal: AbortSignal) => this.#build(plan, entry, signal);
    this.#jobs.want(plan.key, entry, run, (end, users) => this.#ended(plan, end, users));
  }

  async #build(plan: BuildPlan, entry: BuildEntry, signal: AbortSignal): Promise<BuildEnd> {
    if (signal.aborted) return { kind: 'cancelled' };
    const ended = this.#journal.begun(entry, () => this.#options.clock.now());
    const end = await this.#carryOut(plan, entry, signal);
    ended(end);
    return end;
  }

  async #carryOut(plan: BuildPlan, { unit }: BuildEntry, signal: AbortSignal): Promise<BuildEnd> {
    const { clock, run, host, owner, maskPaths, care, tools } = this.#options;
    const place = this.#place;
    const deps: BuildRunDeps = {
      ...{ store: this.#store, run, host, clock, owner, maskPaths },
      ...{ root: place.root, staging: place.staging, removeTree: care.removeTree },
      registryFiles: tools.settings.registryFiles,
      openCache: (path) => place.openCache(path),
    };
    try {
      place.open();
      return await runBuild(plan, unit.key, deps, signal);
    } catch (error) {
      return hostFailure(error);
    }
  }

  #ended(plan: BuildPlan, end: BuildEnd, all: readonly BuildEntry[]): void {
    const users = all.filter((user) => this.#isCurrent(user));
    if (end.kind === 'cancelled' || users.length === 0) return;
    if (end.kind === 'built') {
      this.#failures.forget(plan.key);
      for (const user of users) this.#settle(user, { kind: 'built', artifact: end.artifact });
    } else {
      const { retryAt } = this.#failures.add(plan.key, this.#masked(end.fault));
      for (const user of users) this.#fail(user, end.fault, end.detail, retryAt);
    }
  }

  #fail(entry: BuildEntry, raw: BuildFault, detail: string, retryAt?: number): void {
    const fault = this.#masked(raw);
    entry.retryAt = retryAt ?? this.#failures.retryAt(1);
    this.#journal.event(entry, 'deps_install_error', { stage: fault.stage, error: fault.text, detail });
    this.#settle(entry, { kind: 'failed', fault });
  }

  #masked(fault: BuildFault): BuildFault {
    return { ...fault, text: mask(fault.text, { maskPaths: this.#options.maskPaths, own: [] }) };
  }

  #settle(entry: BuildEntry, state: BuildState): void {
    entry.state = state;
    this.#inBackground(this.#journal.write(entry));
    if (this.#announced) return;
    this.#announced = true;
    // Many functions may share one build: one change for all of them.
    queueMicrotask(() => {
      this.#announced = false;
      if (this.#closing === null) this.#changed();
    });
  }

  #keysInUse(): ReadonlySet<string> {
    const wanted = [...this.#entries.values()].flatMap(({ plan }) => (plan === null ? [] : [plan.key]));
    const keys = new Set([...wanted, ...this.#options.inUse()]);
    this.#failures.keepOnly(keys);
    return keys;
  }

  /** What fails here serves nobody: it is told to the log. */
  #inBackground(work: Promise<unknown>): void {
    const guarded = work
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'cannot keep the state of builds'))
      .finally(() => this.#background.delete(guarded));
    this.#background.add(guarded);
  }
}

function defaultReport({ kind }: BuildPlan): DependencyReport {
  return { mode: kind === 'program' ? 'build' : 'manifest', manifestPath: null };
}

function switchedOff({ kind }: BuildPlan): BuildFault {
  const what = kind === 'program' ? 'function is not built' : 'dependencies are not installed';
  const text = `${what}: FN_AUTO_INSTALL is off; \`fastfn deps\` does it ahead of time`;
  return { text, code: 'not_built', stage: 'host' };
}
