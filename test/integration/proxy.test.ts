// The edge proxy end to end (contract/edge-proxy.md): functions in their workers, upstreams on loopback. Rows that need a
// name server of the test's own are unit tests.
import assert from 'node:assert/strict';
import { createServer as createTcpServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { selfSigned } from './support/self-signed.ts';
import { type Behaviour, startUpstream, type Upstream } from './support/upstream.ts';

/** Answers with the directive that stands in its body: one function tries everything. */
const relay =
  'exports.handler = (event) => ({ status: 201, headers: { own: "1" }, body: "own", proxy: JSON.parse(event.body) });\n';
const relayPy =
  'import json\ndef handler(event):\n    return {"status": 200, "body": "own", "proxy": json.loads(event["body"])}\n';
const mebibyte = 1024 * 1024;
const failed = 'edge proxy failed: ';

const behaviours: Readonly<Record<string, Behaviour>> = {
  '/500': (_, response) => response.writeHead(500).end('upstream is ill'),
  '/302': (_, response) => response.writeHead(302, { location: 'http://elsewhere/' }).end(),
  '/cookies': (_, response) => response.writeHead(200, { 'set-cookie': ['a=1; Path=/', 'b=2'] }).end('x'),
  '/hop': (_, response) =>
    response
      .writeHead(200, {
        ...{ connection: 'close, X-Hop', 'x-hop': '1', 'x-kept': '1', 'proxy-connection': 'x', te: 'x' },
        ...{ server: 'upstream/1', 'alt-svc': 'h2=":1"', 'strict-transport-security': 'max-age=9' },
        ...{ 'x-fastfn-function-state': 'forged', 'x-request-id': 'theirs' },
      })
      .end('x'),
  '/large': (_, response) => response.end(Buffer.alloc(3 * mebibyte)),
  '/large-chunked': (_, response) => {
    for (let i = 0; i < 3; i++) response.write(Buffer.alloc(mebibyte));
    response.end();
  },
  '/hundred': (_, response) => response.end('x'.repeat(100)),
  '/silent': () => {},
  '/drip': (_, response) => {
    const timer = setInterval(() => response.write('.'), 100);
    response.on('close', () => clearInterval(timer));
  },
  '/gzip': (_, response) =>
    response
      .writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
      .end(gzipSync('packed')),
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => response.destroy());
  },
  '/early': (_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.writeHead(200).end('after hints');
  },
  '/events': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    request.socket.once('close', () => response.destroy());
  },
};

