// The policy part of one `fn.config.json`: numbers brought into bounds, lists read leniently, and for each value that
// cannot be used a fault and the safe choice. Source: contract/policy.md 2, 4, 5.

import {
  type FunctionPolicy,
  type KeepWarmPolicy,
  policyBounds,
  type RateLimitPolicy,
} from '../policy/function-policy.ts';
import { parseHostList } from '../policy/host-list.ts';
import { parseMethodList } from '../policy/methods.ts';
import { type NumberBounds, parseNumberField } from '../policy/number-field.ts';
import type { HandlerPatch, PolicyPatch, WorkerPoolPatch } from '../policy/resolve-policy.ts';
import type { SandboxRules } from '../policy/sandbox-rules.ts';
import { type Complain, foundText, isObject, textOf } from './checked-document.ts';
import { readEdgePatch } from './edge-config.ts';
import { readSandboxPatch } from './sandbox-config.ts';

type Json = Readonly<Record<string, unknown>>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const positive = (max: number): NumberBounds => ({ min: 1, max });
const count = (max: number): NumberBounds => ({ min: 0, max });

/** Used when a `rate_limit` block cannot be read: its author wanted a limit, so no limit would be the unsafe reading. */
const safeRateLimit: RateLimitPolicy = Object.freeze({ max: 60, windowSeconds: 60 });
const maxRateWindowSeconds = 86_400;
const maxRate = 1_000_000;

/**
 * @param value the file without fields of a wrong type
 * @param written the file as it is, for lists that are read entry by entry
 */
export function readPolicyPatch(
  value: Json,
  written: Json,
  rules: SandboxRules,
  complain: Complain,
): PolicyPatch {
  const number = numberReader(value, [], complain);
  const patch: Writable<PolicyPatch> = {
    ...number('timeout_ms', 'timeoutMs', positive(policyBounds.timeoutMs)),
    ...number('max_concurrency', 'maxConcurrency', count(policyBounds.maxConcurrency)),
    ...number('max_body_bytes', 'maxBodyBytes', positive(policyBounds.maxBodyBytes)),
    ...readStream(isObject(value['stream']) ? value['stream'] : {}, rules, complain),
    ...readInvoke(isObject(written['invoke']) ? written['invoke'] : {}, complain),
    ...readSandboxPatch(value, written, rules, complain),
  };
  const response = isObject(value['response']) ? value['response'] : {};
  if (value['include_debug_headers'] === true || response['include_debug_headers'] === true) {
    patch.includeDebugHeaders = true;
  }
  if (isObject(value['worker_pool'])) patch.workerPool = readWorkerPool(value['worker_pool'], complain);
  if (written['rate_limit'] !== undefined) patch.rateLimit = readRateLimit(value['rate_limit'], complain);
  const keepWarm = isObject(value['keep_warm']) ? readKeepWarm(value['keep_warm'], complain) : null;
  if (keepWarm !== null) patch.keepWarm = keepWarm;
  Object.assign(patch, readEdgePatch(value, complain));
  const group = textOf(value['group']);
  if (group !== null) patch.group = group;
  return Object.freeze(patch);
}

/** Reads a number field into a patch of one key, or of none when it is absent or bad. */
function numberReader(block: Json, path: readonly string[], complain: Complain) {
  return <K extends string>(key: string, name: K, bounds: NumberBounds): { [P in K]?: number } => {
    const raw = block[key];
    if (raw === undefined) return {};
    const field = parseNumberField(raw, bounds);
    const accepted = `a whole number from ${bounds.min} to ${bounds.max}`;
    if (field.kind === 'bad') complain([...path, key], foundText(raw), accepted);
    if (field.kind === 'lowered') complain([...path, key], foundText(raw), accepted, 'warning');
    return field.kind === 'bad' ? {} : ({ [name]: field.value } as { [P in K]?: number });
  };
}

/** The operator's maxima are told here and held again by resolve-policy. */
function readStream(block: Json, { streams }: SandboxRules, complain: Complain): PolicyPatch {
  const number = numberReader(block, ['stream'], complain);
  return {
    ...number('idle_ms', 'streamIdleMs', positive(Math.min(streams.idleMs, policyBounds.streamIdleMs))),
    ...number('max_ms', 'streamMaxMs', positive(Math.min(streams.maxMs, policyBounds.streamMaxMs))),
  };
}

function readInvoke(invoke: Json, complain: Complain): PolicyPatch {
  const patch: Writable<PolicyPatch> = {};
  if (invoke['methods'] !== undefined && invoke['methods'] !== null) {
    const { methods, unknown } = parseMethodList(invoke['methods']);
    if (methods.length > 0) patch.methods = methods;
    const severity = methods.length > 0 ? 'warning' : 'error';
    if (unknown.length > 0 || methods.length === 0) {
      complain(
        ['invoke', 'methods'],
        foundText(invoke['methods']),
        'GET, POST, PUT, PATCH, DELETE',
        severity,
      );
    }
  }
  const allowed = invoke['allow_hosts'];
  if (allowed !== undefined && allowed !== null && !isEmptyList(allowed)) {
    const { hosts, bad } = parseHostList(allowed);
    // Fails closed: a list of which no entry can be read lets nobody in, where the author meant only some.
    patch.allowHosts = hosts;
    const accepted = 'host names such as api.example.org or *.example.org, without scheme and path';
    if (bad.length > 0 || hosts.length === 0)
      complain(['invoke', 'allow_hosts'], foundText(allowed), accepted);
  }
  return patch;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : typeof value === 'string' && value.trim() === '';
}

