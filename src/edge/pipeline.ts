// What a public request goes through, in the contract's order (policy.md 1): denylist, route, host, method, runtime, size,
// rate, invocation, reply. Promises one reply for each request, whatever fails.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FunctionUnit, RouteMatch } from '../discovery/catalog.ts';
import { parseQuery, type QueryValue } from '../discovery/query.ts';
import { isReservedPath } from '../discovery/reserved-path.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Deployment } from '../invocation/deployment.ts';
import { type EventHeaders, eventHeaders } from '../invocation/event-headers.ts';
import type { InvocationReply } from '../invocation/invocation.ts';
import { declaredLength } from './body-reader.ts';
import type { ClientAddresses } from './client-address.ts';
import { ClientSignal } from './client-signal.ts';
import { ConnectionBudget } from './connection-budget.ts';
import type { EdgeOptions, Serving } from './edge-options.ts';
import { EdgeRequest } from './edge-request.ts';
import { errorReply } from './error-reply.ts';
import type { FunctionRateLimit } from './rate-limit.ts';
import { sendReply } from './reply.ts';
import { decodePath, isAuthority, parseTarget, type RequestTarget } from './request-target.ts';

type FoundRoute = Extract<RouteMatch, { kind: 'found' }>;

/** One request on its way; `functionKey` is '' until a function is known. */
interface Exchange {
  readonly id: string;
  readonly fastifyRequest: FastifyRequest;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  functionKey: string;
}

export class Pipeline {
  readonly #options: EdgeOptions;
  readonly #addresses: ClientAddresses;
  readonly #rateLimit: FunctionRateLimit;
  readonly #budget: ConnectionBudget;

  constructor(options: EdgeOptions, addresses: ClientAddresses, rateLimit: FunctionRateLimit) {
    this.#options = options;
    this.#addresses = addresses;
    this.#rateLimit = rateLimit;
    this.#budget = new ConnectionBudget(options.limits.maxRequestsPerConnection);
  }

  /** The reply is ours from here on: Fastify neither parses the body nor serialises the answer. */
  handle(fastifyRequest: FastifyRequest, reply: FastifyReply): void {
    reply.hijack();
    const { raw: request, id } = fastifyRequest;
    const exchange: Exchange = { id, fastifyRequest, request, response: reply.raw, functionKey: '' };
    try {
      this.#route(exchange);
    } catch (error) {
      this.#refuse(exchange, error);
    }
  }

