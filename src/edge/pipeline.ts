// What a public request goes through, in the contract's order (policy.md 1): denylist, route, host, method, runtime, size,
// rate, invocation, reply. Promises one reply for each request, whatever fails.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FunctionUnit, RouteMatch } from '../discovery/catalog.ts';
import { isReservedPath } from '../discovery/reserved-path.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Deployment } from '../invocation/deployment.ts';
import type { InvocationReply } from '../invocation/invocation.ts';
import type { BrowserDefaults } from '../policy/resolve-policy.ts';
import type { RequestTrace } from '../tracing/tracing.ts';
import { declaredLength } from './body-reader.ts';
import { withBrowserHeaders } from './browser-headers.ts';
import type { ClientAddresses } from './client-address.ts';
import { ClientSignal } from './client-signal.ts';
import { ConnectionBudget } from './connection-budget.ts';
import { preflightMethod, preflightReply } from './cors.ts';
import type { EdgeOptions, Serving } from './edge-options.ts';
import { EdgeRequest } from './edge-request.ts';
import { errorReply } from './error-reply.ts';
import { HeaderMemory, type ReadHeaders } from './header-memory.ts';
import { checkCoding, checkHost } from './host-check.ts';
import { LoadShed } from './load-shed.ts';
import type { FunctionRateLimit } from './rate-limit.ts';
import { sendReply } from './reply.ts';
import { decodePath, parseTarget, type RequestTarget } from './request-target.ts';
import { requestTrace } from './request-trace.ts';
import { type FoundRoute, foundOrThrow, optionsReply, queryOrThrow } from './route-answer.ts';
import type { Site } from './site.ts';
import { headersOver, isHttp2, streamOf, wentOut } from './tls/http2-request.ts';

/** One request on its way; `functionKey` is '' until a function is known. */
interface Exchange {
  readonly id: string;
  readonly fastifyRequest: FastifyRequest;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  functionKey: string;
  /** Its answer is the last of its connection. */
  readonly isLast: boolean;
  /** The operator's until a function is known. */
  browser: BrowserDefaults;
  readonly trace: RequestTrace | null;
}

/** What is asked for, once the request has been found well-formed. */
interface Asked {
  /** One snapshot for the whole request: a reload in between changes nothing for it. */
  readonly serving: Serving;
  readonly target: RequestTarget;
  readonly host: string;
  readonly headers: ReadHeaders;
}

/** Of static files. */
const fileMethods = ['GET', 'HEAD', 'OPTIONS'] as const;

export class Pipeline {
  readonly #options: EdgeOptions;
  readonly #addresses: ClientAddresses;
  readonly #rateLimit: FunctionRateLimit;
  readonly #budget: ConnectionBudget;
  readonly #load: LoadShed;
  readonly #headers = new HeaderMemory();

  constructor(options: EdgeOptions, addresses: ClientAddresses, rateLimit: FunctionRateLimit) {
    this.#options = options;
    this.#addresses = addresses;
    this.#rateLimit = rateLimit;
    this.#budget = new ConnectionBudget(options.limits.maxRequestsPerConnection);
    const { clock, limits, metrics } = options;
    const onRefused = () => metrics.drops.inc({ function: '', reason: 'load' });
    this.#load = new LoadShed({ limitMs: limits.maxLoopDelayMs, clock, onRefused });
  }

  close(): void {
    this.#load.close();
  }

  /** What comes behind this request on its connection is not run. */
  endConnection(request: IncomingMessage, response: ServerResponse): void {
    this.#budget.end(connectionOf(request, response));
  }

