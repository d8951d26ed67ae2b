// The one place that wires: configuration in, a gateway out. What it builds ends in the opposite order, also when the
// building fails half-way.

import { systemClock } from './clock.ts';
import type { GatewayConfig } from './config/gateway-config.ts';
import type { Layout } from './config/layout.ts';
import type { Catalog } from './discovery/catalog.ts';
import { parseFunctionConfig } from './discovery/function-config.ts';
import { type ScanOptions, scanFunctions } from './discovery/scan.ts';
import { GatewayError } from './errors.ts';
import { AttackRunner } from './gateway/attack-runner.ts';
import { type AheadRow, buildAhead, type PastBuild, pastBuilds } from './gateway/build-ahead.ts';
import { openSecrets } from './gateway/open-secrets.ts';
import { openTracing } from './gateway/open-tracing.ts';
import { proveLanguages } from './gateway/prove-languages.ts';
import { RunningGateway } from './gateway/running-gateway.ts';
import { inspectedTier, namespaceState, scanWithTier } from './gateway/tiered-scan.ts';
import { inspectCgroups, openCgroups } from './gateway/worker-cgroups.ts';
import { openWorkerHost, type WorkerHostOptions } from './gateway/worker-host.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { ProveReport } from './prove/prove-report.ts';
import { type Capabilities, probeCapabilities } from './sandbox/capabilities.ts';
import {
  describeSandbox,
  isKernelTier,
  kernelTierInForce,
  type NamespaceState,
  type SandboxLayer,
} from './sandbox/sandbox-layers.ts';
import type { WorkerSnapshot } from './supervisor/supervisor.ts';

export type { WorkerSnapshot } from './supervisor/supervisor.ts';

export interface Gateway {
  /** Opens the port. Rejects with the system's own error (EADDRINUSE …). */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /** Drains, then ends everything; safe to call twice. */
  close(reason?: string): Promise<void>;
  /** Rejects when the scan fails; the old catalog goes on serving. */
  reload(): Promise<void>;
  workers(): readonly WorkerSnapshot[];
}

/**
 * Builds a gateway that is ready to listen: discovery is done, sockets are open, spare launchers are starting.
 * @param capabilities of this kernel; what a test leaves out of them is not enforced, and is said to be missing
 * @param planners of builds; default: those of the product
 * @throws GatewayError sandbox_unavailable where FN_SANDBOX_REQUIRED asks for what this kernel lacks
 */
export async function createGateway(
  config: GatewayConfig,
  layout: Layout,
  log: Log,
  capabilities = probeCapabilities(),
  planners: WorkerHostOptions['planners'] = undefined,
): Promise<Gateway> {
  requireSandbox(config, layersOf(config, capabilities));
  const metrics = createMetrics();
  const common = { config, log, metrics, clock: systemClock };
  await using building = new AsyncDisposableStack();
  const { cgroups, reason } = openCgroups(log);
  const secrets = await openSecrets(common, building);
  const workers = await openWorkerHost(
    { ...common, layout, capabilities, cgroups, planners, secrets },
    building,
  );
  const tier = workers.namespace;
  const describe = async () => layersOf(config, capabilities, reason, await namespaceState(config, tier));
  if (config.sandbox.namespaceUse === 'required') requireNamespace(await describe());
  const tracing = await openTracing(config, layout.version, building);
  const gateway = await RunningGateway.open(
    {
      ...common,
      tracing,
      secrets,
      version: layout.version,
      workers,
      sandbox: describe,
      scan: (generation) =>
        scanWithTier(config, tier, (missing) => scanOptions(config, capabilities, generation, missing)),
      checkConfig: (text, file) =>
        parseFunctionConfig(text, file, scanOptions(config, capabilities, 0).sandbox).faults,
    },
    building,
  );
  gateway.endings = building.move();
  return gateway;
}

/** What would be served, without serving it. */
export function inspectFunctions(config: GatewayConfig, layout: Layout): Promise<Catalog> {
  const capabilities = probeCapabilities();
  const tier = inspectedTier(config, layout, capabilities);
  return scanWithTier(config, tier, (missing) => scanOptions(config, capabilities, 1, missing));
}

/** What earlier builds of these functions came to, by function key. */
export function inspectBuilds(
  config: GatewayConfig,
  catalog: Catalog,
): Promise<ReadonlyMap<string, PastBuild>> {
  return pastBuilds(config, catalog);
}

