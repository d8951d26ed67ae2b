// Installs and builds for every function without serving any: `fastfn deps`. And what earlier builds came to, for commands
// that only look.

import type { BuildPlanner } from '../build/build-planner.ts';
import type { BuildState } from '../build/build-state.ts';
import { StateFiles } from '../build/state-file.ts';
import { systemClock } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Layout } from '../config/layout.ts';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import type { Log } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { Capabilities } from '../sandbox/capabilities.ts';
import { openBuilds } from './build-host.ts';
import { keepLock } from './kept-lock.ts';
import { openPrograms } from './worker-host.ts';

export interface AheadOptions {
  readonly config: GatewayConfig;
  readonly layout: Layout;
  readonly log: Log;
  readonly capabilities: Capabilities;
  readonly scan: (config: GatewayConfig) => Promise<Catalog>;
  readonly planners?: Readonly<Record<RuntimeName, BuildPlanner | null>> | undefined;
  /** Locks that installs make are put beside manifests that have none, also in production. */
  readonly keepLocks: boolean;
}

/** `reused`: it had been built before. */
export type AheadOutcome = 'none' | 'reused' | 'built' | 'failed';

export interface AheadRow {
  readonly function: string;
  readonly outcome: AheadOutcome;
  /** Why it failed; null otherwise. */
  readonly reason: string | null;
  /** The lock that was written, relative to the functions root; absent where none was. */
  readonly lock?: string;
}

/** Rows in the order of the catalog; functions that are refused for their config are left out. */
export async function buildAhead(options: AheadOptions): Promise<readonly AheadRow[]> {
  const { layout, log, capabilities, planners, keepLocks } = options;
  const asked = options.config.build;
  // Asked for by name: the switch is about what happens by itself, and a lock cannot be wanted before it is made.
  const build = { ...asked, enabled: true, production: asked.production && !keepLocks };
  const config = { ...options.config, build };
  await using opened = new AsyncDisposableStack();
  // Timers of ours keep no process alive; between two steps nothing else would.
  const alive = setInterval(() => {}, 60_000);
  opened.defer(() => clearInterval(alive));
  const { programs, system } = openPrograms({ config, layout, log }, opened);
  const common = { config, log, metrics: createMetrics(), clock: systemClock, capabilities };
  const inUse = () => new Set<string>();
  const { service } = openBuilds({ ...common, cgroups: null, programs, system, inUse, planners }, opened);
  const catalog = await options.scan(config);
  const units = [...catalog.functions.values()].filter((unit) => unit.refused === null);
  const isUp = (unit: FunctionUnit) => config.adapters.get(unit.runtime)?.available === true;
  await service.prepare(units.filter(isUp));
  const before = new Set(units.filter((unit) => service.stateOf(unit).kind === 'built'));
  await service.settled();
  return units.map((unit) => {
    if (!isUp(unit)) return { function: unit.key, outcome: 'failed', reason: reasonOf(config, unit) };
    const state = service.stateOf(unit);
    const row = rowOf(unit, state, before.has(unit));
    if (!keepLocks) return row;
    const manifest = service.dependencyState(unit.key)?.manifest_path ?? null;
    const lock = keepLock(unit, state, manifest, config.functionsRoot);
    return lock === null ? row : { ...row, lock };
  });
}

function reasonOf({ adapters }: GatewayConfig, { runtime }: FunctionUnit): string {
  return adapters.get(runtime)?.reason ?? `${runtime} is not selected`;
}

function rowOf(unit: FunctionUnit, state: BuildState, wasBuilt: boolean): AheadRow {
  const row = { function: unit.key, reason: null };
  if (state.kind === 'none') return { ...row, outcome: 'none' };
  if (state.kind === 'built') return { ...row, outcome: wasBuilt ? 'reused' : 'built' };
  const reason = state.kind === 'failed' ? state.fault.text : 'it did not end';
  return { function: unit.key, outcome: 'failed', reason };
}

/** `unknown`: no gateway has looked at it yet. */
export interface PastBuild {
  readonly state: 'none' | 'built' | 'failed' | 'unknown';
  readonly reason: string | null;
}

/** What the state files say, by function key. */
export async function pastBuilds(
  { stateDir, functionsRoot }: GatewayConfig,
  catalog: Catalog,
): Promise<ReadonlyMap<string, PastBuild>> {
  const files = new StateFiles(stateDir, functionsRoot);
  const words = { ok: 'built', skipped: 'none', error: 'failed' } as const;
  const found = new Map<string, PastBuild>();
  for (const key of catalog.functions.keys()) {
    const file = await files.load(key);
    const state = file === null ? 'unknown' : words[file.last_install_status];
    found.set(key, { state, reason: state === 'failed' ? (file?.last_error ?? null) : null });
  }
  return found;
}
