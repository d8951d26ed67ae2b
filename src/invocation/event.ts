// The one builder of `event`, the object a handler is called with (contract/invocation.md 3). Leaves to the worker what it
// knows itself: body, `is_base64`, `body_base64`, `env` and the part of `context` that never changes.

import type { FunctionUnit } from '../discovery/catalog.ts';
import { type TraceContext, traceparentOf } from '../tracing/trace-context.ts';
import type { InvocationRequest } from './invocation.ts';
import { objectText, quote } from './json-text.ts';

export interface Session {
  /** Absent when no cookie carries one. */
  readonly id?: string;
  readonly raw: string;
  readonly cookies: Readonly<Record<string, string>>;
}

/** The part of `event.context` that is the same for every invocation of a function version. */
export type EventContext = Readonly<Record<string, unknown>>;

const sessionCookies = ['session_id', 'sessionid', 'sid'] as const;

/** Sent to each worker once, when it loads the function. */
export function planEventContext(unit: FunctionUnit, gatewayPid: number): EventContext {
  const { policy } = unit;
  const pool = policy.workerPool;
  return Object.freeze({
    runtime: unit.runtime,
    function_name: unit.name,
    version: unit.version,
    timeout_ms: policy.timeoutMs,
    max_concurrency: policy.maxConcurrency,
    max_body_bytes: policy.maxBodyBytes,
    worker_pool: Object.freeze({
      enabled: pool.declared && pool.enabled,
      min_warm: pool.minWarm,
      idle_ttl_seconds: pool.idleTtlSeconds,
      max_workers: pool.maxWorkers,
      max_queue: pool.maxQueue,
      queue_timeout_ms: pool.queueTimeoutMs,
      queue_poll_ms: pool.queuePollMs,
      overflow_status: pool.overflowStatus,
    }),
    gateway: Object.freeze({ worker_pid: gatewayPid }),
    debug: Object.freeze({ enabled: policy.includeDebugHeaders }),
    // Only internal callers may say who the user is: `?__fnctx=` of a public request is ignored.
    user: null,
  });
}

/**
 * The event as JSON text: put together here, as half of it never needs JSON.stringify.
 * @param ts epoch ms of the invocation's start
 * @param secrets what the function has asked for of the operator's store; null: the event has no `secrets`
 * @returns everything of the event but what the worker adds (`planEventContext` among it)
 */
export function eventText(
  request: InvocationRequest,
  ts: number,
  secrets: Readonly<Record<string, string>> | null = null,
): string {
  const id = quote(request.id);
  const params = objectText(request.params);
  const target = `"path":${quote(request.path)},"raw_path":${quote(request.rawPath)},"query":${objectText(request.query)}`;
  const granted = secrets === null ? '' : `,"secrets":${JSON.stringify(secrets)}`;
  return (
    `{"id":${id},"ts":${ts},"method":${quote(request.method)},${target},"params":${params},"path_params":${params},` +
    `"headers":${headersText(request)},"session":${sessionText(request)},"client":${clientText(request)},` +
    `"context":${contextText(request, id, ts)},"version":${quote(request.unit.version)}${granted}}`
  );
}

/** Where the trace is ours, the span of this very call stands for the client's: what the handler calls belongs below it. */
function headersText({ headers, headersJson, trace }: InvocationRequest): string {
  if (trace === undefined || trace === null || !trace.isOurs) return headersJson ?? objectText(headers);
  const { tracestate: _sent, ...rest } = headers;
  const { tracestate } = trace.context;
  return JSON.stringify({
    ...rest,
    traceparent: traceparentOf(trace.context),
    ...(tracestate === null ? {} : { tracestate }),
  });
}

function sessionText({ headers: { cookie } }: InvocationRequest): string {
  return cookie === undefined ? 'null' : JSON.stringify(parseSession(cookie));
}

function clientText({ headers, clientIp }: InvocationRequest): string {
  const agent = headers['user-agent'];
  if (agent === undefined) return `{"ip":${quote(clientIp)}}`;
  return `{"ip":${quote(clientIp)},"ua":${quote(typeof agent === 'string' ? agent : agent.join(', '))}}`;
}

function contextText({ forwarded, trace, unit, user }: InvocationRequest, id: string, ts: number): string {
  let text = `{"request_id":${id},"deadline_ms":${ts + unit.policy.timeoutMs}`;
  // Apart from the headers, which anybody may send: this is from a trusted proxy.
  if (forwarded !== undefined && forwarded !== null) text += `,"forwarded":${JSON.stringify(forwarded)}`;
  if (trace !== undefined && trace !== null) text += `,"trace":${JSON.stringify(eventTrace(trace.context))}`;
  if (user !== undefined) text += `,"user":${JSON.stringify(user)}`;
  return `${text}}`;
}

/** Checked, as opposed to the headers of that name, which hold whatever a client sent. */
function eventTrace(context: TraceContext): Record<string, unknown> {
  return {
    traceparent: traceparentOf(context),
    tracestate: context.tracestate,
    trace_id: context.traceId,
    span_id: context.spanId,
    sampled: context.sampled,
  };
}

/** No URL-decoding and no unquoting; the last of two cookies of one name wins. */
function parseSession(cookie: string | readonly string[]): Session {
  const raw = typeof cookie === 'string' ? cookie : cookie.join('; ');
  const cookies: Record<string, string> = Object.create(null);
  for (const piece of raw.split(';')) {
    const at = piece.indexOf('=');
    if (at !== -1) cookies[piece.slice(0, at).trim()] = piece.slice(at + 1).trim();
  }
  for (const name of sessionCookies) {
    const id = cookies[name];
    if (id !== undefined) return { id, raw, cookies };
  }
  return { raw, cookies };
}