  /** The reply is ours from here on: Fastify neither parses the body nor serialises the answer. */
  handle(fastifyRequest: FastifyRequest, reply: FastifyReply): void {
    reply.hijack();
    const { raw: request, id } = fastifyRequest;
    const place = this.#budget.spend(connectionOf(request, reply.raw));
    // On HTTP/2 what came before the goodbye is still answered.
    if (place === 'none' && !isHttp2(request)) return;
    const { browser, tracing } = this.#options;
    const trace = requestTrace(tracing, { id, request, response: reply.raw, addresses: this.#addresses });
    const known = { functionKey: '', browser, trace, isLast: place !== 'more' };
    const exchange: Exchange = { id, fastifyRequest, request, response: reply.raw, ...known };
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
    this.#load.check();
    const target = fastifyRequest.originalUrl;
    if (target.length > limits.maxUriBytes) throw new GatewayError('uri_too_long');
    if (headersOver(request, limits.maxHeaderBytes + limits.maxUriBytes))
      throw new GatewayError('headers_too_large');
    const length = declaredLength(request);
    if (length > limits.maxBodyBytes) throw new GatewayError('payload_too_large');
    const headers = this.#headers.read(connectionOf(request, exchange.response), request.rawHeaders);
    checkHost(request, headers.headers);
    checkCoding(request);
    const parsed = parseTarget(target);
    if (isReservedPath(parsed.rawPath)) throw new GatewayError('not_found');
    const serving = this.#options.serving();
    const host = parsed.authority ?? this.#addresses.hostOf(request);
    const asked = { serving, target: parsed, host, headers };
    const { site } = serving;
    if (site === undefined || site.isEmpty) this.#toFunction(exchange, asked);
    else this.#bySite(exchange, asked, site).catch((error: unknown) => this.#refuse(exchange, error));
  }

  /** `/` and files come first, and what no function answers comes back to them. */
  async #bySite(exchange: Exchange, asked: Asked, site: Site): Promise<void> {
    const { request } = exchange;
    const before = await site.before(request, asked.target);
    if ('status' in before) {
      this.#send(exchange, before);
      return;
    }
    const match = matchOf(request, { ...asked, target: before });
    const after = match.kind === 'not_found' ? await site.after(request, before) : null;
    if (after === null) this.#follow(exchange, { ...asked, target: before }, match);
    else if (request.method === 'OPTIONS') this.#sendOptions(exchange, asked, fileMethods);
    else this.#send(exchange, after);
  }

  #toFunction(exchange: Exchange, asked: Asked): void {
    this.#follow(exchange, asked, matchOf(exchange.request, asked));
  }

  #follow(exchange: Exchange, asked: Asked, match: RouteMatch): void {
    if (match.kind === 'options') this.#sendOptions(exchange, asked, match.allow);
    else this.#enter(exchange, asked, foundOrThrow(match));
  }

  /** A preflight is answered for the function that would be called, by its policy alone. */
  #sendOptions(exchange: Exchange, asked: Asked, allow: readonly string[]): void {
    const { request } = exchange;
    const method = preflightMethod(request);
    const match = method === null ? null : matchOf({ method }, asked);
    if (match?.kind === 'found') exchange.browser = match.unit.policy;
    const { cors } = exchange.browser;
    this.#send(
      exchange,
      method === null || cors === null ? optionsReply(allow) : preflightReply(request, cors, allow),
    );
  }

  #enter(exchange: Exchange, { serving, target, headers }: Asked, match: FoundRoute): void {
    const { unit } = match;
    const { limits, isRuntimeUp } = this.#options;
    exchange.functionKey = unit.key;
    exchange.trace?.routed(match.route?.pattern ?? null, unit.key);
    exchange.browser = unit.policy;
    if (unit.refused !== null)
      throw new GatewayError(unit.refusedAs ?? 'config_invalid', { text: unit.refused });
    if (!isRuntimeUp(unit.runtime)) throw new GatewayError('runtime_down');
    const maxBodyBytes = Math.min(unit.policy.maxBodyBytes, limits.maxBodyBytes);
    if (declaredLength(exchange.request) > maxBodyBytes) throw new GatewayError('payload_too_large');
    const { request, response } = exchange;
    const signal = new ClientSignal();
    response.once('close', () => {
      if (!wentOut(response)) signal.abort();
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
      trace: exchange.trace,
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
    const { request, response, id, browser } = exchange;
    metrics.requests.inc({ function: exchange.functionKey, status: reply.status });
    const closing = exchange.isLast || isLeaving();
    const onLast = () => this.endConnection(request, response);
    const told = withBrowserHeaders(reply, browser, request, () => this.#addresses.isHttps(request));
    sendReply(told, { request, response, requestId: id, clock, closing, onLast });
  }
}

function matchOf(
  { method = '' }: Pick<IncomingMessage, 'method'>,
  { serving, target, host }: Asked,
): RouteMatch {
  return serving.router.match({ method, rawPath: target.rawPath, host });
}

/** What carries the request: a socket, or a session of HTTP/2. */
function connectionOf(request: IncomingMessage, response: ServerResponse): object {
  return streamOf(response)?.session ?? request.socket;
}

function isRetired(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'draining';
}
