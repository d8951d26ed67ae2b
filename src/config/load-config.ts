// The operator's whole configuration: flag > environment > fastfn.json > default, as one frozen value, or every fault
// at once. Reads fastfn.json and looks at the host; starts nothing that outlives the call but bounded probes.

import { join, resolve } from 'node:path';
import { type LimitMaxima, limitFields } from '../policy/limit-fields.ts';
import { describeNetwork, isConfined } from '../policy/network-grants.ts';
import { resolveAllowedPaths } from './allowed-paths.ts';
import type { ConfigFault } from './config-fault.ts';
import { type ConfigFileSources, readConfigFile } from './config-file.ts';
import { readControl } from './control-config.ts';
import { deepFreeze } from './deep-freeze.ts';
import { findFunctionsRoot } from './functions-root.ts';
import type { GatewayConfig, HttpLimits } from './gateway-config.ts';
import { readInheritedSocket } from './inherited-socket.ts';
import type { Mode } from './option.ts';
import { edgeOptions } from './options/edge-options.ts';
import { functionOptions } from './options/function-options.ts';
import { type DomainCheck, laterOptions } from './options/later-options.ts';
import { limitOptions } from './options/limit-options.ts';
import { runtimeOptions } from './options/runtime-options.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { serverOptions } from './options/server-options.ts';
import { streamOptions } from './options/stream-options.ts';
import { readBuilds } from './read-builds.ts';
import { isSmallFile } from './registry-files.ts';
import { type FindRuntimes, readSocketPaths, selectRuntimes } from './runtime-selection.ts';
import { readSecrets } from './secrets-config.ts';
import { type Environment, Settings } from './settings.ts';
import { readTls } from './tls-config.ts';
import { readTracing } from './tracing-config.ts';
import { workerEnvironmentOf } from './worker-environment.ts';
import { resolveWorkerUser, type WorkerUser } from './worker-user.ts';

export interface ConfigSources {
  readonly mode: Mode;
  /** The command's `[dir]`. */
  readonly argument?: string | undefined;
  /** `--config`. */
  readonly configFile?: string | undefined;
  /** Other flags by attribute: `{ port: '0', hotReload: true }`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** Whether standard output is a terminal: decides the log format where nothing else does. */
  readonly terminal: boolean;
  readonly readFile: ConfigFileSources['readFile'];
  readonly findRuntimes: FindRuntimes;
}

export type LoadedConfig =
  | { readonly config: GatewayConfig }
  | {
      /** Errors and warnings. */
      readonly faults: readonly ConfigFault[];
      /** Defaults in place of what is wrong: for `check` and `doctor` to go on with, never to serve. */
      readonly draft: GatewayConfig;
      /** False: the functions folder is missing, and the draft leads nowhere. */
      readonly hasRoot: boolean;
    };

/** Reads everything. Rejects only for faults of the product itself. */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { mode, flags, environment, cwd, readFile } = sources;
  const file = await readConfigFile({ explicit: sources.configFile, cwd, readFile });
  const settings = new Settings({ mode, flags, environment, file });
  const root = findFunctionsRoot(settings, { mode, argument: sources.argument, cwd, fileDir: file.dir });
  if (root.fault !== null) settings.add(root.fault);
  const selection = await selectRuntimes(settings, sources.findRuntimes);
  const sections = readSections(settings, sources, root.path);
  checkEachOther(settings, sections);
  for (const option of Object.values(laterOptions)) settings.read<unknown>(option);
  const config = deepFreeze({ ...sections, ...selection, functionsRoot: root.path, faults: settings.faults });
  const failed = settings.faults.some((fault) => fault.severity === 'error');
  return failed ? { faults: settings.faults, draft: config, hasRoot: root.fault === null } : { config };
}

type Sections = Omit<GatewayConfig, 'functionsRoot' | 'runtimes' | 'adapters' | 'faults'>;