/**
 * Installs and compiles what functions need, also with FN_AUTO_INSTALL off; nothing is served.
 * @param keepLocks writes the locks that installs made beside the manifests that have none
 * @throws GatewayError sandbox_unavailable where FN_SANDBOX_REQUIRED asks for what this kernel lacks
 */
export async function buildFunctions(
  config: GatewayConfig,
  layout: Layout,
  log: Log,
  planners: WorkerHostOptions['planners'] = undefined,
  keepLocks = false,
): Promise<readonly AheadRow[]> {
  const capabilities = probeCapabilities();
  requireSandbox(config, layersOf(config, capabilities));
  const scan = (of: GatewayConfig) => scanFunctions(scanOptions(of, capabilities, 1));
  return buildAhead({ config, layout, log, capabilities, scan, planners, keepLocks });
}

/** The layers of the jail on this host. */
export async function inspectSandbox(
  config: GatewayConfig,
  layout: Layout,
): Promise<readonly SandboxLayer[]> {
  const capabilities = probeCapabilities();
  const namespace = await namespaceState(config, inspectedTier(config, layout, capabilities));
  return layersOf(config, capabilities, inspectCgroups().reason, namespace);
}

/**
 * Runs attacks against the jail of this very installation, in worlds of their own; nothing is served.
 * @param capabilities what the kernel is taken to offer; default: what it does offer
 */
export function openAttackRunner(
  config: GatewayConfig,
  layout: Layout,
  capabilities: Capabilities = probeCapabilities(),
): Promise<AttackRunner> {
  const scan = (of: GatewayConfig) => scanFunctions(scanOptions(of, capabilities, 1));
  return AttackRunner.open({ config, layout, capabilities, scan });
}

/** What the jail of this installation holds on this host, tried out. See `openAttackRunner` for `capabilities`. */
export async function proveSandbox(
  config: GatewayConfig,
  layout: Layout,
  capabilities: Capabilities = probeCapabilities(),
): Promise<ProveReport> {
  const runner = await openAttackRunner(config, layout, capabilities);
  try {
    return await proveLanguages(runner, config, capabilities);
  } finally {
    await runner.close();
  }
}

/** @param namespaceMissing why workers cannot have a minimal root; null: they can, or it does not matter here */
function scanOptions(
  config: GatewayConfig,
  capabilities: Capabilities,
  generation: number,
  namespaceMissing: string | null = null,
): ScanOptions {
  const defaults = { ...config.defaults, browser: config.edge.browser };
  const kernelTier = kernelTierInForce(layersOf(config, capabilities));
  const sandbox = { ...config.sandbox, kernelTier, namespaceMissing };
  const { functionsRoot: root, runtimes, forceUrl, namespaceDepth, ignoreDirs, strictFs, stateDir } = config;
  return {
    ...{ root, runtimes, defaults, forceUrl, namespaceDepth, ignoreDirs },
    ...{ strictFs, sandbox, stateDir, generation },
  };
}

/** @param noCgroups why workers have no cgroups of their own; null when they have */
function layersOf(
  { strictFs, workerUser }: GatewayConfig,
  capabilities: Capabilities,
  noCgroups: string | null = null,
  namespace: NamespaceState | null = null,
): readonly SandboxLayer[] {
  const isRoot = process.geteuid?.() === 0;
  return describeSandbox(capabilities, {
    strict: strictFs.enabled,
    noCgroups,
    workerUser,
    isRoot,
    namespace,
  });
}

function requireSandbox(config: GatewayConfig, layers: readonly SandboxLayer[]): void {
  if (!config.sandboxRequired || kernelTierInForce(layers)) return;
  const missing = layers.filter(
    ({ layer, state }) => isKernelTier(layer) && state !== 'on' && state !== 'partial',
  );
  const reasons = missing.map(({ layer, state, detail }) => `${layer} is ${state} (${detail})`);
  throw new GatewayError('sandbox_unavailable', {
    text: `cannot start: FN_SANDBOX_REQUIRED is set, but ${reasons.join(', ')} [sandbox_unavailable]`,
  });
}

function requireNamespace(layers: readonly SandboxLayer[]): void {
  const row = layers.find(({ layer }) => layer === 'namespace');
  if (row?.state === 'on') return;
  throw new GatewayError('sandbox_unavailable', {
    text: `cannot start: FN_SANDBOX_NAMESPACE is required, but namespace is ${row?.state} (${row?.detail}) [sandbox_unavailable]`,
  });
}
