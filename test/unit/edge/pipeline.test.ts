// The order of refusals and what goes on to the invocation, through a real server.

import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { RouteMatch } from '../../../src/discovery/catalog.ts';
import { GatewayError } from '../../../src/errors.ts';
import { startEdge, type TestEdge, until } from './support.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
  json(): Record<string, unknown>;
}

function ask(
  edge: TestEdge,
  path: string,
  options: { method?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Answer> {
  const { port } = new URL(edge.url);
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, signal } = options;
    const agent = new Agent();
    const wanted = { host: '127.0.0.1', port, path, method, headers, agent, ...(signal ? { signal } : {}) };
    const request = httpRequest(wanted, async (response) => {
      try {
        const bytes = Buffer.concat(await response.toArray());
        const text = bytes.toString('utf8');
        const { statusCode = 0, headers: received } = response;
        resolve({ status: statusCode, headers: received, bytes, text, json: () => JSON.parse(text) });
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject);
    request.end();
  });
}

const answers: Readonly<Record<string, RouteMatch>> = {
  '/conflict': { kind: 'conflict', pattern: '/conflict' },
  '/host': { kind: 'host_not_allowed' },
  '/method': { kind: 'method_not_allowed', allow: ['GET', 'HEAD'] },
  '/options': { kind: 'options', allow: ['GET', 'HEAD', 'OPTIONS'] },
  '/bad': { kind: 'bad_path', reason: 'x' },
};

describe('pipeline: refusals', () => {
  let edge: TestEdge;
  before(async () => {
    edge = await startEdge({
      match: (query, unit) =>
        answers[query.rawPath] ??
        (query.rawPath === '/hello'
          ? { kind: 'found', unit, route: null, params: {} }
          : { kind: 'not_found' }),
    });
    edge.pool.answer = (call) => call.answer({ body: 'ok' });
  });
  after(() => edge.close());

  for (const [path, status, error] of [
    ['/nope', 404, 'not found'],
    ['/conflict', 409, 'ambiguous function'],
    ['/host', 421, 'host not allowed'],
    ['/method', 405, 'method not allowed'],
    ['/bad', 400, 'bad request'],
  ] as const) {
    test(`${path} is ${status} ${error}, with nothing of the function's state`, async () => {
      const answer = await ask(edge, path);
      assert.equal(answer.status, status);
      assert.equal(answer.json().error, error);
      assert.equal(answer.headers['x-request-id'], answer.json().request_id);
      assert.equal(answer.headers['x-fastfn-function-state'], undefined);
    });
  }

  test('405 and OPTIONS name what is allowed', async () => {
    assert.equal((await ask(edge, '/method')).headers.allow, 'GET, HEAD');
    const options = await ask(edge, '/options', { method: 'OPTIONS' });
    assert.equal(options.status, 204);
    assert.equal(options.headers.allow, 'GET, HEAD, OPTIONS');
    assert.equal(options.bytes.length, 0);
  });

  test('a runtime that is down is 503, but an unknown path stays 404', async () => {
    edge.state.up = false;
    const down = await ask(edge, '/hello');
    assert.equal(down.status, 503);
    assert.equal(down.json().error, 'runtime down');
    assert.equal(down.headers['x-fastfn-function-state'], undefined);
    assert.equal((await ask(edge, '/nope')).status, 404);
    edge.state.up = true;
  });

  for (const path of [
    '/%5ffn/health',
    '/_FN/health',
    '/a/../_fn/health',
    '//_fn/health',
    '/%2e/_fn/x',
    '/%63onsole',
    '/fastfn.json',
    '/FastFN.TOML',
    '/%66astfn.json',
    'http://a/_fn/health',
  ]) {
    test(`${path} never reaches the router`, async () => {
      const before = edge.state.seen.length;
      const answer = await edge.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(answer.status, 404);
      assert.equal(answer.json().error, 'not found');
      assert.equal(edge.state.seen.length, before);
    });
  }

  test('the router sees the raw path; an absolute target brings its own host', async () => {
    await edge.raw('GET /a%2Fb/../c?x=1 HTTP/1.1\r\nHost: Ex.COM:80\r\n\r\n');
    assert.deepEqual(edge.state.seen.at(-1), { method: 'GET', rawPath: '/a%2Fb/../c', host: 'ex.com:80' });
    await edge.raw('GET http://Other.com/hello HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(edge.state.seen.at(-1), { method: 'GET', rawPath: '/hello', host: 'other.com' });
  });

  test('X-Forwarded-Host of a stranger is nothing', async () => {
    await ask(edge, '/hello', { headers: { 'x-forwarded-host': 'inside' } });
    assert.match(String(edge.state.seen.at(-1)?.host), /^127\.0\.0\.1:/);
  });

  test('every method that node:http knows reaches the router', async () => {
    for (const method of ['PROPFIND', 'QUERY', 'TRACE', 'PURGE', 'DELETE']) {
      const answer = await edge.raw(`${method} /nope HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(answer.status, 404, method);
      assert.equal(edge.state.seen.at(-1)?.method, method);
    }
  });

  test('too many query pairs are refused', async () => {
    const query = Array.from({ length: 11 }, (_, i) => `a${i}`).join('&');
    assert.equal((await ask(edge, `/hello?${query}`)).status, 400);
  });
});

describe('pipeline: invocations', () => {
  let edge: TestEdge;
  before(async () => {
    edge = await startEdge();
  });
  after(() => edge.close());

  test('event fields come from the request, and the id comes back', async () => {
    edge.pool.answer = (call) => call.answer({ body: call.request.event });
    const headers = { 'x-request-id': 'mine-1', 'x-fn-admin-token': 't', 'x-a': '1' };
    const answer = await ask(edge, '/hello/a%20b//c?x=1&__fnctx=e30', { headers });
    const event = answer.json();
    assert.equal(event.id, 'mine-1');
    assert.equal(answer.headers['x-request-id'], 'mine-1');
    assert.equal(event.path, '/hello/a b/c');
    assert.equal(event.raw_path, '/hello/a%20b//c?x=1&__fnctx=e30');
    assert.deepEqual(event.query, { x: '1' });
    assert.deepEqual(event.client, { ip: '127.0.0.1' });
    assert.equal((event.headers as Record<string, unknown>)['x-fn-admin-token'], undefined);
  });

  test('buffered answers have a length, HEAD has the same and no body', async () => {
    edge.pool.answer = (call) => call.answer({ headers: { 'set-cookie': ['a=1', 'b=2'] }, body: 'héllo' });
    const got = await ask(edge, '/hello');
    assert.equal(got.headers['content-length'], '6');
    assert.equal(got.text, 'héllo');
    assert.deepEqual(got.headers['set-cookie'], ['a=1', 'b=2']);
    const head = await ask(edge, '/hello', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], '6');
    assert.equal(head.bytes.length, 0);
  });

  test('a stream arrives whole; when the worker dies the connection is cut', async () => {
    edge.pool.answer = (call) => {
      call.answer({ headers: { 'content-type': 'image/x' }, body: { kind: 'stream', bytes: null } });
      for (let i = 0; i < 100; i++) call.handlers.chunk(Buffer.alloc(1000, i));
      call.handlers.bodyEnd();
    };
    assert.equal((await ask(edge, '/hello')).bytes.length, 100_000);
    edge.pool.answer = (call) => {
      call.answer({ body: { kind: 'stream', bytes: null } });
      call.handlers.chunk(Buffer.from('half'));
      setImmediate(() => call.handlers.lost(new GatewayError('worker_crashed')));
    };
    await assert.rejects(ask(edge, '/hello'), { code: 'ECONNRESET' });
  });

  test('a long body of known length keeps it', async () => {
    edge.pool.answer = (call) => {
      call.answer({ headers: { 'content-type': 'image/x' }, body: { kind: 'stream', bytes: 300_000 } });
      for (let i = 0; i < 3; i++) call.handlers.chunk(Buffer.alloc(100_000));
      call.handlers.bodyEnd();
    };
    const answer = await ask(edge, '/hello');
    assert.equal(answer.headers['content-length'], '300000');
    assert.equal(answer.bytes.length, 300_000);
  });

  test('gzip: from 1024 bytes, for text, when accepted, with Vary and a weak tag', async () => {
    const headers = { 'content-type': 'application/json', etag: '"v1"' };
    const body = JSON.stringify('x'.repeat(2000));
    edge.pool.answer = (call) => call.answer({ headers, body });
    const gzip = { headers: { 'accept-encoding': 'br;q=1, gzip;q=0.5' } };
    const packed = await ask(edge, '/hello', gzip);
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(packed.headers.vary, 'Accept-Encoding');
    assert.equal(packed.headers.etag, 'W/"v1"');
    assert.equal(packed.headers['content-length'], String(packed.bytes.length));
    assert.equal(gunzipSync(packed.bytes).toString(), body);
    for (const accept of ['', 'br', 'gzip;q=0']) {
      const plain = await ask(edge, '/hello', { headers: { 'accept-encoding': accept } });
      assert.equal(plain.headers['content-encoding'], undefined, accept);
      assert.equal(plain.headers.vary, 'Accept-Encoding');
      assert.equal(plain.text, body);
    }
    for (const changes of [{ 'content-encoding': 'br' }, { 'content-type': 'image/png' }]) {
      edge.pool.answer = (call) => call.answer({ headers: { ...headers, ...changes }, body });
      assert.equal((await ask(edge, '/hello', gzip)).headers.vary, undefined);
    }
    edge.pool.answer = (call) => call.answer({ headers, body: 'x'.repeat(1023) });
    assert.equal((await ask(edge, '/hello', gzip)).headers['content-encoding'], undefined);
  });

  test('gzip of a stream', async () => {
    edge.pool.answer = (call) => {
      call.answer({ headers: { 'content-type': 'text/plain' }, body: { kind: 'stream', bytes: null } });
      for (let i = 0; i < 20; i++) call.handlers.chunk(Buffer.from('0123456789'.repeat(100)));
      call.handlers.bodyEnd();
    };
    const answer = await ask(edge, '/hello', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(answer.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(answer.bytes).length, 20_000);
  });

  test('a client that goes away cancels its invocation', async () => {
    edge.pool.answer = null;
    const client = new AbortController();
    const gone = assert.rejects(ask(edge, '/hello', { signal: client.signal }));
    const calls = edge.pool.calls.length;
    await until(() => edge.pool.calls.length !== calls);
    client.abort();
    await gone;
    await until(() => edge.pool.call().cancelled !== null);
    assert.equal(edge.pool.call().cancelled, 'client_closed');
    edge.pool.call().end();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(edge.state.deployments.get(edge.unit.key)?.gate.active, 0);
    assert.match(
      await edge.metrics.registry.metrics(),
      /requests_total\{function="node\/hello@default",status="499"\} 1/,
    );
  });

  test('a proxy directive is refused', async () => {
    edge.pool.answer = (call) => call.answer({ proxy: { path: '/x' }, body: 'fallback' });
    const answer = await ask(edge, '/hello');
    assert.equal(answer.status, 502);
    assert.equal(answer.json().error, 'edge proxy disabled for this function');
    assert.equal(answer.headers['x-fastfn-function-state'], 'warm');
  });

  test('a request whose workers a reload retired is served by the new ones, with its body', async () => {
    const retired = edge.state.deployments.get(edge.unit.key);
    assert.ok(retired);
    edge.pool.hasRoom = false;
    edge.pool.answer = (call) => call.answer({ body: `got ${call.request.body}` });
    const pending = edge.raw('POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
    await until(() => edge.pool.waiting !== 0);
    edge.state.deployments = new Map([[edge.unit.key, edge.deploy()]]);
    edge.pool.hasRoom = true;
    edge.pool.refuseWaiting(new GatewayError('draining'));
    assert.equal((await pending).body, 'got hi');
    assert.equal(retired.gate.active, 0);
  });
});

test('pipeline: a function with a bad configuration is listed but not served', async () => {
  const edge = await startEdge({ unit: { refused: 'invoke.handler must be a valid identifier' } });
  try {
    const answer = await ask(edge, '/hello');
    assert.equal(answer.status, 500);
    assert.equal(answer.json().error, 'invoke.handler must be a valid identifier');
  } finally {
    await edge.close();
  }
});

test('pipeline: a rate limit counts per client and says when to come back', async () => {
  const edge = await startEdge({
    policy: { rateLimit: { max: 2, windowSeconds: 60 } },
    trustedProxyCidrs: ['127.0.0.1'],
  });
  try {
    edge.pool.answer = (call) => call.answer({});
    const from = (ip: string) => ask(edge, '/hello', { headers: { 'x-forwarded-for': ip } });
    assert.deepEqual([(await from('1.1.1.1')).status, (await from('1.1.1.1')).status], [200, 200]);
    const refused = await from('1.1.1.1');
    assert.equal(refused.status, 429);
    assert.equal(refused.json().error, 'too many requests');
    assert.ok(Number(refused.headers['retry-after']) > 0);
    assert.equal(refused.headers['x-ratelimit-limit'], '2');
    assert.equal(refused.headers['x-ratelimit-remaining'], '0');
    assert.equal((await from('2.2.2.2')).status, 200);
    assert.equal((await from('2001:db8::1')).status, 200);
    assert.equal((await from('2001:db8::2')).status, 200);
    assert.equal((await from('2001:db8::3')).status, 429, 'one /64 is one client');
  } finally {
    await edge.close();
  }
});