function readSections(settings: Settings, sources: ConfigSources, functionsRoot: string): Sections {
  const { cwd, terminal } = sources;
  const stateFolder = settings.read(functionOptions.stateDir);
  const stateDir = stateFolder === null ? join(functionsRoot, '.fastfn') : resolve(cwd, stateFolder);
  const format = settings.read(serverOptions.logFormat) ?? (terminal ? 'pretty' : 'json');
  return {
    host: settings.read(serverOptions.host),
    port: settings.read(serverOptions.port),
    inheritedSocket: readSocket(settings, sources),
    tls: readTls(settings, { cwd, readFile: sources.readFile, now: Date.now() }),
    hotReload: readHotReload(settings),
    sockets: {
      baseDir: resolve(cwd, settings.read(runtimeOptions.socketBaseDir)),
      paths: readSocketPaths(settings),
    },
    runtimeDaemons: settings.read(runtimeOptions.runtimeDaemons),
    defaults: {
      timeoutMs: settings.read(functionOptions.defaultTimeoutMs),
      maxConcurrency: settings.read(functionOptions.defaultMaxConcurrency),
      maxBodyBytes: settings.read(functionOptions.defaultMaxBodyBytes),
    },
    http: readHttpLimits(settings),
    edge: readEdge(settings),
    forceUrl: settings.read(functionOptions.forceUrl),
    namespaceDepth: settings.read(functionOptions.namespaceDepth),
    ignoreDirs: settings.read(functionOptions.ignoreDirs),
    trustedProxyCidrs: settings.read(serverOptions.trustedProxyCidrs),
    strictFs: readStrictFs(settings, functionsRoot),
    sandboxRequired: settings.read(sandboxOptions.sandboxRequired),
    sandbox: readSandboxRules(settings),
    workerUser: readWorkerUser(settings, sources),
    build: readBuilds(settings, {
      environment: sources.environment,
      production: settings.read(serverOptions.production),
      exists: isSmallFile,
    }),
    drainTimeoutMs: settings.read(serverOptions.drainTimeoutMs),
    stateDir,
    secrets: readSecrets(settings, {
      environment: sources.environment,
      cwd,
      stateDir,
      exists: (path) => sources.readFile(path) !== null,
    }),
    log: { level: settings.read(serverOptions.logLevel), format },
    tracing: readTracing(settings),
    production: settings.read(serverOptions.production),
    workerEnvironment: workerEnvironmentOf(sources.environment),
    control: readControl(settings, sources.readFile),
    spareLaunchers: settings.read(runtimeOptions.spareLaunchers),
    healthIntervalMs: settings.read(runtimeOptions.healthInterval),
  };
}

function readSocket(settings: Settings, { environment }: ConfigSources): number | null {
  const { descriptor, fault } = readInheritedSocket(environment, [process.pid, process.ppid]);
  if (fault !== null) settings.add(fault);
  return descriptor;
}

function readHotReload(settings: Settings): GatewayConfig['hotReload'] {
  return {
    enabled: settings.read(functionOptions.hotReload),
    watchdog: settings.read(functionOptions.hotReloadWatchdog),
    debounceMs: settings.read(functionOptions.hotReloadDebounceMs),
    intervalMs: settings.read(functionOptions.hotReloadInterval),
  };
}

function readEdge(settings: Settings): GatewayConfig['edge'] {
  return {
    home: {
      function: settings.read(edgeOptions.homeFunction),
      redirect: settings.read(edgeOptions.homeRedirect),
    },
    landingPage: settings.read(edgeOptions.landingPage),
    verifyTls: settings.read(edgeOptions.verifyTls),
    browser: {
      cors: settings.read(edgeOptions.cors),
      securityHeaders: settings.read(edgeOptions.securityHeaders),
    },
  };
}

