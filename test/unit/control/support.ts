// A control plane on a real edge, asked through Fastify's inject: the peer's address is a test's to choose.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlDeps, ControlSettings, RuntimeHealth } from '../../../src/control/control-deps.ts';
import { registerControl } from '../../../src/control/control-plane.ts';
import type { Catalog } from '../../../src/discovery/catalog.ts';
import { parseFunctionConfig } from '../../../src/discovery/function-config.ts';
import { silentLog } from '../../../src/log.ts';
import { LogRing } from '../../../src/logs/log-ring.ts';
import { SecretStore } from '../../../src/secrets/secret-store.ts';
import { createTestEdge } from '../edge/support.ts';

interface ControlSetup {
  readonly settings?: Partial<ControlSettings>;
  readonly deps?: Partial<ControlDeps>;
  readonly trustedProxyCidrs?: readonly string[];
}

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'HEAD' | 'DELETE';
  readonly headers?: Record<string, string | string[]>;
  /** Peer address; default loopback. */
  readonly from?: string;
  readonly payload?: string;
}

export const nodeUp: RuntimeHealth = {
  name: 'node',
  up: true,
  reason: null,
  version: '26.10.0',
  socket: '/run/fastfn/fn-node.sock',
  checkedAt: 1_000,
};

const noCalls: ControlDeps['calls'] = {
  invoke: () => Promise.reject(new Error('cannot call functions in this test')),
  passThrough: () => {
    throw new Error('cannot pass through in this test');
  },
};

export const noLogin: ControlSettings['login'] = {
  enabled: false,
  api: false,
  username: null,
  passwordHash: null,
  password: null,
  users: [],
  sessionSecret: null,
  sessionTtlSeconds: 3600,
  rateLimit: { max: 5, windowSeconds: 300 },
};

export async function startControl(setup: ControlSetup = {}) {
  const edge = await createTestEdge({ trustedProxyCidrs: setup.trustedProxyCidrs ?? [] });
  const { unit } = edge;
  const stateDir = mkdtempSync(join(tmpdir(), 'fastfn-state-'));
  const catalog: Catalog = {
    generation: 3,
    generatedAt: 5_000,
    root: '/srv/fns',
    runtimes: ['node'],
    functions: new Map([[unit.key, unit]]),
    routes: [
      {
        pattern: '/hello',
        methods: ['GET'],
        hosts: null,
        functionKey: unit.key,
        rank: 3,
        forced: false,
        source: 'hello',
      },
    ],
    conflicts: [{ pattern: '/both', methods: ['GET'], hosts: null, claimants: [] }],
    warnings: [{ code: 'reserved_route', file: 'x', message: 'm' }],
    faults: [],
  };
  const state = { runtimes: [nodeUp], lastError: null as string | null, reloads: 0 };
  const secrets = await SecretStore.open({
    path: join(stateDir, 'secrets.json'),
    keyFile: join(stateDir, 'secrets.key'),
    makeKey: true,
    now: () => Date.now(),
  });
  const deps: ControlDeps = {
    settings: {
      adminToken: null,
      uiEnabled: false,
      apiEnabled: true,
      adminApiEnabled: true,
      docsEnabled: true,
      docs: { publicBaseUrl: null, includeInternal: false, adminOnly: false },
      writeEnabled: false,
      publicExplore: false,
      localOnly: true,
      rateLimit: { max: 120, writeMax: 30, windowSeconds: 60 },
      login: noLogin,
      ...setup.settings,
    },
    metrics: edge.metrics,
    health: {
      configLoadedAt: 1_000,
      defaults: { timeoutMs: 2500, maxConcurrency: 20, maxBodyBytes: 1_048_576 },
      socketBaseDir: '/run/fastfn',
      runtimes: () => state.runtimes,
      hotReload: () => ({ enabled: true, watching: true, lastScanAt: 5_000, lastError: state.lastError }),
      sandbox: async () => ({ landlock: 'abi 7' }),
    },
    logs: new LogRing(),
    secrets,
    calls: noCalls,
    catalog: () => catalog,
    deployments: () => edge.state.deployments.values(),
    reload: async () => {
      state.reloads += 1;
    },
    checkConfig: (text, file) => parseFunctionConfig(text, file).faults,
    isStarted: () => true,
    isDraining: () => edge.state.draining,
    clientAddress: (request) => edge.addresses.of(request),
    isSecure: () => false,
    stateDir,
    log: silentLog,
    ...setup.deps,
  };
  const { app } = edge;
  await registerControl(app, deps);
  await app.ready();
  const ask = async (
    url: string,
    { method = 'GET', headers = {}, from = '127.0.0.1', payload }: Asked = {},
  ) => {
    const answer = await app.inject({
      method,
      url,
      headers: { host: 'localhost:8080', ...headers },
      remoteAddress: from,
      ...(payload === undefined ? {} : { payload }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      json: () => answer.json(),
    };
  };
  const close = async (): Promise<void> => {
    await app.close();
    rmSync(stateDir, { recursive: true, force: true });
  };
  return { ask, state, edge, stateDir, close };
}
