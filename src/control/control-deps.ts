// What the control plane is given by whoever wires the gateway. Sources are asked at each request; nothing is cached.

import type { IncomingMessage } from 'node:http';
import type { BuildReport } from '../build/build-report.ts';
import type { DependencyState } from '../build/state-file.ts';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import type { Deployment } from '../invocation/deployment.ts';
import type {
  InvocationReply,
  InvocationRequest,
  Passthrough,
  PassthroughOrder,
} from '../invocation/invocation.ts';
import type { Log } from '../log.ts';
import type { LogRing } from '../logs/log-ring.ts';
import type { Metrics } from '../metrics.ts';
import type { Fault } from '../policy/fault.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { LoginCredentials } from './console-users.ts';

/** Same fields as the configuration's `control`. */
export interface ControlSettings {
  readonly adminToken: string | null;
  readonly uiEnabled: boolean;
  readonly apiEnabled: boolean;
  readonly adminApiEnabled: boolean;
  readonly docsEnabled: boolean;
  readonly docs: {
    /** Address of the API as clients see it; null: told from the request. */
    readonly publicBaseUrl: string | null;
    /** Whether the OpenAPI document lists the control plane. */
    readonly includeInternal: boolean;
    readonly adminOnly: boolean;
  };
  /** Whether callers without the token may change things. */
  readonly writeEnabled: boolean;
  /** Only loopback callers, or those with the token. */
  readonly localOnly: boolean;
  /** Reported and without effect. */
  readonly publicExplore: boolean;
  /** Requests per window and client, reads and writes apart; 0 or less = no limit. */
  readonly rateLimit: { readonly max: number; readonly writeMax: number; readonly windowSeconds: number };
  readonly login: LoginSettings;
}

export interface LoginSettings extends LoginCredentials {
  /** Pages and API ask for a login. */
  readonly enabled: boolean;
  /** The API asks for one, whatever the pages do. */
  readonly api: boolean;
  /** Signs session cookies; null: nobody can log in. */
  readonly sessionSecret: string | null;
  readonly sessionTtlSeconds: number;
  /** Failed logins of one address per window; 0 or less = no limit. */
  readonly rateLimit: { readonly max: number; readonly windowSeconds: number };
}

/** One selected language, as it is now. */
export interface RuntimeHealth {
  readonly name: string;
  readonly up: boolean;
  /** Why it is down, and what to install; null when up. */
  readonly reason: string | null;
  /** Language version, '' when unknown. */
  readonly version: string;
  /** Socket path. */
  readonly socket: string;
  /** Epoch ms of the last check. */
  readonly checkedAt: number;
}

export interface HotReloadHealth {
  readonly enabled: boolean;
  /** Whether the tree is being watched now (else it is scanned from time to time). */
  readonly watching: boolean;
  /** Epoch ms of the last scan, failed or not; null before the first. */
  readonly lastScanAt: number | null;
  /** Why the last scan did not become the catalog that serves; null when it did. */
  readonly lastError: string | null;
}

export interface HealthSource {
  /** Epoch ms at which the configuration was loaded. */
  readonly configLoadedAt: number;
  readonly defaults: {
    readonly timeoutMs: number;
    readonly maxConcurrency: number;
    readonly maxBodyBytes: number;
  };
  readonly socketBaseDir: string;
  /** Selected runtimes in order of preference. */
  runtimes(): readonly RuntimeHealth[];
  hotReload(): HotReloadHealth;
  /** Layers in force, by name: shown as they are. The first question may have to find out first. */
  sandbox(): Promise<Readonly<Record<string, unknown>>>;
}

export interface BuildSource {
  reportOf(unit: FunctionUnit): BuildReport;
  /** What the state file of a function says; null: nothing was ever to be installed. */
  stateFileOf(functionKey: string): DependencyState | null;
  /** Whether missing packages of this language are installed. */
  installs(runtime: RuntimeName): boolean;
}

/** How the control plane calls functions: through the gates and limits of everybody else. */
export interface FunctionCalls {
  /** @throws GatewayError for everything that is not a result */
  invoke(request: InvocationRequest): Promise<InvocationReply>;
  passThrough(request: InvocationRequest, order: PassthroughOrder): Passthrough;
}

export interface ControlDeps {
  readonly settings: ControlSettings;
  /** Absolute folder of the gateway's own files. */
  readonly stateDir: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: HealthSource;
  /** The newest log lines. */
  readonly logs: LogRing;
  readonly secrets: SecretStore;
  /** The catalog that serves. */
  readonly catalog: () => Catalog;
  readonly deployments: () => Iterable<Deployment>;
  /** How dependencies and programs stand. Absent: nothing is ever built. */
  readonly builds?: BuildSource;
  readonly calls: FunctionCalls;
  /** Scans now and swaps. Rejects when the old catalog goes on serving. */
  readonly reload: () => Promise<void>;
  /** What discovery would find wrong with the text of a `fn.config.json`. */
  readonly checkConfig: (text: string, file: string) => readonly Fault[];
  /** False while starting. */
  readonly isStarted: () => boolean;
  /** True from the first signal to stop on. */
  readonly isDraining: () => boolean;
  /** Who asks; `Edge.addresses.of`. */
  readonly clientAddress: (request: IncomingMessage) => {
    readonly ip: string;
    readonly via: 'direct' | 'trusted' | 'claimed';
  };
  /** Whether the client speaks https, to us or to a trusted proxy. */
  readonly isSecure: (request: IncomingMessage) => boolean;
  /** Whether an address outside loopback counts as the operator's (`FN_CONSOLE_LOCAL_CIDRS`). Default none. */
  readonly isLocalAddress?: (ip: string) => boolean;
  /**
   * True when the peer is one of our own workers: a function that calls the gateway over loopback is no operator
   * (function-peer.ts). Absent where nobody can tell: functions can then read what local callers can, and writes are safe
   * only with an admin token.
   */
  readonly isFunctionPeer?: (request: IncomingMessage) => boolean;
}
