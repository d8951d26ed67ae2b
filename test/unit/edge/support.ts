// A whole edge on a free port, in front of a fake pool, and a bare socket client that sends exactly what a test says.

import { connect, type Socket } from 'node:net';
import { systemClock } from '../../../src/clock.ts';
import type { FunctionUnit, RouteMatch, RouteQuery } from '../../../src/discovery/catalog.ts';
import { EdgeProxy } from '../../../src/edge/proxy/edge-proxy.ts';
import { createEdge } from '../../../src/edge/server.ts';
import type { EdgeLimits, TlsSettings } from '../../../src/edge/transport-settings.ts';
import { Deployment } from '../../../src/invocation/deployment.ts';
import { Invoker } from '../../../src/invocation/invoker.ts';
import { silentLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { noSecurityHeaders } from '../../../src/policy/security-headers.ts';
import { FakePool } from '../../fakes/fake-pool.ts';
import { functionUnit } from '../../fakes/function-unit.ts';

const limits: EdgeLimits = {
  maxBodyBytes: 10_000,
  maxHeaderBytes: 4096,
  maxUriBytes: 1024,
  maxQueryPairs: 10,
  maxConnections: 100,
  maxRequestsPerConnection: 1000,
  headersTimeoutMs: 60_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 5_000,
  maxLoopDelayMs: 0,
};

interface EdgeSetup {
  readonly limits?: Partial<EdgeLimits>;
  readonly tls?: TlsSettings;
  readonly policy?: Parameters<typeof functionUnit>[0];
  readonly unit?: Partial<FunctionUnit>;
  readonly trustedProxyCidrs?: readonly string[];
  /** Default: `/hello` and everything below it is the function, anything else is not found. */
  readonly match?: (query: RouteQuery, unit: FunctionUnit) => RouteMatch;
}

/** Not listening yet. */
export async function createTestEdge(setup: EdgeSetup = {}) {
  const pool = new FakePool();
  const unit = functionUnit({ methods: ['GET', 'POST'], ...setup.policy }, setup.unit);
  const root = '/srv/fns';
  const metrics = createMetrics();
  const deploy = () => new Deployment({ unit, pool, clock: systemClock, root, secrets: [] });
  const state = {
    draining: false,
    leaving: false,
    up: true,
    deployments: new Map([[unit.key, deploy()]]),
    seen: [] as RouteQuery[],
  };
  const match =
    setup.match ??
    ((query: RouteQuery): RouteMatch =>
      query.rawPath.startsWith('/hello')
        ? { kind: 'found', unit, route: null, params: {} }
        : { kind: 'not_found' });
  const router = {
    match(query: RouteQuery): RouteMatch {
      state.seen.push(query);
      return match(query, unit);
    },
  };
  const edge = await createEdge({
    limits: { ...limits, ...setup.limits },
    tls: setup.tls ?? null,
    trustedProxyCidrs: setup.trustedProxyCidrs ?? [],
    invoker: new Invoker({ clock: systemClock, log: silentLog, metrics, production: false }),
    proxy: new EdgeProxy({ clock: systemClock, log: silentLog, verifyTls: true }),
    browser: { cors: null, securityHeaders: noSecurityHeaders },
    serving: () => ({ router, deployments: state.deployments }),
    isRuntimeUp: () => state.up,
    isDraining: () => state.draining,
    isLeaving: () => state.draining || state.leaving,
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  return { ...edge, pool, unit, metrics, state, deploy };
}

export async function startEdge(setup: EdgeSetup = {}) {
  const edge = await createTestEdge(setup);
  const url = await edge.app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(url).port);
  return {
    ...edge,
    url,
    raw: (text: string | readonly string[]) => rawExchange(port, text),
    open: () => connect(port, '127.0.0.1'),
    async close() {
      edge.transport.cut();
      await edge.app.close();
      edge.transport.close();
    },
  };
}

export type TestEdge = Awaited<ReturnType<typeof startEdge>>;

/** Waits until it holds; a test that waits in vain fails. */
export async function until(holds: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`cannot see it happen: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface RawAnswer {
  readonly status: number;
  /** Everything the server sent. */
  readonly text: string;
  readonly body: string;
  header(name: string): string | undefined;
  json(): Record<string, unknown>;
}

/** Sends the parts one after the other and waits for the first whole answer with a Content-Length, or for the end. */
async function rawExchange(port: number, parts: string | readonly string[]): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const received = receiveAnswer(socket);
  for (const part of [parts].flat()) {
    socket.write(part, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  try {
    return parseAnswer(await received);
  } finally {
    socket.destroy();
  }
}

export function receiveAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (isWhole(text)) resolve(text);
    });
    socket.on('end', () => resolve(text));
    socket.on('error', (error) => (isWhole(text) ? resolve(text) : reject(error)));
  });
}

function isWhole(text: string): boolean {
  const answer = text.startsWith('HTTP/1.1 100 ') ? text.slice(text.indexOf('\r\n\r\n') + 4) : text;
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /^content-length: (\d+)\r?$/im.exec(answer.slice(0, end + 2))?.[1];
  return length !== undefined && answer.length - end - 4 >= Number(length);
}

export function parseAnswer(text: string): RawAnswer {
  const answer = text.startsWith('HTTP/1.1 100 ') ? text.slice(text.indexOf('\r\n\r\n') + 4) : text;
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.slice(0, end);
  const body = answer.slice(end + 4);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
    text,
    body,
    header: (name) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1],
    json: () => JSON.parse(body) as Record<string, unknown>,
  };
}
