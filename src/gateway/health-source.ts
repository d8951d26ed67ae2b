// What health and readiness are told of a running gateway, gathered from the parts at each question.

import type { GatewayConfig } from '../config/gateway-config.ts';
import type { HealthSource, HotReloadHealth, RuntimeHealth } from '../control/control-deps.ts';
import type { Catalog } from '../discovery/catalog.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { SandboxLayer } from '../sandbox/sandbox-layers.ts';
import type { Reloader } from './reloader.ts';

export interface HealthParts {
  readonly config: GatewayConfig;
  readonly sandbox: () => Promise<readonly SandboxLayer[]>;
  readonly reloader: Reloader;
  readonly catalog: () => Catalog;
  readonly isWatching: () => boolean;
  readonly socketPath: (runtime: RuntimeName) => string;
}

export function createHealthSource(parts: HealthParts): HealthSource {
  const { config, reloader } = parts;
  return {
    configLoadedAt: Date.now(),
    defaults: config.defaults,
    socketBaseDir: config.sockets.baseDir,
    runtimes: () => selectedRuntimes(parts).map((name) => runtimeHealth(parts, name)),
    hotReload: (): HotReloadHealth => ({
      enabled: config.hotReload.enabled,
      watching: parts.isWatching(),
      lastScanAt: reloader.lastScanAt,
      lastError: reloader.lastError,
    }),
    sandbox: async () => sandboxReport(await parts.sandbox()),
  };
}

/** What the operator asked for; without that, what is there and what some function needs. */
function selectedRuntimes({ config, catalog }: HealthParts): readonly RuntimeName[] {
  if (config.runtimes !== null) return config.runtimes;
  const used = new Set([...catalog().functions.values()].map((unit) => unit.runtime));
  return [...config.adapters.values()]
    .filter(({ name, available }) => available || used.has(name))
    .map(({ name }) => name);
}

function runtimeHealth({ config, socketPath }: HealthParts, name: RuntimeName): RuntimeHealth {
  const adapter = config.adapters.get(name);
  const up = adapter?.available === true;
  return {
    name,
    up,
    reason: up ? null : (adapter?.reason ?? 'not selected'),
    version: adapter?.version ?? '',
    socket: up ? socketPath(name) : '',
    checkedAt: Date.now(),
  };
}

/** Each layer as a yes or no, and in words: a layer in part is no. */
function sandboxReport(layers: readonly SandboxLayer[]): Readonly<Record<string, unknown>> {
  const states = layers.map(({ layer, state }): [string, boolean] => [layer, state === 'on']);
  return { ...Object.fromEntries(states), layers };
}
