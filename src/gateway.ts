// The one place that wires: configuration in, a gateway out. What it builds ends in the opposite order, also when the
// building fails half-way.

import { systemClock } from './clock.ts';
import type { GatewayConfig } from './config/gateway-config.ts';
import type { Layout } from './config/layout.ts';
import type { Catalog } from './discovery/catalog.ts';
import { type ScanOptions, scanFunctions } from './discovery/scan.ts';
import { GatewayError } from './errors.ts';
import { RunningGateway } from './gateway/running-gateway.ts';
import { openWorkerHost } from './gateway/worker-host.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { type Capabilities, probeCapabilities } from './sandbox/capabilities.ts';
import { describeSandbox, type SandboxLayer } from './sandbox/sandbox-layers.ts';
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
 * @throws GatewayError sandbox_unavailable where FN_SANDBOX_REQUIRED asks for what this kernel lacks
 */
export async function createGateway(config: GatewayConfig, layout: Layout, log: Log): Promise<Gateway> {
  const capabilities = probeCapabilities();
  requireSandbox(config, capabilities);
  const metrics = createMetrics();
  const common = { config, log, metrics, clock: systemClock };
  await using building = new AsyncDisposableStack();
  const workers = await openWorkerHost({ ...common, layout, capabilities }, building);
  const gateway = await RunningGateway.open(
    {
      ...common,
      version: layout.version,
      workers,
      sandbox: describeSandbox(capabilities, { strict: config.strictFs.enabled }),
      scan: (generation) => scanFunctions(scanOptions(config, generation)),
    },
    building,
  );
  gateway.endings = building.move();
  return gateway;
}

/** What would be served, without serving it. */
export function inspectFunctions(config: GatewayConfig): Promise<Catalog> {
  return scanFunctions(scanOptions(config, 1));
}

/** The layers of the jail on this host. */
export async function inspectSandbox(config: GatewayConfig): Promise<readonly SandboxLayer[]> {
  return describeSandbox(probeCapabilities(), { strict: config.strictFs.enabled });
}

function scanOptions(config: GatewayConfig, generation: number): ScanOptions {
  const {
    functionsRoot: root,
    runtimes,
    defaults,
    forceUrl,
    namespaceDepth,
    ignoreDirs,
    strictFs,
    stateDir,
  } = config;
  return { root, runtimes, defaults, forceUrl, namespaceDepth, ignoreDirs, strictFs, stateDir, generation };
}

function requireSandbox(config: GatewayConfig, { landlockAbi, seccomp, noNewPrivs }: Capabilities): void {
  if (!config.sandboxRequired) return;
  const missing = [
    ...(config.strictFs.enabled ? [] : ['FN_STRICT_FS is off']),
    ...(landlockAbi > 0 ? [] : ['no Landlock']),
    ...(seccomp && noNewPrivs ? [] : ['no seccomp']),
  ];
  if (missing.length === 0) return;
  throw new GatewayError('sandbox_unavailable', {
    text: `cannot start: FN_SANDBOX_REQUIRED is set, but ${missing.join(', ')}`,
  });
}
