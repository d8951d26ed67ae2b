// The control plane's guards over real connections: flags, token, callers, proxies, hosts (contract/control-plane.md 2).
// Addresses that a test cannot call from are unit tests.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { exchange } from './support/raw-http.ts';
import { echoJs } from './support/tree.ts';

const token = 'token-of-this-test';
const tree = {
  'get.ip.js': echoJs('ip'),
  'h/get.js': echoJs('h'),
  'h/fn.config.json': JSON.stringify({ invoke: { allow_hosts: ['a.ex'] } }),
};

async function withGateway(
  variables: Record<string, string>,
  use: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  const gateway = await startTestGateway(tree, variables);
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
}

interface Row {
  readonly who: string;
  readonly headers?: Record<string, string>;
  /** Of GET /_fn/metrics. */
  readonly read: number;
  /** Of POST /_fn/reload with the CSRF header. */
  readonly write: number;
  /** Whether health shows what only the operator sees. */
  readonly detail: boolean;
}

async function checkRows(gateway: TestGateway, rows: readonly Row[]): Promise<void> {
  for (const { who, headers = {}, read, write, detail } of rows) {
    const reading = await ask(gateway.url, '/_fn/metrics', { headers });
    assert.equal(reading.status, read, `${who}: ${reading.text.slice(0, 100)}`);
    const csrf = { ...headers, 'x-fn-request': '1' };
    const writing = await ask(gateway.url, '/_fn/reload', { method: 'POST', headers: csrf });
    assert.equal(writing.status, write, `${who}: ${writing.text}`);
    const health = await ask(gateway.url, '/_fn/health', { headers });
    assert.equal(health.status, 200, who);
    assert.equal('functions_root' in health.json(), detail, who);
    if (!detail) assert.ok(!health.text.includes(gateway.root), who);
    for (const answer of [reading, writing, health]) {
      assert.equal(answer.headers['cache-control'], 'no-store', who);
      assert.ok(answer.headers['x-request-id'], who);
    }
  }
}

const operator = { read: 200, write: 200, detail: true };
const stranger = { read: 403, write: 403, detail: false };
const quiet = { FN_CONSOLE_RATE_LIMIT_MAX: '0', FN_CONSOLE_WRITE_RATE_LIMIT_MAX: '0' };

test('control: without a token the local machine may all, and nobody who only looks local', () =>
  withGateway(quiet, (gateway) =>
    checkRows(gateway, [
      { who: 'a local program', ...operator },
      { who: 'localhost by name', headers: { host: 'localhost:8080' }, ...operator },
      { who: 'its own page', headers: { host: 'localhost:1', origin: 'http://localhost:1' }, ...operator },
      { who: 'a proxy on this machine', headers: { 'x-forwarded-for': '127.0.0.1' }, ...stranger },
      { who: 'an empty X-Forwarded-For', headers: { 'x-forwarded-for': '' }, ...stranger },
      { who: 'Forwarded', headers: { forwarded: 'for=127.0.0.1' }, ...stranger },
      { who: 'a rebound name', headers: { host: 'evil.example' }, ...stranger },
      { who: 'a name like loopback', headers: { host: '127.0.0.1.evil.example' }, ...stranger },
      { who: 'a page of another site', headers: { 'sec-fetch-site': 'cross-site' }, ...stranger },
      { who: 'another origin', headers: { origin: 'http://evil.example' }, ...stranger },
      { who: 'another port of this machine', headers: { origin: 'http://127.0.0.1:1' }, ...stranger },
      {
        who: 'a token where there is none',
        headers: { 'x-forwarded-for': '1.2.3.4', 'x-fn-admin-token': '' },
        ...stranger,
      },
    ]),
  ));

