// The operator's HTTP: one table of path, methods, who may, and handler. Promises JSON errors, that nothing here is cached
// by anybody, and that what is not in the table is not found.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { catalogReport } from './catalog-report.ts';
import type { ControlDeps } from './control-deps.ts';
import { ControlGuards } from './guards.ts';
import { headerValues } from './header-values.ts';
import { fullHealth, publicHealth, readiness } from './health-report.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

interface Row {
  readonly path: string;
  /** `open`: anybody. `api`: the api guard first. */
  readonly access: 'open' | 'api';
  /** GET answers HEAD too. */
  readonly methods: Readonly<Record<string, Handler>>;
  /** 405 even to those who would not pass the guard. */
  readonly methodFirst?: boolean;
}

function controlTable(deps: ControlDeps, guards: ControlGuards): readonly Row[] {
  const metrics: Handler = (_request, reply) => metricsText(deps, reply);
  return [
    {
      path: '/_fn/health',
      access: 'open',
      methods: { GET: (request, reply) => health(deps, guards, request, reply) },
    },
    { path: '/_fn/ready', access: 'open', methods: { GET: (_request, reply) => ready(deps, reply) } },
    { path: '/_fn/metrics', access: 'api', methods: { GET: metrics } },
    { path: '/system/metrics', access: 'api', methods: { GET: metrics } },
    { path: '/_fn/catalog', access: 'api', methods: { GET: () => catalogReport(deps, Date.now()) } },
    { path: '/_fn/reload', access: 'api', methods: { POST: () => reload(deps) }, methodFirst: true },
  ];
}

/** @param app from `createEdge`: with @fastify/rate-limit, error handler and request ids of the edge */
export async function registerControl(app: FastifyInstance, deps: ControlDeps): Promise<void> {
  await app.register(async (scope) => {
    const guards = new ControlGuards(scope, deps);
    // No endpoint of the table takes a body; what is sent is thrown away, whatever its type.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume();
      done(null, undefined);
    });
    scope.addHook('onRequest', async (request, reply) => {
      reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
      checkHost(request);
    });
    for (const row of controlTable(deps, guards)) {
      scope.all(row.path, (request, reply) => answer(row, guards, request, reply));
    }
    for (const path of ['/_fn', '/_fn/*', '/system/metrics/*']) scope.all(path, notFound);
    for (const path of ['/console', '/console/*']) scope.all(path, consoleDisabled);
  });
}

async function answer(
  row: Row,
  guards: ControlGuards,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const handler = row.methods[request.method === 'HEAD' && 'GET' in row.methods ? 'GET' : request.method];
  if (handler === undefined && row.methodFirst === true) throw wrongMethod(row);
  if (row.access === 'api') await guards.check(request);
  if (handler === undefined) throw wrongMethod(row);
  return handler(request, reply);
}

/** Which host a browser meant is one of the guards: it must not depend on which of two headers is read (RFC 9112 3.2). */
function checkHost({ raw }: FastifyRequest): void {
  const count = headerValues(raw.rawHeaders, 'host').length;
  if (count === 1 || (count === 0 && raw.httpVersion === '1.0')) return;
  throw new GatewayError('bad_request', { text: 'exactly one valid Host header is needed' });
}

function wrongMethod(row: Row): GatewayError {
  const methods = Object.keys(row.methods).flatMap((method) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  );
  return new GatewayError('method_not_allowed', { headers: { Allow: methods.join(', ') } });
}

function health(
  deps: ControlDeps,
  guards: ControlGuards,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  const isProbe = /[?&]ready=1(?:&|$)/.test(request.raw.url ?? '');
  if (isProbe && !readiness(deps).ready) reply.status(503);
  return guards.isOperator(request) ? fullHealth(deps, Date.now()) : publicHealth(deps, Date.now());
}

function ready(deps: ControlDeps, reply: FastifyReply): unknown {
  const { ready: isReady, reason } = readiness(deps);
  if (isReady) return { status: 'ready' };
  reply.status(503).header('retry-after', '1');
  return { status: 'not ready', reason };
}

async function metricsText(deps: ControlDeps, reply: FastifyReply): Promise<string> {
  const { metrics } = deps;
  metrics.active.reset();
  metrics.queued.reset();
  for (const { unit, gate } of deps.deployments()) {
    metrics.active.set({ function: unit.key }, gate.active);
    metrics.queued.set({ function: unit.key }, gate.queued);
  }
  reply.type(metrics.registry.contentType);
  return metrics.registry.metrics();
}

async function reload(deps: ControlDeps): Promise<unknown> {
  try {
    await deps.reload();
  } catch (cause) {
    const text = `reload failed: ${cause instanceof GatewayError ? cause.message : 'the old catalog goes on serving'}`;
    throw new GatewayError('internal', { text, cause });
  }
  const catalog = deps.catalog();
  return {
    ok: true,
    reloaded_at: Date.now() / 1000,
    functions_root: catalog.root,
    runtime_order: deps.health.runtimes().map((runtime) => runtime.name),
    catalog_generated_at: catalog.generatedAt / 1000,
    generation: catalog.generation,
  };
}

function notFound(): never {
  throw new GatewayError('not_found');
}

function consoleDisabled(): never {
  throw new GatewayError('not_found', { text: 'console ui disabled' });
}
