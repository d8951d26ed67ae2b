// The edge proxy end to end (contract/edge-proxy.md): functions in their workers, upstreams on loopback. Rows that need a
// name server of the test's own are unit tests.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type RelayGateway, relay, startRelayGateway } from './support/relay-gateway.ts';
import type { Upstream } from './support/upstream.ts';

describe('proxy', () => {
  let relays: RelayGateway;
  let gateway: TestGateway;
  let upstream: Upstream;
  let secure: Upstream;
  let pass: RelayGateway['pass'];
  before(async () => {
    relays = await startRelayGateway();
    ({ gateway, upstream, secure, pass } = relays);
  });
  after(() => relays.close());

  for (const target of ['/open', '/py']) {
    test(`${target}: a relative path goes to the base, and the upstream's answer replaces the function's`, async () => {
      const answer = await pass({ path: '/a?x=1', headers: { 'X-Own': 'yes' }, body: 'hällo' }, target);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['own'], undefined);
      const seen = upstream.seen.at(-1);
      assert.equal(seen?.method, 'POST');
      assert.equal(seen?.url, '/a?x=1');
      assert.equal(seen?.header('host'), `127.0.0.1:${upstream.port}`);
      assert.equal(seen?.header('x-own'), 'yes');
      assert.equal(seen?.header('content-length'), '6');
      assert.equal(Buffer.from(seen?.body ?? '', 'latin1').toString(), 'hällo');
    });
  }

  for (const [target, language, skip] of [
    ['/moon', 'lua', false],
    ['/elephant', 'php', spawnSync('php', ['-v']).status === 0 ? false : 'no php on this host'],
  ] as const) {
    test(`${language} functions forward too`, { skip }, async () => {
      assert.equal((await ask(gateway.url, target)).status, 200);
      const seen = upstream.seen.at(-1);
      assert.deepEqual([seen?.method, seen?.url, seen?.body], ['PUT', `/${language}`, `of ${language}`]);
    });
  }

  test('nothing of the client is forwarded but its method', async () => {
    await ask(gateway.url, '/open?q=1', {
      headers: { cookie: 'a=b', 'x-client': '1', 'x-forwarded-for': '9.9.9.9' },
    });
    const seen = upstream.seen.at(-1);
    assert.deepEqual([seen?.method, seen?.url, seen?.body], ['GET', '/default', '']);
    const names = seen?.lines.filter((_, index) => index % 2 === 0);
    assert.deepEqual(names, ['host', 'connection', 'x-fastfn-proxied']);
  });

  test('HEAD asks HEAD and keeps the length', async () => {
    const answer = await ask(gateway.url, '/open', { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(upstream.seen.at(-1)?.method, 'HEAD');
    assert.equal(answer.bytes.length, 0);
  });

  test('proxy: null is no directive', async () => {
    const answer = await pass(null);
    assert.deepEqual([answer.status, answer.text], [201, 'own']);
  });

  test('what only looks like that is allowed', async () => {
    for (const directive of [
      { path: '/a..b' },
      { path: '/consolex' },
      { url: `HTTP://127.0.0.1:${upstream.port}/upper` },
      { url: '/url-that-is-a-path' },
      { path: '/nulls', method: null, body: null, headers: null },
    ]) {
      assert.equal((await pass(directive)).status, 200, JSON.stringify(directive));
    }
    const nulls = upstream.seen.at(-1);
    assert.deepEqual([nulls?.method, nulls?.body], ['POST', '']);
  });

  test('bad header values are dropped, framing and connection headers are ours', async () => {
    await pass({
      path: '/headers',
      method: 'PUT',
      body: 'hello',
      headers: {
        ...{
          'Content-Length': '1',
          'Transfer-Encoding': 'chunked',
          Host: 'evil',
          Connection: 'x-named, close',
        },
        ...{ 'X-Named': '1', 'X-Split': 'a\r\nY: b', 'X-Many': ['1', 2, true], 'x bad': '1', x_bad: '1' },
        ...{
          Expect: '100-continue',
          Upgrade: 'h2c',
          'X-FastFN-Proxied': '0',
          Cookie: 'own=1',
          'X-Null': null,
        },
      },
    });
    const seen = upstream.seen.at(-1);
    const { lines = [] } = seen ?? {};
    assert.equal(seen?.body, 'hello');
    assert.deepEqual(lines.slice(0, 4), ['host', `127.0.0.1:${upstream.port}`, 'connection', 'keep-alive']);
    const own = ['x-many', '1', 'x-many', '2', 'x-many', 'true', 'cookie', 'own=1'];
    assert.deepEqual(lines.slice(4), [...own, 'x-fastfn-proxied', '1', 'content-length', '5']);
  });

  test('bytes travel as base64', async () => {
    const bytes = Buffer.from([0xff, 0, 0xfe, 0x0d, 0x0a]);
    await pass({ path: '/bytes', method: 'PATCH', is_base64: true, body_base64: bytes.toString('base64') });
    assert.deepEqual(Buffer.from(upstream.seen.at(-1)?.body ?? '', 'latin1'), bytes);
  });

  test("a function's own body goes to the upstream where the directive says so, also piece by piece", async () => {
    const directive = { path: '/upload', method: 'PUT' };
    assert.equal((await pass({ text: 'own words', directive }, '/upload')).status, 200);
    assert.deepEqual([upstream.seen.at(-1)?.method, upstream.seen.at(-1)?.body], ['PUT', 'own words']);
    const long = await pass({ mib: 3, directive: { ...directive, path: '/length' } }, '/upload');
    assert.deepEqual([long.status, long.text], [200, String(3 * 1024 * 1024)]);
    // Slower than the function's own deadline, and moving all the time.
    const slow = await pass({ mib: 1, slow: 90, directive: { ...directive, path: '/length' } }, '/upload');
    assert.deepEqual([slow.status, slow.text], [200, String(1024 * 1024)]);
  });

  test('a body over the limit, a handler that breaks off, an upstream that refuses early: each ends the upload', async () => {
    const put = (more: object, directive: object = {}) =>
      pass({ ...more, directive: { path: '/upload', method: 'PUT', ...directive } }, '/upload');
    const large = await put({ mib: 5 });
    assert.deepEqual(
      [large.status, large.json().error],
      [502, 'edge proxy failed: proxy.body is larger than edge.max_request_bytes'],
    );
    assert.equal((await put({ mib: 2, fail: 3 })).status, 500);
    const denied = await put({ mib: 2, slow: 20 }, { path: '/_fn/x' });
    assert.equal(denied.json().error, 'edge proxy failed: proxy denied: control-plane path not allowed');
    const wrong = await put({ text: 'x' }, { body_from: 'request' });
    assert.equal(wrong.json().error, 'edge proxy failed: proxy.body_from must be "result"');
    const silent = await put({ mib: 1 }, { path: '/silent', timeout_ms: 300 });
    assert.deepEqual([silent.status, silent.json().error], [504, 'edge proxy failed: timeout']);
    assert.equal((await put({ text: 'and again' })).status, 200);
  });

  test('the answer comes as it is: status, redirects, cookies, encodings, nothing of early hints', async () => {
    const ill = await pass({ path: '/500' });
    assert.deepEqual([ill.status, ill.text], [500, 'upstream is ill']);
    const moved = await pass({ path: '/302' });
    assert.deepEqual([moved.status, moved.headers['location']], [302, 'http://elsewhere/']);
    assert.deepEqual((await pass({ path: '/cookies' })).headers['set-cookie'], ['a=1; Path=/', 'b=2']);
    const packed = await pass({ path: '/gzip' }, '/open', { headers: { 'accept-encoding': 'identity' } });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.deepEqual(packed.bytes, gzipSync('packed'));
    assert.equal((await pass({ path: '/early' })).text, 'after hints');
  });

  test('headers of one hop and of the upstream as a server are dropped', async () => {
    const { headers } = await pass({ path: '/hop' });
    assert.equal(headers['x-kept'], '1');
    for (const name of [
      'x-hop',
      'proxy-connection',
      'te',
      'server',
      'alt-svc',
      'strict-transport-security',
    ]) {
      assert.equal(headers[name], undefined, name);
    }
    assert.equal(headers['x-fastfn-function-state'], 'warm');
    assert.match(String(headers['x-request-id']), /^req-/);
  });

  test('debug headers stand on proxied answers', async () => {
    const { headers } = await pass({ path: '/a' }, '/debug');
    assert.equal(headers['x-fn-runtime'], 'node');
    assert.equal(headers['x-fastfn-function-state'], 'cold');
  });

  test('certificates go unchecked only where the operator says so', async () => {
    const config = { edge: { base_url: secure.url, allow_private: true } };
    const tree = { 'a/fn.config.json': JSON.stringify(config), 'a/post.js': relay };
    const trusting = await startTestGateway(tree, { FN_HTTP_VERIFY_TLS: '0' });
    try {
      const answer = await ask(trusting.url, '/a', { method: 'POST', body: '{"path":"/tls"}' });
      assert.equal(answer.status, 200);
      assert.equal(secure.seen.at(-1)?.url, '/tls');
    } finally {
      await trusting.close();
    }
  });

  test('events pass as they happen, and a client that leaves ends the upstream request and frees the slot', async () => {
    const leaving = new AbortController();
    const answer = await fetch(`${gateway.url}/one`, {
      ...{ method: 'POST', body: JSON.stringify({ path: '/events' }), signal: leaving.signal },
    });
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    assert.equal(Buffer.from(first?.value ?? []).toString(), 'data: 1\n\n');
    assert.equal(
      (await pass({ path: '/a' }, '/one')).status,
      429,
      'the slot is held while the upstream answers',
    );
    leaving.abort();
    await reader?.read().catch(() => {});
    await eventually(async () => assert.equal((await pass({ path: '/a' }, '/one')).status, 200));
  });

  test('connections to an upstream are kept and used again', async () => {
    await pass({ path: '/warm-up' });
    const opened = upstream.connections();
    for (let i = 0; i < 5; i++) await pass({ path: `/again/${i}` });
    assert.equal(upstream.connections(), opened);
  });
});
