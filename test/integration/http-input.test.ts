// HTTP as hostile, broken and careless clients speak it, against a whole gateway: every such request ends with a mapped
// status in JSON or with a closed connection, and everybody else goes on being served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestGateway } from './support/gateway.ts';
import { startHelloGateway, stillServes } from './support/hello-gateway.ts';
import { chunked, exchange, get, head, post, type RawPart } from './support/raw-http.ts';

describe('http input: what is malformed', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startHelloGateway();
  });
  after(() => gateway.close());

  const rows: readonly (readonly [what: string, bytes: string, status: number])[] = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['the first bytes of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a request line of HTTP/2', head('GET /hello HTTP/2.0', 'Host: a'), 400],
    ['an unknown version', head('GET /hello HTTP/1.2', 'Host: a'), 400],
    ['an unknown method', head('FOO /hello HTTP/1.1', 'Host: a'), 400],
    ['a method in small letters', head('get /hello HTTP/1.1', 'Host: a'), 400],
    ['a blank before the method', ` ${get('/hello')}`, 400],
    ['tabs between the parts', head('GET\t/hello\tHTTP/1.1', 'Host: a'), 400],
    ['a blank in the target', get('/he llo'), 400],
    ['a target without a slash', get('hello'), 400],
    ['a target of bytes above 127', get('/\xff\xfe'), 400],
    ['a zero byte in the target', get('/hello\0'), 400],
    ['a zero byte in a header name', get('/hello', 'X\0: a'), 400],
    ['a zero byte in a header value', get('/hello', 'X: a\0'), 400],
    ['a header without a colon', get('/hello', 'broken'), 400],
    ['a blank before the colon', get('/hello', 'X : a'), 400],
    ['a folded header (obs-fold)', get('/hello', 'X: a', ' b'), 400],
    ['a first header that is folded', head('GET /hello HTTP/1.1', ' Host: a'), 400],
    ['line ends without CR', 'GET /hello HTTP/1.1\nHost: a\n\n', 400],
    ['line ends without LF', 'GET /hello HTTP/1.1\rHost: a\r\r', 400],
    ['one header line without CR', 'GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400],
    ['no Host', head('GET /hello HTTP/1.1'), 400],
    ['two Hosts', get('/hello', 'Host: a'), 400],
    ['a Host that is none', head('GET /hello HTTP/1.1', 'Host: a b/c@d'), 400],
    ['two Hosts for the control plane', head('GET /_fn/health HTTP/1.1', 'Host: localhost', 'Host: a'), 400],
    ['no Host for the control plane', head('GET /_fn/health HTTP/1.1'), 400],
    ['an absolute target with a user', get('http://u@b.example/hello'), 400],
    ['an absolute target without a host', get('http:///hello'), 400],
    ['an absolute target of another scheme', get('ftp://b.example/hello'), 400],
    ['a target of only a star', get('*'), 400],
    [
      'Content-Length and Transfer-Encoding',
      `${chunked('0\r\n\r\n')}`.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n'),
      400,
    ],
    ['two Content-Lengths that differ', `${post('/echo', 'Content-Length: 1', 'Content-Length: 2')}ab`, 400],
    ['two Content-Lengths that agree', `${post('/echo', 'Content-Length: 1', 'Content-Length: 1')}a`, 400],
    ['a list of Content-Lengths', `${post('/echo', 'Content-Length: 1, 1')}a`, 400],
    ['a negative Content-Length', post('/echo', 'Content-Length: -1'), 400],
    ['a Content-Length with a plus', `${post('/echo', 'Content-Length: +1')}a`, 400],
    ['a Content-Length in hex', `${post('/echo', 'Content-Length: 0x1')}a`, 400],
    ['a Content-Length of no digit', post('/echo', 'Content-Length:'), 400],
    ['a Content-Length beyond 64 bits', `${post('/echo', 'Content-Length: 99999999999999999999')}a`, 400],
    ['a Content-Length beyond the limit', post('/echo', 'Content-Length: 999999999999999'), 413],
    ['a coding that is not chunked', `${post('/echo', 'Transfer-Encoding: gzip')}abc`, 400],
    ['chunked that is not the last coding', post('/echo', 'Transfer-Encoding: chunked, identity'), 400],
    [
      'Transfer-Encoding twice',
      post('/echo', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
      400,
    ],
    ['Transfer-Encoding behind a vertical tab', post('/echo', 'Transfer-Encoding: \x0bchunked'), 400],
    ['a chunk size that is no number', chunked('zz\r\n'), 400],
    ['a chunk size beyond 64 bits', chunked('ffffffffffffffffff\r\n'), 400],
    ['a negative chunk size', chunked('-1\r\n'), 400],
    ['a chunk longer than its size', chunked('3\r\nabcdef\r\n0\r\n\r\n'), 400],
    ['chunks with line ends without CR', chunked('3\nabc\n0\n\n'), 400],
    ['a chunk extension without end', chunked(`1;${'a'.repeat(60_000)}\r\na\r\n0\r\n\r\n`), 413],
    ['a trailer without end', chunked(`0\r\nX: ${'a'.repeat(60_000)}\r\n\r\n`), 431],
    ['one header over the limit', get('/hello', `X: ${'a'.repeat(30_000)}`), 431],
    ['many headers over the limit', get('/hello', ...Array<string>(6000).fill('X: a')), 431],
    ['a target over the limit', get(`/hello?${'a'.repeat(9000)}`), 414],
    ['a target far over every limit', get(`/${'a'.repeat(60_000)}`), 414],
    ['an Expect that nobody can meet', `${post('/echo', 'Expect: miracles', 'Content-Length: 2')}hi`, 417],
    ['CONNECT', head('CONNECT a:443 HTTP/1.1', 'Host: a'), 405],
    ['TRACE', head('TRACE /hello HTTP/1.1', 'Host: a'), 405],
    ['the control plane behind an absolute target', get('http://localhost/_fn/health'), 404],
    ['the control plane behind dot segments', get('/x/../_fn/health'), 404],
    ['the control plane behind two slashes', get('//_fn/health'), 404],
    ['the control plane, encoded', get('/%5Ffn/health'), 404],
  ];
  for (const [what, bytes, status] of rows) {
    test(`${what} → ${status}`, async () => {
      const { answers, bytes: received } = await exchange(gateway.url, [bytes]);
      const [answer] = answers;
      assert.ok(answer, `no answer: ${received}`);
      assert.equal(answer.status, status, answer.body);
      assert.equal(answer.header('content-type'), 'application/json');
      const body = JSON.parse(answer.body);
      assert.ok(typeof body.error === 'string' && typeof body.code === 'string', answer.body);
      assert.match(body.request_id, /^req-/);
      assert.equal(answer.header('x-request-id'), body.request_id);
      await stillServes(gateway);
    });
  }
});

