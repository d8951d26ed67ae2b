// The one catalogue of failures that can leave the gateway: each code has one HTTP status and one public text.
// Anything that is not a GatewayError is `internal`: its cause goes to the log, never to a client.
// Texts are those of contract/policy.md section 9; codes are ours, for logs, metrics and the `code` field.

interface ErrorRow {
  /** HTTP status sent to the client; 499 is log-only (the client has gone). */
  readonly status: number;
  /** Default public text; a GatewayError may carry a more exact one. */
  readonly text: string;
}

export const errorTable = {
  bad_request: { status: 400, text: 'bad request' },
  unauthorized: { status: 401, text: 'login required' },
  forbidden: { status: 403, text: 'forbidden' },
  not_found: { status: 404, text: 'not found' },
  method_not_allowed: { status: 405, text: 'method not allowed' },
  request_timeout: { status: 408, text: 'request timeout' },
  route_conflict: { status: 409, text: 'ambiguous function' },
  already_exists: { status: 409, text: 'already exists' },
  precondition_failed: { status: 412, text: 'precondition failed' },
  payload_too_large: { status: 413, text: 'payload too large' },
  uri_too_long: { status: 414, text: 'uri too long' },
  range_not_satisfiable: { status: 416, text: 'range not satisfiable' },
  expectation_failed: { status: 417, text: 'expectation failed' },
  host_not_allowed: { status: 421, text: 'host not allowed' },
  overloaded: { status: 429, text: 'worker pool overflow' },
  rate_limited: { status: 429, text: 'too many requests' },
  headers_too_large: { status: 431, text: 'request headers too large' },
  client_closed: { status: 499, text: 'client closed request' },
  handler_failed: { status: 500, text: 'internal error' },
  build_failed: { status: 500, text: 'build failed' },
  internal: { status: 500, text: 'internal error' },
  bad_worker_reply: { status: 502, text: 'invalid runtime response' },
  worker_crashed: { status: 502, text: 'runtime error: worker exited' },
  edge_proxy_failed: { status: 502, text: 'edge proxy failed' },
  runtime_unavailable: { status: 503, text: 'runtime unavailable' },
  runtime_down: { status: 503, text: 'runtime down' },
  not_built: { status: 503, text: 'function not built' },
  draining: { status: 503, text: 'draining' },
  invocation_timeout: { status: 504, text: 'runtime timeout' },
  config_invalid: { status: 500, text: 'invalid configuration' },
  runtime_missing: { status: 503, text: 'runtime not installed' },
  sandbox_unavailable: { status: 503, text: 'sandbox unavailable' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

interface GatewayErrorOptions {
  /** Public text; default: the table's. Must hold no host path and no secret. */
  readonly text?: string;
  /** Status override, only where policy says so (`worker_pool.overflow_status`). */
  readonly status?: number;
  /** Extra response headers, for example `Allow` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What really happened, for the log only. */
  readonly cause?: unknown;
}

/** A failure with a place in the table. `message` is the public text. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const row = errorTable[code];
    super(options.text ?? row.text, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.status = options.status ?? row.status;
    this.headers = options.headers ?? {};
  }
}

/** Turns anything thrown into a GatewayError: unknown means internal. */
export function toGatewayError(error: unknown): GatewayError {
  return error instanceof GatewayError ? error : new GatewayError('internal', { cause: error });
}
