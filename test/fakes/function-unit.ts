// A function unit as discovery would make it, with the fields a test cares about changed.

import type { FunctionUnit } from '../../src/discovery/catalog.ts';
import type { FunctionPolicy, WorkerPoolPolicy } from '../../src/policy/function-policy.ts';
import { openNetwork } from '../../src/policy/network-grants.ts';
import { defaultResourceLimits } from '../../src/policy/sandbox-policy.ts';
import { noSecurityHeaders } from '../../src/policy/security-headers.ts';
import { defaultStreamPolicy } from '../../src/policy/stream-limits.ts';

const workerPool: WorkerPoolPolicy = {
  enabled: true,
  declared: false,
  minWarm: 0,
  maxWorkers: 20,
  maxQueue: 0,
  idleTtlSeconds: 300,
  queueTimeoutMs: 0,
  queuePollMs: 20,
  overflowStatus: 429,
};

const policy: FunctionPolicy = {
  timeoutMs: 2500,
  maxConcurrency: 20,
  maxBodyBytes: 1_048_576,
  bodyMode: 'buffer',
  stream: defaultStreamPolicy,
  includeDebugHeaders: false,
  methods: ['GET'],
  allowHosts: null,
  workerPool,
  keepWarm: null,
  rateLimit: null,
  edge: null,
  cors: null,
  securityHeaders: noSecurityHeaders,
  strictFs: true,
  sandbox: { network: openNetwork, require: 'none', namespace: false },
  limits: defaultResourceLimits,
  handler: 'handler',
  adapter: 'native',
  sharedDeps: [],
  group: null,
};

export function poolPolicy(changes: Partial<WorkerPoolPolicy> = {}): WorkerPoolPolicy {
  return { ...workerPool, ...changes };
}

export function functionUnit(
  changes: Partial<Omit<FunctionPolicy, 'workerPool'>> & {
    readonly workerPool?: Partial<WorkerPoolPolicy>;
  } = {},
  unit: Partial<FunctionUnit> = {},
): FunctionUnit {
  return {
    key: 'node/hello@default',
    runtime: 'node',
    name: 'hello',
    version: 'default',
    dir: '/srv/fns/hello',
    home: '/srv/fns/hello',
    entry: '/srv/fns/hello/handler.js',
    kind: 'named',
    policy: { ...policy, ...changes, workerPool: poolPolicy(changes.workerPool) },
    envFile: null,
    readable: [],
    listable: [],
    signature: 's1',
    refused: null,
    ...unit,
  };
}
