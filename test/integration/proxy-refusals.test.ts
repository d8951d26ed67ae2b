// What the edge proxy refuses, and what becomes of upstreams that fail (contract/edge-proxy.md 4 to 6), end to end.
import assert from 'node:assert/strict';
import { createServer as createTcpServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type RelayGateway, startRelayGateway } from './support/relay-gateway.ts';
import type { Upstream } from './support/upstream.ts';

const failed = 'edge proxy failed: ';

describe('proxy: refusals and failures', () => {
  let relays: RelayGateway;
  let gateway: TestGateway;
  let upstream: Upstream;
  let secure: Upstream;
  let pass: RelayGateway['pass'];
  let refused: RelayGateway['refused'];
  before(async () => {
    relays = await startRelayGateway();
    ({ gateway, upstream, secure, pass, refused } = relays);
  });
  after(() => relays.close());

  test('without a usable edge block the proxy is off', async () => {
    const text = 'edge proxy disabled for this function';
    for (const target of ['/off', '/empty', '/false'])
      assert.equal(await refused({ path: '/a' }, text, target), 0);
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
});
