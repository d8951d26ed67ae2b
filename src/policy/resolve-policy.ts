// From what config files say (patches, nearest first) and the operator's defaults to one frozen FunctionPolicy.
// Fields are replaced whole, never mixed: a version's `worker_pool` is not merged with its function's. The keys of
// `sandbox` and `limits` are fields of their own: naming one must not set the others free.
// Source: contract/policy.md 2, 4, 5.

import type { CorsPolicy } from './cors-policy.ts';
import type { EdgePolicy } from './edge-policy.ts';
import type {
  FunctionPolicy,
  HttpMethod,
  KeepWarmPolicy,
  RateLimitPolicy,
  SandboxTier,
  StreamPolicy,
  WorkerPoolPolicy,
} from './function-policy.ts';
import type { HostList } from './host-list.ts';
import type { LimitName } from './limit-fields.ts';
import { isConfined, narrowNetwork } from './network-grants.ts';
import type { RuntimeName } from './runtime-name.ts';
import { defaultResourceLimits, type NetworkGrants, type ResourceLimits } from './sandbox-policy.ts';
import { defaultSandboxRules, type SandboxRules } from './sandbox-rules.ts';
import { noSecurityHeaders, type SecurityHeaders } from './security-headers.ts';
import { defaultStreamPolicy } from './stream-limits.ts';

/** A `worker_pool` block as written; absent numbers get their default when the policy is resolved. */
export interface WorkerPoolPatch {
  readonly enabled: boolean;
  readonly minWarm?: number;
  readonly maxWorkers?: number;
  readonly maxQueue?: number;
  readonly idleTtlSeconds?: number;
  readonly queueTimeoutMs?: number;
  readonly queuePollMs?: number;
  readonly overflowStatus?: 429 | 503;
}

/** What one config file says about policy; an absent field says nothing. */
export interface PolicyPatch {
  readonly timeoutMs?: number;
  readonly maxConcurrency?: number;
  readonly maxBodyBytes?: number;
  readonly streamIdleMs?: number;
  readonly streamMaxMs?: number;
  readonly includeDebugHeaders?: boolean;
  readonly methods?: readonly HttpMethod[];
  readonly allowHosts?: HostList;
  readonly workerPool?: WorkerPoolPatch;
  readonly keepWarm?: KeepWarmPolicy;
  readonly rateLimit?: RateLimitPolicy;
  readonly edge?: EdgePolicy;
  /** null = off, whatever the operator's default. */
  readonly cors?: CorsPolicy | null;
  readonly securityHeaders?: SecurityHeaders;
  readonly group?: string;
  readonly network?: NetworkGrants;
  readonly require?: SandboxTier;
  /** In the units of ResourceLimits. */
  readonly limits?: Readonly<Partial<Record<LimitName, number>>>;
}

/** Read only from the file next to the handler: how the handler is called, and its opt-out of the sandbox. */
export interface HandlerPatch {
  readonly strictFs?: boolean;
  readonly handler?: string;
  readonly adapter?: FunctionPolicy['adapter'];
  readonly sharedDeps?: readonly string[];
  readonly bodyMode?: FunctionPolicy['bodyMode'];
}

/** The operator's `cors` and `security-headers`. */
export interface BrowserDefaults {
  readonly cors: CorsPolicy | null;
  readonly securityHeaders: SecurityHeaders;
}

export interface PolicyDefaults {
  readonly timeoutMs: number;
  readonly maxConcurrency: number;
  readonly maxBodyBytes: number;
  /** Methods when no patch names any. */
  readonly methods: readonly HttpMethod[];
  /** What the operator says of the file sandbox; `locked`: a function cannot opt out. */
  readonly strictFs: { readonly enabled: boolean; readonly locked: boolean };
  /** Default: everything that FastFN allows anybody. */
  readonly sandbox?: SandboxRules;
  /** What browsers are told by functions that say nothing of it. Default: nothing. */
  readonly browser?: BrowserDefaults;
}

/** Compiled languages: their first call may wait for a build (contract/policy.md 2). */
const compiledTimeoutMs = 180_000;

/**
 * @param patches nearest first
 * @param own the patch of the file next to the handler
 */