  #route(exchange: Exchange): void {
    const { request, fastifyRequest } = exchange;
    const { limits, isDraining } = this.#options;
    if (isDraining()) throw new GatewayError('draining', { headers: { 'Retry-After': '1' } });
    const target = fastifyRequest.originalUrl;
    if (target.length > limits.maxUriBytes) throw new GatewayError('uri_too_long');
    const length = declaredLength(request);
    if (length > limits.maxBodyBytes) throw new GatewayError('payload_too_large');
    const headers = eventHeaders(request.rawHeaders);
    checkHost(request, headers);
    const parsed = parseTarget(target);
    if (isReservedPath(parsed.rawPath)) throw new GatewayError('not_found');
    // One snapshot for the whole request: a reload in between changes nothing for it.
    const serving = this.#options.serving();
    const host = parsed.authority ?? this.#addresses.hostOf(request);
    const match = serving.router.match({ method: request.method ?? '', rawPath: parsed.rawPath, host });
    if (match.kind === 'options') this.#send(exchange, optionsReply(match.allow));
    else this.#enter(exchange, serving, foundOrThrow(match), parsed, headers);
  }

  #enter(
    exchange: Exchange,
    serving: Serving,
    match: FoundRoute,
    target: RequestTarget,
    headers: EventHeaders,
  ): void {
    const { unit } = match;
    const { limits, isRuntimeUp } = this.#options;
    exchange.functionKey = unit.key;
    if (unit.refused !== null)
      throw new GatewayError(unit.refusedAs ?? 'config_invalid', { text: unit.refused });
    if (!isRuntimeUp(unit.runtime)) throw new GatewayError('runtime_down');
    const maxBodyBytes = Math.min(unit.policy.maxBodyBytes, limits.maxBodyBytes);
    if (declaredLength(exchange.request) > maxBodyBytes) throw new GatewayError('payload_too_large');
    const { request, response } = exchange;
    const signal = new ClientSignal();
    response.once('close', () => {
      if (!response.writableFinished) signal.abort();
    });
    const invocation = new EdgeRequest(request, response, {
      id: exchange.id,
      unit,
      path: decodePath(target.rawPath),
      rawPath: exchange.fastifyRequest.originalUrl,
      query: queryOrThrow(target.query, limits.maxQueryPairs),
      params: match.params,
      headers,
      clientIp: this.#addresses.ipOf(request),
      forwarded: this.#addresses.forwardedOf(request),
      signal,
      maxBodyBytes,
      proxy: this.#options.proxy,
    });
    const deployment = serving.deployments.get(unit.key) ?? this.#withoutDeployment(unit);
    if (unit.policy.rateLimit === null) this.#invoke(exchange, invocation, deployment);
    else {
      this.#checkRate(exchange, invocation).then(
        () => this.#invoke(exchange, invocation, deployment),
        (error: unknown) => this.#refuse(exchange, error),
      );
    }
  }

  /** One promise from here to the answer: hops are most of what a quick call costs. */
  #invoke(exchange: Exchange, request: EdgeRequest, deployment: Deployment): void {
    this.#options.invoker.invoke(request, deployment).then(
      (reply) => this.#send(exchange, reply),
      (error: unknown) => this.#invokeAgainOrRefuse(exchange, request, deployment, error),
    );
  }

  /** A reload has retired the workers while this request waited: its handler never ran, so the new ones may take it. */
  #invokeAgainOrRefuse(exchange: Exchange, request: EdgeRequest, retired: Deployment, error: unknown): void {
    const successor = this.#options.serving().deployments.get(request.unit.key);
    if (!isRetired(error) || successor === retired) this.#refuse(exchange, error);
    else if (successor !== undefined) this.#invoke(exchange, request, successor);
    else this.#refuse(exchange, this.#options.notBuilt?.(request.unit) ?? error);
  }

  #withoutDeployment(unit: FunctionUnit): never {
    const cause = `cannot find a deployment of ${unit.key}`;
    throw this.#options.notBuilt?.(unit) ?? new GatewayError('runtime_unavailable', { cause });
  }

  async #checkRate(exchange: Exchange, request: EdgeRequest): Promise<void> {
    try {
      await this.#rateLimit.check(exchange.fastifyRequest, request.unit);
    } catch (error) {
      this.#options.metrics.drops.inc({ function: request.unit.key, reason: 'rate_limit' });
      throw error;
    }
  }

  #refuse(exchange: Exchange, thrown: unknown): void {
    const error = toGatewayError(thrown);
    if (error.code === 'internal' || error.code === 'config_invalid') {
      this.#options.log.error({ id: exchange.id, err: error.cause ?? error }, 'cannot answer request');
    }
    if (error.code === 'client_closed') {
      this.#options.metrics.requests.inc({ function: exchange.functionKey, status: error.status });
      exchange.response.destroy();
      return;
    }
    this.#send(exchange, errorReply(error, exchange.id, exchange.request.headers.accept));
  }

  #send(exchange: Exchange, reply: InvocationReply): void {
    const { clock, isLeaving, metrics } = this.#options;
    const { request, response, id } = exchange;
    metrics.requests.inc({ function: exchange.functionKey, status: reply.status });
    const closing = this.#budget.spend(request.socket) || isLeaving();
    sendReply(reply, { request, response, requestId: id, clock, closing });
  }
}

/** RFC 9112 3.2: without Host, with two, or with no name in it a request is refused: two parties could read it differently. */
function checkHost(request: IncomingMessage, headers: EventHeaders): void {
  // llhttp takes 0.9 and 2.0 in a request line too, and we speak neither.
  if (request.httpVersionMajor !== 1) throw new GatewayError('bad_request');
  const { host } = headers;
  const isValid =
    typeof host === 'string' ? isAuthority(host) : host === undefined && request.httpVersionMinor === 0;
  if (!isValid) throw new GatewayError('bad_request', { text: 'exactly one valid Host header is needed' });
}

function foundOrThrow(match: Exclude<RouteMatch, { kind: 'options' }>): FoundRoute {
  switch (match.kind) {
    case 'found':
      return match;
    case 'conflict':
      throw new GatewayError('route_conflict');
    case 'host_not_allowed':
      throw new GatewayError('host_not_allowed');
    case 'method_not_allowed':
      throw new GatewayError('method_not_allowed', { headers: { Allow: match.allow.join(', ') } });
    case 'bad_path':
      throw new GatewayError('bad_request', { cause: match.reason });
    default:
      throw new GatewayError('not_found');
  }
}

function isRetired(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'draining';
}

function queryOrThrow(text: string, maxPairs: number): Readonly<Record<string, QueryValue>> {
  const parsed = parseQuery(text, maxPairs);
  if (parsed.kind === 'ok') return parsed.query;
  throw new GatewayError('bad_request', { text: parsed.reason });
}

function optionsReply(allow: readonly string[]): InvocationReply {
  return { status: 204, headers: { allow: allow.join(', ') }, body: null, proxy: null };
}
