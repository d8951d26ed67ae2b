// What `/_fn/health` and `/_fn/ready` say (contract/control-plane.md 4). Strangers learn whether it works and how much
// there is; paths, names and reasons are for the operator.

import type { Deployment } from '../invocation/deployment.ts';
import type { ControlDeps, RuntimeHealth } from './control-deps.ts';
import { describeState, stateOf } from './function-state.ts';

export type HealthStatus = 'ok' | 'degraded' | 'down';

export interface Readiness {
  readonly ready: boolean;
  /** In words, '' when ready. */
  readonly reason: string;
}

/** Most warnings and faults shown: a broken tree can have thousands. */
const maxListed = 200;

export function readiness(deps: ControlDeps): Readiness {
  if (deps.isDraining()) return { ready: false, reason: 'draining' };
  if (!deps.isStarted()) return { ready: false, reason: 'starting' };
  const down = deps.health.runtimes().filter((runtime) => !runtime.up);
  const names = down.map((runtime) => runtime.name).join(', ');
  return down.length === 0 ? { ready: true, reason: '' } : { ready: false, reason: `runtime down: ${names}` };
}

function healthStatus(deps: ControlDeps): HealthStatus {
  const runtimes = deps.health.runtimes();
  if (!deps.isStarted() || (runtimes.length > 0 && runtimes.every((runtime) => !runtime.up))) return 'down';
  const isWhole = runtimes.every((runtime) => runtime.up) && deps.health.hotReload().lastError === null;
  return isWhole ? 'ok' : 'degraded';
}

export function publicHealth(deps: ControlDeps, nowEpochMs: number): Record<string, unknown> {
  return {
    status: healthStatus(deps),
    functions: { summary: summarize([...deps.deployments()], nowEpochMs) },
  };
}

export async function fullHealth(deps: ControlDeps, nowEpochMs: number): Promise<Record<string, unknown>> {
  const { health } = deps;
  const sandbox = await health.sandbox();
  const catalog = deps.catalog();
  const deployments = [...deps.deployments()];
  const runtimes = health.runtimes();
  return {
    status: healthStatus(deps),
    draining: deps.isDraining(),
    config_loaded_at: health.configLoadedAt / 1000,
    defaults: {
      timeout_ms: health.defaults.timeoutMs,
      max_concurrency: health.defaults.maxConcurrency,
      max_body_bytes: health.defaults.maxBodyBytes,
    },
    functions_root: catalog.root,
    socket_base_dir: health.socketBaseDir,
    runtime_order: runtimes.map((runtime) => runtime.name),
    hot_reload: describeHotReload(deps),
    routing: {
      mapped_routes: new Set(catalog.routes.map((route) => route.pattern)).size,
      mapped_route_conflicts: new Set(catalog.conflicts.map((conflict) => conflict.pattern)).size,
    },
    functions: {
      summary: summarize(deployments, nowEpochMs),
      states: deployments.map((deployment) => describeState(deployment, nowEpochMs)),
    },
    runtimes: Object.fromEntries(
      runtimes.map((runtime) => [runtime.name, describeRuntime(runtime, health.defaults.timeoutMs)]),
    ),
    sandbox,
    builds: describeBuilds(deps),
    faults: catalog.faults.slice(0, maxListed),
    warnings: catalog.warnings.slice(0, maxListed),
  };
}

/** How many functions stand how, and those that do not serve what their files say. */
function describeBuilds({ builds, catalog }: ControlDeps): Record<string, unknown> {
  const summary = { none: 0, idle: 0, building: 0, built: 0, failed: 0 };
  const behind: Record<string, unknown>[] = [];
  if (builds === undefined) return { summary, functions: behind };
  for (const unit of catalog().functions.values()) {
    const report = builds.reportOf(unit);
    summary[report.state] += 1;
    if (report.state === 'failed' || report.state === 'building') behind.push({ key: unit.key, ...report });
  }
  return { summary, functions: behind.slice(0, maxListed) };
}

function describeHotReload(deps: ControlDeps): Record<string, unknown> {
  const { enabled, watching, lastScanAt, lastError } = deps.health.hotReload();
  const { generation, generatedAt } = deps.catalog();
  const scanned = lastScanAt ?? generatedAt;
  return {
    enabled,
    generation,
    last_catalog_scan_at: scanned / 1000,
    last_error: lastError,
    watchdog: { enabled, active: watching, last_scan_at: scanned / 1000 },
  };
}

export function describeRuntime(runtime: RuntimeHealth, timeoutMs: number): Record<string, unknown> {
  const ts = runtime.checkedAt / 1000;
  const reason = runtime.reason === null ? {} : { reason: runtime.reason };
  const uri = `unix:${runtime.socket}`;
  return {
    socket: uri,
    sockets: [{ index: 1, uri, up: runtime.up, ts, ...reason }],
    routing: 'single',
    timeout_ms: timeoutMs,
    version: runtime.version,
    health: { up: runtime.up, ts, ...reason },
  };
}

function summarize(deployments: readonly Deployment[], nowEpochMs: number): Record<string, number> {
  const counts = { warm: 0, stale: 0, cold: 0 };
  const sums = { keepWarm: 0, pools: 0, active: 0, queued: 0, overflow: 0, timeout: 0 };
  for (const deployment of deployments) {
    const { policy } = deployment.unit;
    const { gate } = deployment;
    counts[stateOf(deployment, nowEpochMs)] += 1;
    if (policy.keepWarm?.enabled === true) sums.keepWarm += 1;
    if (policy.workerPool.declared && policy.workerPool.enabled) sums.pools += 1;
    sums.active += gate.active;
    sums.queued += gate.queued;
    sums.overflow += gate.drops.overflow;
    sums.timeout += gate.drops.queueTimeout;
  }
  return {
    total: deployments.length,
    ...counts,
    keep_warm_enabled: sums.keepWarm,
    pool_enabled: sums.pools,
    pool_active: sums.active,
    pool_queued: sums.queued,
    pool_queue_drops: sums.overflow + sums.timeout,
    pool_queue_overflow_drops: sums.overflow,
    pool_queue_timeout_drops: sums.timeout,
  };
}