test('control: with a token, it alone writes, and it opens reads from anywhere', () =>
  withGateway({ ...quiet, FN_ADMIN_TOKEN: token }, async (gateway) => {
    const far = { 'x-forwarded-for': '203.0.113.9', host: 'public.example' };
    await checkRows(gateway, [
      { who: 'a local program', ...operator, write: 403 },
      { who: 'the token', headers: { 'x-fn-admin-token': token }, ...operator },
      { who: 'the token from afar', headers: { ...far, 'x-fn-admin-token': token }, ...operator },
      { who: 'a wrong token from afar', headers: { ...far, 'x-fn-admin-token': `${token}x` }, ...stranger },
      { who: 'a wrong token', headers: { 'x-fn-admin-token': 'x' }, ...operator, write: 403 },
    ]);
    const twice = [
      'GET /_fn/metrics HTTP/1.1',
      'Host: public.example',
      `X-Fn-Admin-Token: ${token}`,
      `x-fn-admin-token: ${token}`,
      '',
      '',
    ];
    const { answers } = await exchange(gateway.url, [twice.join('\r\n')]);
    assert.equal(answers[0]?.status, 403);
    const bare = await ask(gateway.url, '/_fn/reload', {
      method: 'POST',
      headers: { 'x-fn-admin-token': token },
    });
    assert.equal(bare.status, 200, 'the token stands for the CSRF header');
  }));

test('control: a write without the CSRF header, or by GET, is refused in words', () =>
  withGateway(quiet, async (gateway) => {
    const post = await ask(gateway.url, '/_fn/reload', { method: 'POST' });
    assert.deepEqual([post.status, post.json().error], [403, 'missing CSRF header']);
    const get = await ask(gateway.url, '/_fn/reload');
    assert.deepEqual([get.status, get.headers.allow], [405, 'POST']);
    const put = await ask(gateway.url, '/_fn/health', { method: 'PUT' });
    assert.deepEqual([put.status, put.headers.allow], [405, 'GET, HEAD']);
    const head = await ask(gateway.url, '/_fn/health', { method: 'HEAD' });
    assert.deepEqual([head.status, head.bytes.length], [200, 0]);
  }));

describe('control: flags', () => {
  const flags = [
    { variable: 'FN_CONSOLE_API_ENABLED', value: '0', error: 'console api disabled' },
    { variable: 'FN_ADMIN_API_ENABLED', value: 'off', error: 'admin api disabled' },
  ];
  for (const { variable, value, error } of flags) {
    test(`${variable}=${value} is 404 '${error}', also with the token; the probes stay`, () =>
      withGateway({ [variable]: value, FN_ADMIN_TOKEN: token }, async (gateway) => {
        const headers = { 'x-fn-admin-token': token, 'x-fn-request': '1' };
        const rows = [
          ['GET', '/_fn/metrics'],
          ['GET', '/_fn/catalog'],
          ['GET', '/system/metrics'],
          ['POST', '/_fn/reload'],
        ] as const;
        for (const [method, target] of rows) {
          const answer = await ask(gateway.url, target, { method, headers });
          assert.deepEqual([answer.status, answer.json().error], [404, error], target);
        }
        for (const target of ['/_fn/health', '/_fn/ready']) {
          assert.equal((await ask(gateway.url, target)).status, 200, target);
        }
      }));
  }

  test('FN_CONSOLE_LOCAL_ONLY=0 lets strangers read, never write', () =>
    withGateway({ ...quiet, FN_CONSOLE_LOCAL_ONLY: '0' }, async (gateway) => {
      const far: Ask = { headers: { 'x-forwarded-for': '203.0.113.9', 'x-fn-request': '1' } };
      assert.equal((await ask(gateway.url, '/_fn/metrics', far)).status, 200);
      const write = await ask(gateway.url, '/_fn/reload', { ...far, method: 'POST' });
      assert.deepEqual([write.status, write.json().error], [403, 'console write local-only']);
      assert.ok(!('functions_root' in (await ask(gateway.url, '/_fn/health', far)).json()));
    }));

  test('FN_CONSOLE_RATE_LIMIT_MAX counts reads and writes apart and says when to come back', () =>
    withGateway({ FN_CONSOLE_RATE_LIMIT_MAX: '8', FN_CONSOLE_WRITE_RATE_LIMIT_MAX: '2' }, async (gateway) => {
      const reads = [];
      for (let i = 0; i < 9; i++) reads.push((await ask(gateway.url, '/_fn/metrics')).status);
      assert.deepEqual(reads, [...Array(8).fill(200), 429]);
      const refused = await ask(gateway.url, '/_fn/metrics');
      assert.equal(refused.json().error, 'too many console requests, try again later');
      assert.ok(Number(refused.headers['retry-after']) >= 1);
      const write: Ask = { method: 'POST', headers: { 'x-fn-request': '1' } };
      assert.equal((await ask(gateway.url, '/_fn/reload', write)).status, 200);
      assert.equal((await ask(gateway.url, '/_fn/health')).status, 200);
    }));
});

