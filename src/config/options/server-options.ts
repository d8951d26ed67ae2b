// Options of the HTTP server and of the process: where it listens, its limits (contract/policy.md 6), its log.

import type { Option } from '../option.ts';
import { readBoolExact, readCidrs, readHost, readInteger, readOneOf } from '../option-readers.ts';

const mebibyte = 1024 * 1024;

function integer(
  option: Pick<Option<number>, 'doc' | 'env' | 'key' | 'flag' | 'fallback'> & { min: number; max: number },
): Option<number> {
  const { min, max, ...rest } = option;
  return { ...rest, accepted: `an integer from ${min} to ${max}`, read: readInteger({ min, max }) };
}

const host: Option<string> = {
  doc: 'Address to listen on; 127.0.0.1 by default, so nothing is public unless you say so.',
  accepted: 'an IP address or a host name',
  flag: '--host <address>',
  env: 'FN_HOST',
  key: 'host',
  fallback: '127.0.0.1',
  read: readHost,
};

const port: Option<number> = integer({
  doc: 'TCP port to listen on; 0 takes any free port and prints it.',
  flag: '--port <port>',
  env: 'FN_HOST_PORT',
  key: 'port',
  fallback: 8080,
  min: 0,
  max: 65_535,
});

const maxBodyBytes = integer({
  doc: "Largest request body in bytes for any function; a function's own limit may be lower.",
  env: 'FN_MAX_BODY_BYTES',
  key: 'max-body-bytes',
  fallback: 10 * mebibyte,
  min: 1,
  max: 1024 * mebibyte,
});

const maxHeaderBytes = integer({
  doc: 'Largest request line and headers together, in bytes; more is answered 431.',
  env: 'FN_HTTP_MAX_HEADER_BYTES',
  key: 'http-max-header-bytes',
  fallback: 16_384,
  min: 1024,
  max: 262_144,
});

const maxUriBytes = integer({
  doc: 'Longest request target in bytes; more is answered 414.',
  env: 'FN_HTTP_MAX_URI_BYTES',
  key: 'http-max-uri-bytes',
  fallback: 8192,
  min: 256,
  max: 65_536,
});

const maxQueryPairs = integer({
  doc: 'Most query pairs handed to a function.',
  env: 'FN_HTTP_MAX_QUERY_PAIRS',
  key: 'http-max-query-pairs',
  fallback: 1000,
  min: 1,
  max: 10_000,
});

const maxConnections = integer({
  doc: 'Most client connections at once; more are refused.',
  env: 'FN_HTTP_MAX_CONNECTIONS',
  key: 'http-max-connections',
  fallback: 4096,
  min: 1,
  max: 1_000_000,
});

const maxRequestsPerConnection = integer({
  doc: 'Requests served on one keep-alive connection before it is closed.',
  env: 'FN_HTTP_MAX_REQUESTS_PER_CONNECTION',
  key: 'http-max-requests-per-connection',
  fallback: 1000,
  min: 1,
  max: 1_000_000_000,
});

const headersTimeoutMs = integer({
  // Shorter than the 60 s of most servers: a client that needs 15 s for its headers is an attack (slowloris) or lost.
  doc: 'Milliseconds a client may take to send its request line and headers.',
  env: 'FN_HTTP_HEADERS_TIMEOUT_MS',
  key: 'http-headers-timeout-ms',
  fallback: 15_000,
  min: 100,
  max: 600_000,
});

const requestTimeoutMs = integer({
  doc: 'Milliseconds a client may take to send its whole request, body included.',
  env: 'FN_HTTP_REQUEST_TIMEOUT_MS',
  key: 'http-request-timeout-ms',
  fallback: 60_000,
  min: 100,
  max: 3_600_000,
});

const keepAliveTimeoutMs = integer({
  doc: 'Milliseconds an idle keep-alive connection stays open.',
  env: 'FN_HTTP_KEEP_ALIVE_TIMEOUT_MS',
  key: 'http-keep-alive-timeout-ms',
  fallback: 65_000,
  min: 0,
  max: 3_600_000,
});

const maxLoopDelayMs = integer({
  // Half a second late in the median means that everybody waits; a busy gateway is a few milliseconds late.
  doc: 'Milliseconds that the event loop may be late before requests are refused with 503; 0 refuses none.',
  env: 'FN_HTTP_MAX_LOOP_DELAY_MS',
  key: 'http-max-loop-delay-ms',
  fallback: 500,
  min: 0,
  max: 60_000,
});

const drainTimeoutMs = integer({
  doc: 'Milliseconds that running invocations get to finish after SIGTERM or SIGINT.',
  env: 'FN_DRAIN_TIMEOUT_MS',
  key: 'drain-timeout-ms',
  fallback: 10_000,
  min: 0,
  max: 3_600_000,
});

const trustedProxyCidrs: Option<readonly string[]> = {
  doc: 'Address blocks of reverse proxies whose X-Forwarded-For, -Host and -Proto headers are believed.',
  accepted: 'a comma list of addresses or CIDR blocks, for example 10.0.0.0/8',
  env: 'FN_TRUSTED_PROXY_CIDRS',
  key: 'trusted-proxy-cidrs',
  fallback: [],
  read: readCidrs,
};

const logLevel: Option<string> = {
  doc: 'Least severe log lines that are written.',
  accepted: 'trace, debug, info, warn, error, fatal or silent',
  flag: '--log-level <level>',
  env: 'FN_LOG_LEVEL',
  key: 'log-level',
  fallback: 'info',
  read: readOneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
};

/** null: pretty on a terminal, json elsewhere. */
const logFormat: Option<'json' | 'pretty' | null> = {
  doc: 'One JSON object a line, or lines for people; pretty on a terminal by default.',
  accepted: 'json or pretty',
  flag: '--log-format <format>',
  env: 'FN_LOG_FORMAT',
  key: 'log-format',
  fallback: null,
  read: readOneOf<'json' | 'pretty'>(['json', 'pretty']),
};

const production: Option<boolean> = {
  doc: "Keeps handlers' error messages in the log; clients see only `internal error`.",
  accepted: '1 or 0',
  env: 'FN_PRODUCTION',
  key: 'production',
  fallback: false,
  read: readBoolExact,
};

export const serverOptions = {
  host,
  port,
  maxBodyBytes,
  maxHeaderBytes,
  maxUriBytes,
  maxQueryPairs,
  maxConnections,
  maxRequestsPerConnection,
  headersTimeoutMs,
  requestTimeoutMs,
  keepAliveTimeoutMs,
  maxLoopDelayMs,
  drainTimeoutMs,
  trustedProxyCidrs,
  logLevel,
  logFormat,
  production,
};
