// The operator's whole configuration as one frozen value: flag > environment > fastfn.json > default.
// Everything downstream takes what it needs from here as arguments; nothing else reads process.env.

import type { BuildSettings } from '../policy/build-settings.ts';
import type { Fault } from '../policy/fault.ts';
import type { HomeTarget } from '../policy/home-target.ts';
import type { BrowserDefaults } from '../policy/resolve-policy.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { SandboxRules } from '../policy/sandbox-rules.ts';
import type { SecretsConfig } from './secrets-config.ts';
import type { TracingConfig } from './tracing-config.ts';
import type { WorkerUser } from './worker-user.ts';

/** One language on this host: its data row, and what was found when it was probed. */
export interface RuntimeAdapter {
  readonly name: RuntimeName;
  readonly available: boolean;
  /** Why not, and what to install; null when available. */
  readonly reason: string | null;
  /** Real interpreter binary (symlinks and version-manager shims resolved). */
  readonly interpreter: string;
  /** Arguments before the program, for example Python's `-I -S`. */
  readonly interpreterArgs: readonly string[];
  /** Added to them where the function's sandbox is strict. */
  readonly strictArgs: readonly string[];
  /** Worker program file, relative to the folder of all runtimes (`ProgramFiles.runtimesDir`); '' when there is none. */
  readonly program: string;
  /** The program is run by our own Node, with the row's package files: `ProgramFiles.nodePrograms` has its command. */
  readonly nodeHosted: boolean;
  /** Its workers get less than the policy grants (`RuntimeRow.sealed`). */
  readonly sealed: boolean;
  /** For example `3.11.7`; '' when unavailable. */
  readonly version: string;
  /** Files and folders of the language itself that the worker may read. */
  readonly readable: readonly string[];
}

/** Absolute paths of a pair that was there and fitted when the configuration was read. */
export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly http2: boolean;
}

export interface HttpLimits {
  /** Any request body, bytes (`FN_MAX_BODY_BYTES`, default 10 MiB; never below a function's own limit is useful). */
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxUriBytes: number;
  readonly maxQueryPairs: number;
  readonly maxConnections: number;
  readonly maxRequestsPerConnection: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** 0 = requests are never refused for it. */
  readonly maxLoopDelayMs: number;
}

/** A user of the console beside the first, who may do everything that a login allows. */
export interface ConsoleUserEntry {
  readonly username: string;
  readonly passwordHash: string;
  readonly role: 'read' | 'invoke' | 'write';
}

export interface GatewayConfig {
  /** Absolute. */
  readonly functionsRoot: string;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** A listening socket passed by systemd or the like, used in place of host and port (LISTEN_FDS); null: none. */
  readonly inheritedSocket: number | null;
  /** null: plain HTTP. */
  readonly tls: TlsConfig | null;
  readonly hotReload: {
    readonly enabled: boolean;
    readonly watchdog: boolean;
    readonly debounceMs: number;
    /** Rescan period when watching is off or impossible. */
    readonly intervalMs: number;
  };
  /** Enabled runtimes in order of preference; null = contract/routing.md default from the tree. */
  readonly runtimes: readonly RuntimeName[] | null;
  readonly adapters: ReadonlyMap<RuntimeName, RuntimeAdapter>;
  /** Programs named by `FN_*_BIN` variables or `runtime-binaries`, by variable; for builds and `doctor`. */
  readonly binaries?: ReadonlyMap<string, string>;
  readonly sockets: {
    readonly baseDir: string;
    /** FN_RUNTIME_SOCKETS: exact path per runtime. */
    readonly paths: ReadonlyMap<RuntimeName, string>;
  };
  /** Most processes of one function of a runtime that runs many calls in a process; default: number of cores. */
  readonly runtimeDaemons: ReadonlyMap<RuntimeName, number>;
  readonly defaults: {
    readonly timeoutMs: number;
    readonly maxConcurrency: number;
    readonly maxBodyBytes: number;
  };
  readonly http: HttpLimits;
  readonly edge: {
    /** Beats what the functions folder says. */
    readonly home: HomeTarget;
    readonly landingPage: boolean;
    /** Certificates of upstreams of the edge proxy. */
    readonly verifyTls: boolean;
    readonly browser: BrowserDefaults;
  };
  readonly forceUrl: boolean;
  readonly namespaceDepth: number;
  readonly ignoreDirs: readonly string[];
  readonly trustedProxyCidrs: readonly string[];
  readonly strictFs: {
    readonly enabled: boolean;
    /** True: `strict_fs: false` in a function is ignored and logged. */
    readonly locked: boolean;
    readonly allow: readonly { readonly path: string; readonly write: boolean }[];
  };
  readonly sandboxRequired: boolean;
  /** What no function gets more of, and what each gets that asks for nothing. */
  readonly sandbox: Omit<SandboxRules, 'kernelTier' | 'namespaceMissing'>;
  /** Started as root: who workers become (`FN_WORKER_USER`); null = they keep the gateway's user. */
  readonly workerUser: WorkerUser | null;
  /** Dependencies and programs of functions. */
  readonly build: BuildSettings;
  readonly drainTimeoutMs: number;
  /** Absolute; default `<functionsRoot>/.fastfn`. */
  readonly stateDir: string;
  readonly log: { readonly level: string; readonly format: 'json' | 'pretty' };
  readonly secrets: SecretsConfig;
  /** null: nothing is traced. */
  readonly tracing: TracingConfig | null;
  /** FN_PRODUCTION: handler messages stay in the log; clients see `internal error`. */
  readonly production: boolean;
  /** Language, time zone and CA variables of the gateway's own environment: all that workers inherit of it. */
  readonly workerEnvironment: Readonly<Record<string, string>>;
  readonly control: {
    readonly adminToken: string | null;
    readonly uiEnabled: boolean;
    readonly apiEnabled: boolean;
    readonly adminApiEnabled: boolean;
    readonly docsEnabled: boolean;
    readonly docs: {
      /** `FN_PUBLIC_BASE_URL`, without the `/` at its end. */
      readonly publicBaseUrl: string | null;
      readonly includeInternal: boolean;
      readonly adminOnly: boolean;
    };
    readonly writeEnabled: boolean;
    readonly publicExplore: boolean;
    readonly localOnly: boolean;
    /** Blocks that count as local beside loopback (`FN_CONSOLE_LOCAL_CIDRS`). */
    readonly localCidrs: readonly string[];
    readonly rateLimit: { readonly max: number; readonly writeMax: number; readonly windowSeconds: number };
    readonly login: {
      readonly enabled: boolean;
      readonly api: boolean;
      readonly username: string | null;
      readonly passwordHash: string | null;
      readonly password: string | null;
      readonly users: readonly ConsoleUserEntry[];
      readonly sessionSecret: string | null;
      readonly sessionTtlSeconds: number;
      readonly rateLimit: { readonly max: number; readonly windowSeconds: number };
    };
  };
  readonly spareLaunchers: number;
  /** `FN_HEALTH_INTERVAL`, default 2000. */
  readonly healthIntervalMs?: number;
  /** Warnings met on the way; errors stop the start instead. */
  readonly faults: readonly Fault[];
}