describe('proxy', () => {
  let gateway: TestGateway;
  let upstream: Upstream;
  let secure: Upstream;
  before(async () => {
    upstream = await startUpstream(behaviours);
    secure = await startUpstream({}, selfSigned);
    const edge = { base_url: upstream.url, allow_private: true, allow_hosts: ['127.0.0.1'] };
    const config = (changes: object) => JSON.stringify({ timeout_ms: 4000, ...changes });
    gateway = await startTestGateway({
      'open/fn.config.json': config({ edge }),
      'open/index.js': relay.replace('JSON.parse(event.body)', "{ path: '/default' }"),
      'open/post.js': relay,
      'open/delete.js': relay,
      'py/fn.config.json': config({ edge }),
      'py/post.py': relayPy,
      'off/post.js': relay,
      'empty/fn.config.json': config({ edge: {} }),
      'empty/post.js': relay,
      'false/fn.config.json': config({ edge: { allow_private: false } }),
      'false/post.js': relay,
      'based/fn.config.json': config({ edge: { base_url: `${upstream.url}/api/`, allow_private: true } }),
      'based/post.js': relay,
      'public/fn.config.json': config({ edge: { base_url: 'http://u.example', allow_hosts: ['*'] } }),
      'public/post.js': relay,
      'blocks/fn.config.json': config({ edge: { base_url: upstream.url, allow_private: ['10.0.0.0/8'] } }),
      'blocks/post.js': relay,
      'small/fn.config.json': config({ edge: { ...edge, max_response_bytes: 10, max_request_bytes: 10 } }),
      'small/post.js': relay,
      'brief/fn.config.json': config({ timeout_ms: 300, edge }),
      'brief/post.js': relay,
      'one/fn.config.json': config({ edge, max_concurrency: 1 }),
      'one/post.js': relay,
      'debug/fn.config.json': config({ edge, include_debug_headers: true }),
      'debug/post.js': relay,
    });
  });
  after(async () => {
    await gateway.close();
    upstream.close();
    secure.close();
  });

  const pass = (directive: object | null, target = '/open', options: Ask = {}) =>
    ask(gateway.url, target, { method: 'POST', body: JSON.stringify(directive), ...options });
  const refused = async (directive: object, text: string, target = '/open', status = 502) => {
    const before = upstream.seen.length;
    const answer = await pass(directive, target);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json().error, text);
    assert.equal(answer.json().code, 'edge_proxy_failed');
    assert.equal(answer.headers['own'], undefined);
    return upstream.seen.length - before;
  };

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

  test('without a usable edge block the proxy is off', async () => {
    const text = 'edge proxy disabled for this function';
    for (const target of ['/off', '/empty', '/false'])
      assert.equal(await refused({ path: '/a' }, text, target), 0);
  });

  test('proxy: null is no directive', async () => {
    const answer = await pass(null);
    assert.deepEqual([answer.status, answer.text], [201, 'own']);
  });

  const urlRows: readonly (readonly [object, string])[] = [
    [{}, 'proxy.url must be absolute (http/https) or proxy.path must start with /'],
    [{ url: 'ftp://127.0.0.1/' }, 'proxy.url must be absolute (http/https) or proxy.path must start with /'],
    [{ path: 'a' }, 'proxy.url must be absolute (http/https) or proxy.path must start with /'],
    [{ path: '/../x' }, 'proxy.path may not include ..'],
    [{ path: '/a/%2e%2E/x' }, 'proxy.path may not include ..'],
    [{ path: '/_fn/health' }, 'proxy denied: control-plane path not allowed'],
    [{ path: '/console?x' }, 'proxy denied: control-plane path not allowed'],
    [{ url: 'http://user:pw@127.0.0.1/' }, 'proxy denied: invalid url'],
    [{ url: 'http://@127.0.0.1/' }, 'proxy denied: invalid url'],
    [{ url: 'http://127.0.0.1\\@x/' }, 'proxy denied: invalid url'],
    [{ path: '/a b' }, 'proxy denied: invalid url'],
    [{ path: '/a#b' }, 'proxy denied: invalid url'],
    [{ url: 'http://other.example/' }, 'proxy denied: host not in allowlist'],
    [{ url: 'http://127.0.0.1:6379/' }, 'proxy denied: port not allowed'],
    [{ path: '/a', method: 'TRACE' }, 'invalid proxy method'],
    [{ path: '/a', body: {} }, 'proxy.body must be text; encode objects as JSON'],
    [
      { path: '/a', is_base64: true },
      'proxy.body_base64 must be a non-empty string when proxy.is_base64=true',
    ],
    [{ path: '/a', is_base64: true, body_base64: '%%' }, 'invalid proxy.body_base64'],
  ];
  test('what may not be asked is refused with its reason, and nothing is sent', async () => {
    for (const [directive, reason] of urlRows) {
      assert.equal(await refused(directive, failed + reason), 0, JSON.stringify(directive));
    }
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

  test('the control plane of the gateway is out of reach, however its path is written', async () => {
    const port = new URL(gateway.url).port;
    const denied = `${failed}proxy denied: control-plane path not allowed`;
    const paths = [
      '/_fn/health',
      '/%5Ffn/health',
      '/_%66n/x',
      '//_fn/x',
      '/./_fn/x',
      '/%63onsole',
      '/%2e/_fn/x',
    ];
    for (const path of [
      ...paths,
      '/a/../_fn/x',
      '/%255Ffn/health',
      '/_FN/health',
      '/_fn;x/health',
      '/x/%2e%2e/_fn',
    ]) {
      await refused({ url: `http://127.0.0.1:${port}${path}` }, denied);
    }
    // Any other path of it is a function's, and the mark of the proxy closes the control plane to the rest.
    assert.equal((await pass({ url: `http://127.0.0.1:${port}/nope` })).json().error, 'not found');
    const marked = await ask(gateway.url, '/_fn/health', { headers: { 'x-fastfn-proxied': '1' } });
    assert.equal(marked.status, 404);
  });

  test('base_url is a restriction: other hosts and other ports need to be listed', async () => {
    const denied = `${failed}proxy denied: host not in allowlist`;
    await refused({ url: 'http://other.example/' }, denied, '/based');
    await refused({ url: `http://127.0.0.1:${upstream.port + 1}/` }, denied, '/based');
    assert.equal((await pass({ path: '/x' }, '/based')).status, 200);
    assert.equal(upstream.seen.at(-1)?.url, '/api/x');
  });

  test('private addresses are refused in every notation', async () => {
    const denied = `${failed}proxy denied: private host not allowed`;
    const hosts = [
      '127.0.0.1',
      '127.0.0.2',
      '0.0.0.0',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      'localhost',
    ];
    const six = [
      '[::1]',
      '[::]',
      '[::ffff:7f00:1]',
      '[::ffff:10.0.0.1]',
      '[fd00::1]',
      '[64:ff9b::a00:1]',
      '[2002:a00:1::]',
    ];
    const others = [
      'localhost.',
      'a.localhost',
      '10.1.2.3',
      '100.64.0.1',
      '169.254.169.254',
      '224.0.0.1',
      '１２７.0.0.1',
    ];
    for (const host of [...hosts, ...six, ...others, 'metadata.google.internal']) {
      await refused({ url: `http://${host}:${upstream.port}/` }, denied, '/public');
    }
    await refused({ path: '/' }, denied, '/blocks');
  });

  test('metadata services stay closed where private networks are open', async () => {
    const denied = `${failed}proxy denied: private host not allowed`;
    for (const host of ['169.254.169.254', '[fd00:ec2::254]', 'metadata.google.internal']) {
      await refused({ url: `http://${host}/` }, denied);
    }
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

  test('an answer over the limit is refused, and a directive cannot raise the limit', async () => {
    const tooLarge = `${failed}proxy request failed: response_too_large`;
    await refused({ path: '/large' }, tooLarge);
    await refused({ path: '/large-chunked' }, tooLarge);
    await refused({ path: '/hundred', max_response_bytes: 1000 }, tooLarge, '/small');
    await refused({ path: '/hundred', max_response_bytes: 99 }, tooLarge);
    assert.equal((await pass({ path: '/hundred', max_response_bytes: 100 })).text.length, 100);
    const body = `${failed}proxy.body is larger than edge.max_request_bytes`;
    await refused({ path: '/a', body: 'x'.repeat(11) }, body, '/small');
  });

  test('one deadline: 504 for a silent and for a dripping upstream, and no directive moves it', async () => {
    const late = `${failed}timeout`;
    const startedMs = performance.now();
    await refused({ path: '/silent', timeout_ms: 10_000 }, late, '/brief', 504);
    await refused({ path: '/drip' }, late, '/brief', 504);
    await refused({ path: '/silent', timeout_ms: 100 }, late, '/open', 504);
    assert.ok(performance.now() - startedMs < 2500);
  });

  test('what breaks on the way is told in short codes without addresses', async (t) => {
    const broken = createTcpServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 2x0 Odd\r\n\r\n')),
    );
    const hungUp = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    const chunky = createTcpServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')),
    );
    const failures: readonly (readonly [ReturnType<typeof createTcpServer>, string])[] = [
      [broken, 'invalid_status_line'],
      [hungUp, 'receive_error'],
      [chunky, 'invalid_chunk_size'],
    ];
    for (const [server, code] of failures) {
      t.after(() => server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      await refused({ url: `http://127.0.0.1:${port}/` }, `${failed}proxy request failed: ${code}`);
      if (code !== 'receive_error') continue;
      server.close();
      await refused({ url: `http://127.0.0.1:${port}/` }, `${failed}proxy request failed: connect_error`);
    }
    await refused({ path: '/cut' }, `${failed}proxy request failed: receive_error`);
    await refused({ url: `${secure.url}/` }, `${failed}proxy request failed: tls_error`);
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