describe('http input: what is odd but right', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startHelloGateway();
  });
  after(() => gateway.close());

  test('an absolute target is served, and its host is the one that counts', async () => {
    const { answers } = await exchange(gateway.url, [get('http://B.example:81/echo?x=1')]);
    assert.equal(answers[0]?.status, 200);
    assert.deepEqual(JSON.parse(answers[0]?.body ?? '').event.query, { x: '1' });
  });

  test('HTTP/1.0 without Host is served, and the connection ends', async () => {
    const { answers, closed } = await exchange(gateway.url, [head('GET /hello HTTP/1.0')], { count: 2 });
    assert.equal(answers[0]?.body, 'hello');
    assert.ok(closed);
  });

  test('empty lines before the request are skipped', async () => {
    assert.equal((await exchange(gateway.url, [`\r\n\r\n${get('/hello')}`])).answers[0]?.body, 'hello');
  });

  test('Expect: 100-continue gets its 100, then the answer; not for a body that is too large', async () => {
    const wanted = await exchange(gateway.url, [
      post('/echo', 'Expect: 100-continue', 'Content-Length: 2'),
      150,
      'hi',
    ]);
    assert.deepEqual(
      wanted.answers.map(({ status }) => status),
      [100, 200],
    );
    const refused = await exchange(gateway.url, [
      post('/echo', 'Expect: 100-continue', 'Content-Length: 20000000'),
    ]);
    assert.deepEqual(
      refused.answers.map(({ status }) => status),
      [413],
    );
  });

  for (const upgrade of ['websocket', 'h2c']) {
    test(`an Upgrade to ${upgrade} is ignored`, async () => {
      const headers = [
        'Connection: Upgrade, HTTP2-Settings',
        `Upgrade: ${upgrade}`,
        'HTTP2-Settings: AAMAAABk',
      ];
      const { answers } = await exchange(gateway.url, [get('/hello', ...headers)]);
      assert.equal(answers[0]?.status, 200);
      assert.equal(answers[0]?.body, 'hello');
      assert.equal(answers[0]?.header('upgrade'), '');
    });
  }

  test('pipelined requests are answered in their order, good and bad', async () => {
    const wire = `${get('/hello') + get('/nope') + post('/hello', 'Content-Length: 2')}hi${get('/hello')}`;
    const { answers } = await exchange(gateway.url, [wire], { count: 4 });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 405, 200],
    );
  });

  test('a request split into single bytes is a request', async () => {
    const parts = [...get('/hello')].flatMap((byte): RawPart[] => [byte, 1]);
    assert.equal((await exchange(gateway.url, parts)).answers[0]?.body, 'hello');
  });

  test('after 413 what was meant as body is never read as a request', async () => {
    const { answers, closed } = await exchange(
      gateway.url,
      [post('/echo', 'Content-Length: 20000000'), 100, get('/hello')],
      { count: 2 },
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      [413],
    );
    assert.ok(closed);
    await stillServes(gateway);
  });

  test('after a refusal whose short body was read the connection is good for more', async () => {
    const wire = `${post('/nope', 'Content-Length: 2')}hi${get('/hello')}`;
    const { answers } = await exchange(gateway.url, [wire], { count: 2 });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 200],
    );
  });
});