test('control: metrics count requests, durations, queues, workers, cold starts, exits and reloads', () =>
  withGateway(quiet, async (gateway) => {
    const metrics = async () => (await ask(gateway.url, '/_fn/metrics')).text;
    const becomes = (line: string) =>
      eventually(async () => assert.ok((await metrics()).split('\n').includes(line), `no ${line}`));
    await ask(gateway.url, '/ip');
    await ask(gateway.url, '/ip');
    await ask(gateway.url, '/nope');
    const unit = 'function="node/get.ip.js@default"';
    await becomes(`fastfn_requests_total{${unit},status="200"} 2`);
    await becomes('fastfn_requests_total{function="",status="404"} 1');
    await becomes(`fastfn_invocation_duration_seconds_count{${unit},status="200"} 2`);
    await becomes(`fastfn_invocations_active{${unit}} 0`);
    await becomes(`fastfn_invocations_queued{${unit}} 0`);
    await becomes(`fastfn_cold_starts_total{${unit}} 1`);
    await becomes('fastfn_workers{runtime="node",state="ready"} 1');
    await becomes('fastfn_worker_start_seconds_count{runtime="node"} 1');
    await becomes('fastfn_reloads_total{outcome="ok"} 1');
    process.kill(gateway.workers()[0]?.pid ?? 0, 'SIGKILL');
    await becomes('fastfn_worker_exits_total{runtime="node",cause="crashed"} 1');
    await becomes('fastfn_workers{runtime="node",state="ready"} 0');
    const { headers } = await ask(gateway.url, '/_fn/metrics');
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  }));

test('control: behind a trusted proxy the client is the last hop that nobody vouches for', () =>
  withGateway(
    { ...quiet, FN_TRUSTED_PROXY_CIDRS: '127.0.0.1, 10.9.0.0/16', FN_CONSOLE_LOCAL_CIDRS: '192.168.7.0/24' },
    async (gateway) => {
      const via = (hops: string, more: Record<string, string> = {}) => ({ 'x-forwarded-for': hops, ...more });
      await checkRows(gateway, [
        { who: 'the proxy that says nothing', ...stranger },
        { who: 'a stranger', headers: via('203.0.113.9'), ...stranger },
        { who: 'a stranger who claims loopback', headers: via('127.0.0.1, 203.0.113.9'), ...stranger },
        {
          who: 'a stranger through two proxies',
          headers: via('127.0.0.9, 203.0.113.9, 10.9.1.1'),
          ...stranger,
        },
        { who: 'a hop that is no address', headers: via('127.0.0.9, unknown'), ...stranger },
        { who: 'loopback', headers: via('127.0.0.9'), ...operator },
        { who: 'a named network', headers: via('192.168.7.20', { host: 'gateway:80' }), ...operator },
        { who: 'the network beside it', headers: via('192.168.8.20'), ...stranger },
        {
          who: 'a named network, rebound',
          headers: via('192.168.7.20', { host: 'evil.example' }),
          ...stranger,
        },
      ]);
      const rows = [
        ['203.0.113.9', '203.0.113.9'],
        ['6.6.6.6, 203.0.113.9', '203.0.113.9'],
        ['6.6.6.6, 203.0.113.9, 10.9.3.4', '203.0.113.9'],
        ['2001:db8::7', '2001:db8::7'],
      ] as const;
      for (const [hops, client] of rows) {
        assert.equal(
          (await ask(gateway.url, '/ip', { headers: via(hops) })).json().event.client.ip,
          client,
          hops,
        );
      }
      const forwarded = via('203.0.113.9', { host: 'inner', 'x-forwarded-host': 'a.ex' });
      assert.equal((await ask(gateway.url, '/h', { headers: forwarded })).status, 200);
    },
  ));

test('control: forwarding headers of a peer that nobody named change nothing for functions', () =>
  withGateway({}, async (gateway) => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'a.ex' };
    assert.equal((await ask(gateway.url, '/ip', { headers })).json().event.client.ip, '127.0.0.1');
    assert.equal((await ask(gateway.url, '/h', { headers })).status, 421);
  }));