function readHttpLimits(settings: Settings): HttpLimits {
  return {
    maxBodyBytes: settings.read(serverOptions.maxBodyBytes),
    maxHeaderBytes: settings.read(serverOptions.maxHeaderBytes),
    maxUriBytes: settings.read(serverOptions.maxUriBytes),
    maxQueryPairs: settings.read(serverOptions.maxQueryPairs),
    maxConnections: settings.read(serverOptions.maxConnections),
    maxRequestsPerConnection: settings.read(serverOptions.maxRequestsPerConnection),
    headersTimeoutMs: settings.read(serverOptions.headersTimeoutMs),
    requestTimeoutMs: settings.read(serverOptions.requestTimeoutMs),
    keepAliveTimeoutMs: settings.read(serverOptions.keepAliveTimeoutMs),
    maxLoopDelayMs: settings.read(serverOptions.maxLoopDelayMs),
  };
}

function readStrictFs(settings: Settings, functionsRoot: string): GatewayConfig['strictFs'] {
  const { allow, faults } = resolveAllowedPaths(settings.read(sandboxOptions.strictFsAllow), functionsRoot);
  for (const fault of faults) settings.add(fault);
  return {
    enabled: settings.read(sandboxOptions.strictFs),
    locked: settings.read(sandboxOptions.strictFsLock),
    allow,
  };
}

function readSandboxRules(settings: Settings): GatewayConfig['sandbox'] {
  return {
    network: settings.read(sandboxOptions.sandboxNetwork),
    namespaceUse: settings.read(sandboxOptions.sandboxNamespace),
    maxima: readMaxima(settings),
    streams: {
      idleMs: settings.read(streamOptions.maxIdleMs),
      maxMs: settings.read(streamOptions.maxMs),
    },
  };
}

function readMaxima(settings: Settings): LimitMaxima {
  const maxima = limitFields.map(({ name, scale }) => {
    const maximum = settings.read(limitOptions[name]);
    return [name, maximum === null ? null : maximum * scale];
  });
  return Object.fromEntries(maxima) as LimitMaxima;
}

function readWorkerUser(settings: Settings, { readFile }: ConfigSources): WorkerUser | null {
  const text = settings.read(sandboxOptions.workerUser);
  if (text === null) return null;
  const { user, fault } = resolveWorkerUser(text, { uid: process.geteuid?.() ?? null, readFile });
  if (fault !== null) settings.add(fault);
  return user;
}

/** Rules between two values. */
function checkEachOther(settings: Settings, { http, defaults, sandbox, strictFs }: Sections): void {
  if (isConfined(sandbox.network) && !strictFs.enabled) {
    settings.add({
      file: 'environment',
      key: 'FN_SANDBOX_NETWORK',
      found: describeNetwork(sandbox.network),
      accepted: 'all while FN_STRICT_FS is off: nothing else holds workers to it',
      severity: 'error',
    });
  }
  if (http.headersTimeoutMs > http.requestTimeoutMs) {
    settings.add({
      file: 'environment',
      key: 'FN_HTTP_HEADERS_TIMEOUT_MS',
      found: String(http.headersTimeoutMs),
      accepted: `at most FN_HTTP_REQUEST_TIMEOUT_MS (${http.requestTimeoutMs})`,
      severity: 'error',
    });
  }
  if (defaults.maxBodyBytes > http.maxBodyBytes) {
    settings.add({
      file: 'environment',
      key: 'FN_DEFAULT_MAX_BODY_BYTES',
      found: String(defaults.maxBodyBytes),
      accepted: `at most FN_MAX_BODY_BYTES (${http.maxBodyBytes}), which bounds every function`,
      severity: 'warning',
    });
  }
}

/** The `domains` of fastfn.json, for `doctor domains`; no other configuration is looked at. */
export async function loadDomains(
  sources: Pick<ConfigSources, 'configFile' | 'cwd' | 'readFile'>,
): Promise<{ readonly domains: readonly DomainCheck[]; readonly faults: readonly ConfigFault[] }> {
  const { configFile, cwd, readFile } = sources;
  const file = await readConfigFile({ explicit: configFile, cwd, readFile });
  const settings = new Settings({ mode: 'serve', flags: {}, environment: {}, file });
  return { domains: settings.read(laterOptions.domains), faults: settings.faults };
}
