// What a row of the access table can say. A row is all that there is to know of one endpoint: routes, guards, the checks of
// its input, the audit log, tests and documentation are made from it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from './console-users.ts';

/** What the caller must be allowed to do, once the guards of the row have let it in. */
export type Permission = 'read' | 'invoke' | 'write';

/** One check; each refuses with its own status and text (contract/control-plane.md 2). */
export type GuardName =
  | 'docs flag'
  | 'ui flag'
  | 'api flag'
  | 'admin api flag'
  | 'api local-only'
  | 'ui local-only'
  | 'login'
  | 'login flag'
  | 'login throttle'
  | 'rate'
  | 'csrf'
  | 'permission';

/** Guards by the kind of access, in the order in which they are asked. */
export const guardOrders = {
  /** Probes: anybody, not counted. */
  open: [],
  docs: ['docs flag'],
  api: ['api flag', 'admin api flag', 'api local-only', 'login', 'rate', 'csrf', 'permission'],
  /** Logging in and out cannot ask for a login. */
  login: ['api flag', 'admin api flag', 'api local-only', 'rate', 'csrf', 'login flag', 'login throttle'],
  logout: ['api flag', 'admin api flag', 'api local-only', 'rate', 'csrf'],

  ui: ['ui flag', 'ui local-only', 'rate', 'csrf'],
} as const satisfies Record<string, readonly GuardName[]>;

export type Access = keyof typeof guardOrders;

/** Requests are counted by client in one of these. */
export type RateBucket = 'read' | 'write' | 'login' | 'ui';

export type RowMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * JSON Schema draft-07. Beside `accepted` (in words), `refusal` is the contract's own text for a value that does not fit, and
 * `refusals` has texts for single rules, by keyword.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface BodyRule {
  /** Bytes; one more is 413. */
  readonly maxBytes: number;
  readonly schema: JsonSchema;
  /** True: no body at all counts as `{}`. */
  readonly optional?: boolean;
}

export interface AccessRow {
  /** GET answers HEAD too. */
  readonly method: RowMethod;
  readonly path: string;
  /** Name of the function that answers. */
  readonly handler: string;
  readonly access: Access;
  readonly permission: Permission;
  /** Default: `read` for GET, else `write`. */
  readonly bucket?: RateBucket;
  /** Keys of the query and their schemas; others are 400. Absent: none is known. */
  readonly query?: Readonly<Record<string, JsonSchema>>;
  /** Absent: a body that is sent is thrown away. */
  readonly body?: BodyRule;
  /** 405 on this path comes even before the guards. */
  readonly methodFirst?: true;
  /** Whether a call is a line of the audit log. Default: everything but GET. */
  readonly audited?: false;
  /** One sentence for the README and the OpenAPI document. */
  readonly summary: string;
}

/** Who asks, as far as it can be told. */
export interface Caller {
  /** `token` beats `session` beats `local`. `function`: one of our own workers over loopback. */
  readonly kind: 'token' | 'session' | 'local' | 'function' | 'remote';
  /** Name of the session's user; null without a session. */
  readonly user: string | null;
  /** Address after trusted proxies. */
  readonly address: string;
  /** Whether it asks from the operator's own machine; a function never does. */
  readonly isLocal: boolean;
  /** What the session's user may do; null without a session. */
  readonly role: Role | null;
  /** Epoch s at which the session ends; null without a session. */
  readonly sessionEndsAt: number | null;
}

/** A call that has passed its guards, with its input checked. */
export interface ControlCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: Caller;
  /** Exactly the keys of the row's `query` that were sent. */
  readonly query: Readonly<Record<string, string>>;
  /** Fits the row's schema; `{}` where the row takes no body. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What it returns is sent as JSON; a text as it is, with the type that it sets. Throws GatewayError. */
export type ControlHandler = (call: ControlCall) => unknown;

export function bucketOf(row: AccessRow): RateBucket {
  return row.bucket ?? (row.method === 'GET' ? 'read' : 'write');
}