export function resolvePolicy(
  patches: readonly PolicyPatch[],
  own: HandlerPatch,
  runtime: RuntimeName,
  defaults: PolicyDefaults,
): FunctionPolicy {
  const compiled = runtime === 'rust' || runtime === 'go';
  const asked = nearest(patches, 'timeoutMs') ?? defaults.timeoutMs;
  const timeoutMs = compiled ? Math.max(asked, compiledTimeoutMs) : asked;
  const maxConcurrency = nearest(patches, 'maxConcurrency') ?? defaults.maxConcurrency;
  const rules = defaults.sandbox ?? defaultSandboxRules;
  const network = narrowNetwork(nearest(patches, 'network') ?? rules.network, rules.network);
  const strictFs = defaults.strictFs.enabled && (own.strictFs !== false || mustStayStrict(defaults, network));
  const require = nearest(patches, 'require') ?? 'none';
  return Object.freeze({
    timeoutMs,
    maxConcurrency,
    maxBodyBytes: nearest(patches, 'maxBodyBytes') ?? defaults.maxBodyBytes,
    bodyMode: canStreamBody(runtime, own) ? (own.bodyMode ?? 'buffer') : 'buffer',
    stream: resolveStream(patches, rules),
    includeDebugHeaders: patches.some((patch) => patch.includeDebugHeaders === true),
    methods: nearest(patches, 'methods') ?? defaults.methods,
    allowHosts: nearest(patches, 'allowHosts') ?? null,
    workerPool: resolveWorkerPool(nearest(patches, 'workerPool'), maxConcurrency, timeoutMs),
    keepWarm: nearest(patches, 'keepWarm') ?? null,
    rateLimit: nearest(patches, 'rateLimit') ?? null,
    edge: nearest(patches, 'edge') ?? null,
    ...resolveBrowser(patches, defaults.browser),
    strictFs,
    sandbox: Object.freeze({ network, require, namespace: strictFs && hasNamespace(require, rules) }),
    limits: resolveLimits(patches, rules),
    handler: own.handler ?? 'handler',
    adapter: own.adapter ?? 'native',
    sharedDeps: Object.freeze([...(own.sharedDeps ?? [])]),
    group: nearest(patches, 'group') ?? null,
  });
}

function hasNamespace(require: SandboxTier, { namespaceUse, namespaceMissing }: SandboxRules): boolean {
  if (namespaceMissing !== null || namespaceUse === 'off') return false;
  return namespaceUse !== 'asked' || require === 'namespace';
}

function resolveBrowser(patches: readonly PolicyPatch[], defaults?: BrowserDefaults): BrowserDefaults {
  const cors = nearest(patches, 'cors');
  return {
    cors: cors === undefined ? (defaults?.cors ?? null) : cors,
    securityHeaders: nearest(patches, 'securityHeaders') ?? defaults?.securityHeaders ?? noSecurityHeaders,
  };
}

/** Whether `strict_fs: false` is ignored: without the jail nothing holds a function to its network. */
function mustStayStrict({ strictFs }: PolicyDefaults, network: NetworkGrants): boolean {
  return strictFs.locked || isConfined(network);
}

/** Whether handlers of this language, called this way, can be given a body that is still arriving. */
function canStreamBody(runtime: RuntimeName, { adapter = 'native' }: HandlerPatch): boolean {
  return (runtime === 'node' || runtime === 'python') && adapter === 'native';
}

function resolveStream(patches: readonly PolicyPatch[], { streams }: SandboxRules): StreamPolicy {
  const idleMs = nearest(patches, 'streamIdleMs') ?? defaultStreamPolicy.idleMs;
  const maxMs = nearest(patches, 'streamMaxMs') ?? defaultStreamPolicy.maxMs;
  return Object.freeze({ idleMs: Math.min(idleMs, streams.idleMs), maxMs: Math.min(maxMs, streams.maxMs) });
}

function resolveLimits(patches: readonly PolicyPatch[], { maxima }: SandboxRules): ResourceLimits {
  const limit = <K extends LimitName>(name: K): number | null => {
    const asked = patches.find((patch) => patch.limits?.[name] !== undefined)?.limits?.[name];
    const wanted = asked ?? defaultResourceLimits[name];
    const most = maxima[name];
    return wanted === null || most === null ? (wanted ?? most) : Math.min(wanted, most);
  };
  const names = Object.keys(defaultResourceLimits) as LimitName[];
  return Object.freeze(
    Object.fromEntries(names.map((name) => [name, limit(name)])) as unknown as ResourceLimits,
  );
}

function nearest<K extends keyof PolicyPatch>(
  patches: readonly PolicyPatch[],
  key: K,
): PolicyPatch[K] | undefined {
  return patches.find((patch) => patch[key] !== undefined)?.[key];
}

function resolveWorkerPool(
  patch: WorkerPoolPatch | undefined,
  maxConcurrency: number,
  timeoutMs: number,
): WorkerPoolPolicy {
  const maxWorkers = patch?.maxWorkers ?? maxConcurrency;
  const maxQueue = patch?.maxQueue ?? 0;
  const minWarm = patch?.minWarm ?? 0;
  return Object.freeze({
    enabled: patch?.enabled ?? true,
    declared: patch !== undefined,
    minWarm: maxWorkers > 0 ? Math.min(minWarm, maxWorkers) : minWarm,
    maxWorkers,
    maxQueue,
    idleTtlSeconds: patch?.idleTtlSeconds ?? 300,
    // Without this default a queue alone would never hold anyone: every waiter would time out at once.
    queueTimeoutMs: patch?.queueTimeoutMs ?? (maxQueue > 0 ? Math.min(timeoutMs, 5000) : 0),
    queuePollMs: patch?.queuePollMs ?? 20,
    overflowStatus: patch?.overflowStatus ?? 429,
  });
}
