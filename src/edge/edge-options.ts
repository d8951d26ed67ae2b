// What the edge is given by whoever wires the gateway. It knows no process, no pid and no configuration file.

import type { Clock } from '../clock.ts';
import type { FunctionUnit, Router } from '../discovery/catalog.ts';
import type { GatewayError } from '../errors.ts';
import type { Deployment } from '../invocation/deployment.ts';
import type { InvocationReply, InvocationRequest } from '../invocation/invocation.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { BrowserDefaults } from '../policy/resolve-policy.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { EdgeProxy } from './proxy/edge-proxy.ts';
import type { Site } from './site.ts';
import type { EdgeLimits, TlsSettings } from './transport-settings.ts';

/** What serves requests now; swapped as a whole, so that a request never sees half of a change. */
export interface Serving {
  readonly router: Router;
  /** By function key. */
  readonly deployments: ReadonlyMap<string, Deployment>;
  /** `/` and static files; absent = neither. */
  readonly site?: Site;
}

export interface Invokes {
  invoke(request: InvocationRequest, deployment: Deployment): Promise<InvocationReply>;
}

export interface EdgeOptions {
  readonly limits: EdgeLimits;
  /** Default: plain HTTP. */
  readonly tls?: TlsSettings | null;
  /** Peers whose forwarding headers are believed. Default none. */
  readonly trustedProxyCidrs: readonly string[];
  readonly invoker: Invokes;
  /** Ended by whoever made it. */
  readonly proxy: EdgeProxy;
  /** For answers of no function: files, errors. */
  readonly browser: BrowserDefaults;
  readonly serving: () => Serving;
  /** False: 503 `runtime down` before anything else of the request is looked at. */
  readonly isRuntimeUp: (runtime: FunctionUnit['runtime']) => boolean;
  /** Why a function has no deployment, where that is its build; null: another reason. Default: no function is built. */
  readonly notBuilt?: (unit: FunctionUnit) => GatewayError | null;
  /** True when requests are refused because the gateway ends. */
  readonly isDraining: () => boolean;
  /** True while it ends: an answer is then the last on its connection. */
  readonly isLeaving: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: contexts of clients are handed on, nothing else. */
  readonly tracing?: Tracing;
}