function readWorkerPool(block: Json, complain: Complain): WorkerPoolPatch {
  const number = numberReader(block, ['worker_pool'], complain);
  const status = Number(block['overflow_status']);
  return Object.freeze({
    enabled: block['enabled'] !== false,
    ...number('min_warm', 'minWarm', count(policyBounds.maxWorkers)),
    ...number('max_workers', 'maxWorkers', count(policyBounds.maxWorkers)),
    ...number('max_queue', 'maxQueue', count(policyBounds.maxQueue)),
    ...number('idle_ttl_seconds', 'idleTtlSeconds', positive(policyBounds.idleTtlSeconds)),
    ...number('queue_timeout_ms', 'queueTimeoutMs', count(policyBounds.queueTimeoutMs)),
    ...number('queue_poll_ms', 'queuePollMs', positive(200)),
    ...(status === 429 || status === 503 ? { overflowStatus: status } : {}),
  });
}

function readKeepWarm(block: Json, complain: Complain): KeepWarmPolicy | null {
  const number = numberReader(block, ['keep_warm'], complain);
  const numbers = {
    ...number('min_warm', 'minWarm', count(policyBounds.maxWorkers)),
    ...number('ping_every_seconds', 'pingEverySeconds', positive(policyBounds.idleTtlSeconds)),
    ...number('idle_ttl_seconds', 'idleTtlSeconds', positive(policyBounds.idleTtlSeconds)),
  };
  const enabled = block['enabled'] === true;
  if (!enabled && Object.keys(numbers).length === 0) return null;
  return Object.freeze({ enabled, minWarm: 1, pingEverySeconds: 45, idleTtlSeconds: 300, ...numbers });
}

function readRateLimit(block: unknown, complain: Complain): RateLimitPolicy {
  if (!isObject(block)) return safeRateLimit;
  const number = numberReader(block, ['rate_limit'], complain);
  if (block['max'] === undefined) complain(['rate_limit', 'max'], 'nothing', 'a number of requests > 0');
  return Object.freeze({
    ...safeRateLimit,
    ...number('max', 'max', positive(maxRate)),
    ...number('window_seconds', 'windowSeconds', positive(maxRateWindowSeconds)),
  });
}

const adapters: Readonly<Record<string, FunctionPolicy['adapter']>> = {
  '': 'native',
  native: 'native',
  none: 'native',
  default: 'native',
  'aws-lambda': 'aws-lambda',
  lambda: 'aws-lambda',
  'apigw-v2': 'aws-lambda',
  'api-gateway-v2': 'aws-lambda',
  'cloudflare-worker': 'cloudflare-worker',
  'cloudflare-workers': 'cloudflare-worker',
  worker: 'cloudflare-worker',
  workers: 'cloudflare-worker',
};

const maxPacks = 50;

/** null: one of them is no name, and could be a path out of the folder of packs. */
function readPackNames(raw: unknown, complain: Complain): string[] | null {
  if (!Array.isArray(raw)) return [];
  const bad = raw.findIndex((name) => typeof name !== 'string' || !/^[a-zA-Z0-9_-]{1,100}$/.test(name));
  if (bad >= 0)
    complain(['shared_deps', String(bad)], foundText(raw[bad]), 'a name of letters, digits, _ and -');
  if (raw.length > maxPacks) complain(['shared_deps'], `${raw.length} packs`, `at most ${maxPacks}`);
  return bad >= 0 || raw.length > maxPacks ? null : [...new Set(raw.map(String))];
}

/** What the file says of the handler beside it, and the text that calls get when that cannot be followed. */
export function readHandlerPatch(
  value: Json,
  invoke: Json,
  complain: Complain,
): { readonly patch: HandlerPatch; readonly refused: string | null } {
  const patch: Writable<HandlerPatch> = {};
  if (typeof value['strict_fs'] === 'boolean') patch.strictFs = value['strict_fs'];
  let refused: string | null = null;
  const handler = textOf(invoke['handler']);
  if (handler !== null && /^[A-Za-z_$][A-Za-z0-9_$]{0,199}$/.test(handler)) patch.handler = handler;
  else if (handler !== null) {
    refused = 'invoke.handler must be a valid identifier';
    complain(['invoke', 'handler'], foundText(handler), 'an identifier');
  }
  const adapter = textOf(invoke['adapter']) ?? '';
  const word = adapter.toLowerCase();
  const known = Object.hasOwn(adapters, word) ? adapters[word] : undefined;
  if (known !== undefined) patch.adapter = known;
  else {
    refused = `invoke.adapter unsupported: ${adapter.slice(0, 80)}`;
    complain(['invoke', 'adapter'], foundText(adapter), 'native, aws-lambda or cloudflare-worker');
  }
  const packs = readPackNames(value['shared_deps'], complain);
  if (packs !== null && packs.length > 0) patch.sharedDeps = packs;
  if (packs === null) refused = 'shared_deps must be names of packs: letters, digits, _ and -';
  const mode = invoke['body_mode'];
  if (mode === 'stream' || mode === 'buffer') patch.bodyMode = mode;
  return { patch: Object.freeze(patch), refused };
}
