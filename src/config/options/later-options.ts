// What FastFN knew and this version does not act on: named here, so that a file or environment written for it is not
// reported as full of typing errors, and says honestly what has no effect.

import { accept, type Option } from '../option.ts';

export interface DomainCheck {
  readonly domain: string;
  readonly expectedTarget: string | null;
  readonly enforceHttps: boolean;
}

/** Used by `doctor domains` only. */
const domains: Option<readonly DomainCheck[]> = {
  doc: 'Domains that `fastfn doctor domains` checks.',
  accepted: 'a domain, a list of domains, or objects with domain, expected-target and enforce-https',
  key: 'domains',
  fallback: [],
  read: (raw) => accept((Array.isArray(raw) ? raw : [raw]).flatMap(readDomain)),
};

function readDomain(entry: unknown): DomainCheck[] {
  if (typeof entry === 'string') {
    return entry
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map((domain) => ({ domain, expectedTarget: null, enforceHttps: true }));
  }
  if (typeof entry !== 'object' || entry === null) return [];
  const fields = new Map<string, unknown>(Object.entries(entry));
  const first = (...names: string[]) =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined);
  const target = first('expected-target', 'expected_target', 'expectedTarget', 'target');
  return [
    {
      domain: String(first('domain', 'host', 'name') ?? ''),
      expectedTarget: target === undefined ? null : String(target),
      enforceHttps: first('enforce-https', 'enforce_https', 'enforceHttps') !== false,
    },
  ];
}

export const laterOptions = { domains };

/** Takes effect in a later part of the product. */
const laterVariables = [
  'FN_SCHEDULER_ENABLED',
  'FN_SCHEDULER_INTERVAL',
  'FN_SCHEDULER_PERSIST_ENABLED',
  'FN_SCHEDULER_PERSIST_INTERVAL',
  'FN_SCHEDULER_STATE_PATH',
  'FN_JOBS_ENABLED',
  'FN_JOBS_POLL_INTERVAL',
  'FN_JOBS_MAX_CONCURRENCY',
  'FN_JOBS_MAX_RESULT_BYTES',
  'FN_JOBS_DIR',
  'FN_RUNTIME_LOG_FILE',
] as const;

/** Has no effect by design; the value says what does the job instead. */
const replacedVariables: Readonly<Record<string, string>> = {
  FN_MAX_ASSET_BYTES: 'files of any size are streamed',
  FN_MAX_FRAME_BYTES: 'bodies stream in chunks, bounded by FN_MAX_BODY_BYTES',
  FN_HOT_RELOAD_WATCHDOG_POLL: 'the watcher is told of changes and does not poll',
  FN_HOT_RELOAD_WATCHDOG_DEBOUNCE_MS: 'FN_HOT_RELOAD_DEBOUNCE_MS',
  FN_NODE_RUNTIME_PROCESS_POOL: 'worker_pool in fn.config.json',
  FN_PY_RUNTIME_WORKER_POOL: 'worker_pool in fn.config.json',
  FN_RUST_RUNTIME_WORKER_POOL: 'worker_pool in fn.config.json',
  FN_GO_RUNTIME_WORKER_POOL: 'worker_pool in fn.config.json',
  FN_PHP_DAEMON_MAX_CONNECTIONS: 'worker processes are per function',
  FN_RUNTIME_INSTANCE_INDEX: 'worker processes are per function',
  FN_RUNTIME_INSTANCE_COUNT: 'worker processes are per function',
  FN_PHP_TMPDIR: 'each worker has a private temporary folder',
  FN_OPENRESTY_BIN: 'no web server beside the gateway is needed',
  FN_DOCKER_BIN: 'no container is needed',
  FN_DOCKER_USER: 'no container is needed',
  FN_DOCKER_RUN_AS_ROOT: 'no container is needed',
  FN_DEV_VERBOSE_LOGS: 'FN_LOG_LEVEL',
  FN_WAIT_RUNTIME_READY_ON_START: 'the port is opened only when discovery is done',
};

const poolVariable = /^FN_(NODE|PY|PHP|RUST|GO)_POOL_(ACQUIRE_TIMEOUT|IDLE_TTL|REAPER_INTERVAL)_MS$/;

/** What to say about a variable that is known but does nothing now; null when the name is not known at all. */
export function noteOnInactiveVariable(name: string): string | null {
  if ((laterVariables as readonly string[]).includes(name)) return 'it takes effect in a later version';
  if (poolVariable.test(name)) return 'replaced by worker_pool in fn.config.json';
  return Object.hasOwn(replacedVariables, name) ? `replaced: ${replacedVariables[name]}` : null;
}

export const inactiveVariableNames: readonly string[] = [
  ...laterVariables,
  ...Object.keys(replacedVariables),
];
