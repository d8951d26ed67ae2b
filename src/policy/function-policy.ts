// What a function may do and how much: one frozen value per function version. Source: contract/policy.md 2-5.

import type { CorsPolicy } from './cors-policy.ts';
import type { EdgePolicy } from './edge-policy.ts';
import type { NetworkGrants, ResourceLimits } from './sandbox-policy.ts';
import type { SecurityHeaders } from './security-headers.ts';

export const httpMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type HttpMethod = (typeof httpMethods)[number];

export interface WorkerPoolPolicy {
  /** False: no admission gate at all. True also when the block is absent. */
  readonly enabled: boolean;
  /** Whether the config has a `worker_pool` block; the event reports `enabled: false` without one. */
  readonly declared: boolean;
  /** Worker processes kept ready without traffic. Default 0. */
  readonly minWarm: number;
  /** Running invocations admitted at once; 0 = unlimited. Default: `max_concurrency`. */
  readonly maxWorkers: number;
  /** Invocations that may wait for a slot. Default 0. */
  readonly maxQueue: number;
  /** An idle worker beyond `minWarm` ends after this. Default 300. */
  readonly idleTtlSeconds: number;
  /** Longest wait for a slot. Default: min(timeout, 5000) when `maxQueue` > 0, else 0. */
  readonly queueTimeoutMs: number;
  /** Kept for compatibility and shown in the event; our queue wakes without polling. Default 20. */
  readonly queuePollMs: number;
  /** Status for overflow and queue timeout. Default 429. */
  readonly overflowStatus: 429 | 503;
}

export interface RateLimitPolicy {
  /** Requests per window and client address. */
  readonly max: number;
  readonly windowSeconds: number;
}

/** What holds an invocation in place of its deadline while its answer, or its request's body, streams. */
export interface StreamPolicy {
  /** Broken off when nothing has moved for this long, ms. Default 60 000. */
  readonly idleMs: number;
  /** Longest life of a stream, ms. Default 3 600 000. */
  readonly maxMs: number;
}

export interface KeepWarmPolicy {
  readonly enabled: boolean;
  readonly minWarm: number;
  readonly pingEverySeconds: number;
  readonly idleTtlSeconds: number;
}

/** `sandbox.require`, each a part of the next: nothing; Landlock, seccomp and no_new_privs; a minimal root beside them. */
export type SandboxTier = 'none' | 'kernel' | 'namespace';

export interface FunctionSandbox {
  /** Never more than the operator allows. */
  readonly network: NetworkGrants;
  /** Rather not served than served without it; `namespace` asks for the kernel's layers too. */
  readonly require: SandboxTier;
  /** Its workers see a minimal root: asked for by the function or the operator, offered by the host, not switched off. */
  readonly namespace: boolean;
}

export interface FunctionPolicy {
  /** Whole life of an invocation from admission, in ms. */
  readonly timeoutMs: number;
  /** 0 = unlimited. */
  readonly maxConcurrency: number;
  readonly maxBodyBytes: number;
  /** `stream`: the handler starts before the request's body has arrived, and reads it piece by piece. Default `buffer`. */
  readonly bodyMode: 'buffer' | 'stream';
  readonly stream: StreamPolicy;
  readonly includeDebugHeaders: boolean;
  readonly methods: readonly HttpMethod[];
  /** null = any host; an empty list = none (a list of which every entry was bad fails closed). */
  readonly allowHosts: readonly string[] | null;
  readonly workerPool: WorkerPoolPolicy;
  readonly keepWarm: KeepWarmPolicy | null;
  readonly rateLimit: RateLimitPolicy | null;
  /** Where a `proxy` directive may lead; null = nowhere. */
  readonly edge: EdgePolicy | null;
  /** null = pages of other origins may not call. */
  readonly cors: CorsPolicy | null;
  readonly securityHeaders: SecurityHeaders;
  /** False only where the operator permits it (FN_STRICT_FS, FN_STRICT_FS_LOCK). */
  readonly strictFs: boolean;
  readonly sandbox: FunctionSandbox;
  readonly limits: ResourceLimits;
  /** Export that is called; default `handler`. */
  readonly handler: string;
  readonly adapter: 'native' | 'aws-lambda' | 'cloudflare-worker';
  /** Shared packs of dependencies, by name; Node and Python (contract/dependencies.md 8). */
  readonly sharedDeps: readonly string[];
  /** Label only. */
  readonly group: string | null;
}

/** Upper bounds that no config can pass; each keeps one function from starving the host. */
export const policyBounds = {
  timeoutMs: 3_600_000,
  maxConcurrency: 100_000,
  maxBodyBytes: 1_073_741_824,
  maxWorkers: 100_000,
  maxQueue: 100_000,
  idleTtlSeconds: 86_400,
  queueTimeoutMs: 600_000,
  streamIdleMs: 3_600_000,
  streamMaxMs: 604_800_000,
} as const;
