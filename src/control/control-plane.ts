// The operator's HTTP, made from the access table. Promises JSON errors, that nothing here is cached by anybody, that guards
// come before a byte of the body is read, that every write is in the audit log, and that what is not in the table is not found.

import { METHODS } from 'node:http';
import { fastifyCookie } from '@fastify/cookie';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { AccessRow, ControlHandler } from './access-row.ts';
import { accessTable, type HandlerName } from './access-table.ts';
import type { ControlDeps } from './control-deps.ts';
import { createHandlers } from './control-handlers.ts';
import { openControlState } from './control-state.ts';
import { answerCall, type Endpoint } from './endpoint.ts';
import { ControlGuards } from './guards.ts';
import { headerValues } from './header-values.ts';
import { rowInput } from './request-input.ts';
import { ResponseBoundary } from './response-boundary.ts';

/** @param app from `createEdge`: with @fastify/rate-limit, error handler and request ids of the edge */
export async function registerControl(app: FastifyInstance, deps: ControlDeps): Promise<void> {
  const state = await openControlState(deps);
  await app.register(async (scope) => {
    await scope.register(fastifyCookie);
    const guards = new ControlGuards(scope, deps, state);
    const boundary = new ResponseBoundary(deps);
    const handlers: Readonly<Record<HandlerName, ControlHandler>> = createHandlers({
      deps,
      guards,
      boundary,
      onDrain: (listener) => scope.addHook('preClose', async () => listener()),
      ...state,
    });
    prepareScope(scope);
    for (const rows of Map.groupBy<string, AccessRow>(accessTable, (row) => row.path).values()) {
      for (const row of rows) {
        const handler = handlers[row.handler as HandlerName];
        addRow(scope, { row, handler, input: rowInput(row), guards, boundary, audit: state.audit });
      }
      refuseOtherMethods(scope, rows, guards);
    }
    for (const path of ['/_fn', '/_fn/*', '/system/metrics/*']) scope.all(path, notFound);
    scope.addHook('onClose', () => state.close());
  });
}

function prepareScope(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  // Read by hand, behind the guards; a content type says nothing that JSON itself does not.
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  scope.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    checkHost(request);
  });
}

function addRow(scope: FastifyInstance, endpoint: Endpoint): void {
  const { row } = endpoint;
  scope.route({
    method: row.method,
    url: row.path,
    handler: (request, reply) => answerCall(endpoint, request, reply),
  });
}

function refuseOtherMethods(scope: FastifyInstance, rows: readonly AccessRow[], guards: ControlGuards): void {
  const [first] = rows;
  if (first === undefined) return;
  const own = new Set(rows.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])));
  const error = new GatewayError('method_not_allowed', { headers: { Allow: [...own].join(', ') } });
  scope.route({
    method: METHODS.filter((method) => !own.has(method) && method !== 'CONNECT'),
    url: first.path,
    handler: async (request, reply) => {
      request.raw.resume();
      // Permission is asked of a method that exists.
      if (first.methodFirst !== true) await guards.check(request, reply, { ...first, permission: 'read' });
      throw error;
    },
  });
}

/** Which host a browser meant is one of the guards: it must not depend on which of two headers is read (RFC 9112 3.2). */
function checkHost({ raw }: FastifyRequest): void {
  const hosts = headerValues(raw.rawHeaders, 'host');
  // HTTP/2 has a field of its own; a Host beside it must say the same (RFC 9113 8.3.1).
  const named =
    raw.httpVersionMajor >= 2 ? new Set([...headerValues(raw.rawHeaders, ':authority'), ...hosts]) : hosts;
  const count = [...named].length;
  if (count === 1 || (count === 0 && raw.httpVersion === '1.0')) return;
  throw new GatewayError('bad_request', { text: 'exactly one valid Host header is needed' });
}

function notFound(): never {
  throw new GatewayError('not_found');
}
