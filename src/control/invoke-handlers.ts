// `POST /_fn/invoke`: one call of one function, told as JSON (contract/control-plane.md 8). It passes the gates, limits and
// checks of public calls; of what a public caller meets it skips the router's choice, the host list and the function's own
// rate limit.

import type { FunctionUnit } from '../discovery/catalog.ts';
import { isObject } from '../discovery/checked-document.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { type EventHeaders, eventHeaders } from '../invocation/event-headers.ts';
import type { InvocationReply, InvocationRequest } from '../invocation/invocation.ts';
import { type HttpMethod, httpMethods } from '../policy/function-policy.ts';
import type { ControlCall, ControlHandler } from './access-row.ts';
import { collectBody, shownBody } from './collected-reply.ts';
import type { HandlerParts } from './handler-parts.ts';
import { type InvokedRoute, invokedRoute, invokedUnit } from './invoke-target.ts';

type Json = Readonly<Record<string, unknown>>;

const maxAnswerBytes = 8 * 1_048_576;
const maxPrintedChars = 65_536;

export function invokeHandlers(parts: HandlerParts) {
  return { invoke: (call) => invoke(parts, call) } satisfies Record<string, ControlHandler>;
}

async function invoke({ deps }: HandlerParts, call: ControlCall): Promise<unknown> {
  const { body, request, reply } = call;
  const catalog = deps.catalog();
  const method = methodOf(body['method']);
  const unit = invokedUnit(catalog, String(body['name']), textOf(body['runtime']), textOf(body['version']));
  if (!unit.policy.methods.includes(method)) {
    const allowed = unit.policy.methods;
    reply.status(405).header('allow', allowed.join(', '));
    return {
      error: 'method not allowed',
      code: 'method_not_allowed',
      request_id: request.id,
      allowed_methods: allowed,
    };
  }
  const params = recordOf(body['params']);
  const route = invokedRoute(catalog, unit, { method, route: textOf(body['route']), params });
  if (route.missing.length > 0) {
    const error = 'missing required path params';
    reply.status(400);
    return {
      error,
      code: 'bad_request',
      request_id: request.id,
      route: route.template,
      missing_params: route.missing,
    };
  }
  return run(deps, call, unit, method, route);
}

/** What the handler has printed so far. */
interface Printed {
  stdout: string;
  stderr: string;
}

async function run(
  deps: HandlerParts['deps'],
  call: ControlCall,
  unit: FunctionUnit,
  method: HttpMethod,
  route: InvokedRoute,
): Promise<unknown> {
  const { reply, request } = call;
  const printed: Printed = { stdout: '', stderr: '' };
  const invocation = invocationOf(deps, call, { unit, method, route, printed });
  const startedAt = performance.now();
  const outcome = await attempt(() => deps.calls.invoke(invocation));
  const shown = shownBody(await collectBody(outcome.body, maxAnswerBytes));
  if (outcome.httpStatus !== 200) reply.status(outcome.httpStatus).headers(outcome.httpHeaders);
  return {
    ...(outcome.error === null ? {} : { error: outcome.error.message, code: outcome.error.code }),
    request_id: request.id,
    status: outcome.status,
    latency_ms: Math.round((performance.now() - startedAt) * 1000) / 1000,
    route: route.rawPath,
    route_template: route.template,
    headers: outcome.headers,
    ...shown,
    ...(outcome.proxy === null ? {} : { proxy: outcome.proxy }),
    ...Object.fromEntries(Object.entries(printed).filter(([, text]) => text !== '')),
  };
}

interface InvocationParts {
  readonly unit: FunctionUnit;
  readonly method: HttpMethod;
  readonly route: InvokedRoute;
  readonly printed: Printed;
}

/** @throws GatewayError payload_too_large */
function invocationOf(
  deps: HandlerParts['deps'],
  { body, reply, request, caller }: ControlCall,
  { unit, method, route, printed }: InvocationParts,
): InvocationRequest {
  const content = contentOf(body);
  if ((content?.length ?? 0) > unit.policy.maxBodyBytes) throw new GatewayError('payload_too_large');
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  const query = queryOf(body['query']);
  const invocation: InvocationRequest = {
    id: request.id,
    unit,
    method,
    path: decodeURIComponent(route.rawPath),
    rawPath: withQuery(route.rawPath, query),
    query,
    params: route.params,
    headers: headersOf(body, content !== null),
    clientIp: caller.address,
    ...(isObject(body['context']) ? { user: body['context'] } : {}),
    readBody: () => (content === null ? null : Promise.resolve(content)),
    signal: gone.signal,
    printed: (stream, text) => {
      if (printed[stream].length < maxPrintedChars) printed[stream] += text.slice(0, maxPrintedChars);
    },
    // A dry run shows the directive of a proxy instead of following it.
    ...(body['dry_run'] === true
      ? {}
      : { passThrough: (order) => deps.calls.passThrough(invocation, order) }),
  };
  return invocation;
}

interface Outcome extends Pick<InvocationReply, 'status' | 'headers' | 'body' | 'proxy'> {
  /** Why there is no result; null when there is one. */
  readonly error: GatewayError | null;
  readonly httpStatus: number;
  readonly httpHeaders: Readonly<Record<string, string>>;
}

/** A handler that fails is a result like any other; a gateway that could not ask it is not. */
async function attempt(call: () => Promise<InvocationReply>): Promise<Outcome> {
  try {
    const reply = await call();
    return { ...reply, error: null, httpStatus: 200, httpHeaders: {} };
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (error.code === 'internal' || error.code === 'client_closed') throw error;
    const isResult = error.code === 'handler_failed';
    return {
      status: error.status,
      headers: { 'content-type': 'application/json', ...error.headers },
      body: JSON.stringify({ error: error.message }),
      proxy: null,
      error: isResult ? null : error,
      httpStatus: isResult ? 200 : error.status,
      httpHeaders: isResult ? {} : error.headers,
    };
  }
}

function methodOf(value: unknown): HttpMethod {
  const text = typeof value === 'string' ? value.toUpperCase() : 'GET';
  const method = httpMethods.find((each) => each === text);
  if (method === undefined) throw new GatewayError('bad_request', { text: 'unsupported method' });
  return method;
}

/** Texts as they are, anything else as JSON; null where there is no body. */
function contentOf(body: Json): Buffer | null {
  const { body: content, body_base64: base64 } = body;
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64');
  if (content === undefined || content === null) return null;
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}

function headersOf(body: Json, hasContent: boolean): EventHeaders {
  const raw = Object.entries(recordOf(body['headers'])).flatMap(([name, value]) =>
    [value].flat().flatMap((item) => [name, String(item)]),
  );
  const headers = eventHeaders(raw);
  const isJson = hasContent && typeof body['body'] === 'object' && body['body'] !== null;
  return isJson && headers['content-type'] === undefined
    ? { ...headers, 'content-type': 'application/json' }
    : headers;
}

function queryOf(value: unknown): Record<string, string | string[]> {
  const entries = Object.entries(recordOf(value)).flatMap(([key, item]): [string, string | string[]][] => {
    if (item === null) return [];
    return [[key, Array.isArray(item) ? item.map(plainText) : plainText(item)]];
  });
  return Object.fromEntries(entries);
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withQuery(path: string, query: Readonly<Record<string, string | string[]>>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => [value].flat().map((item) => [key, item]));
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}

function recordOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
