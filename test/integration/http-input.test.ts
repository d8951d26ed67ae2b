// HTTP as hostile, broken and careless clients speak it, against a whole gateway: every such request ends with a mapped
// status in JSON or with a closed connection, and everybody else goes on being served.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { settledDescriptors } from './support/descriptors.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { exchange, parseAnswers, type RawPart } from './support/raw-http.ts';
import { echoJs } from './support/tree.ts';

const hello = "exports.handler = () => 'hello';\n";
const request = (line: string, ...headers: string[]) => [line, ...headers, '', ''].join('\r\n');
const get = (target: string, ...headers: string[]) =>
  request(`GET ${target} HTTP/1.1`, 'Host: a', ...headers);
const post = (target: string, ...headers: string[]) =>
  request(`POST ${target} HTTP/1.1`, 'Host: a', ...headers);
const chunked = (body: string) => post('/echo', 'Transfer-Encoding: chunked') + body;

async function stillServes(gateway: TestGateway): Promise<void> {
  const answer = await ask(gateway.url, '/hello');
  assert.equal(answer.text, 'hello');
}

/** Sum of a gauge or counter over all functions. */
async function metric(gateway: TestGateway, name: string): Promise<number> {
  const { text } = await ask(gateway.url, '/_fn/metrics');
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('http input: what is malformed', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'get.hello.js': hello,
      'post.echo.js': echoJs('echo'),
      'get.echo.js': echoJs('echo'),
    });
    await stillServes(gateway);
  });
  after(() => gateway.close());

  const rows: readonly (readonly [what: string, bytes: string, status: number])[] = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['the first bytes of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a request line of HTTP/2', request('GET /hello HTTP/2.0', 'Host: a'), 400],
    ['an unknown version', request('GET /hello HTTP/1.2', 'Host: a'), 400],
    ['an unknown method', request('FOO /hello HTTP/1.1', 'Host: a'), 400],
    ['a method in small letters', request('get /hello HTTP/1.1', 'Host: a'), 400],
    ['a blank before the method', ` ${get('/hello')}`, 400],
    ['tabs between the parts', request('GET\t/hello\tHTTP/1.1', 'Host: a'), 400],
    ['a blank in the target', get('/he llo'), 400],
    ['a target without a slash', get('hello'), 400],
    ['a target of bytes above 127', get('/\xff\xfe'), 400],
    ['a zero byte in the target', get('/hello\0'), 400],
    ['a zero byte in a header name', get('/hello', 'X\0: a'), 400],
    ['a zero byte in a header value', get('/hello', 'X: a\0'), 400],
    ['a header without a colon', get('/hello', 'broken'), 400],
    ['a blank before the colon', get('/hello', 'X : a'), 400],
    ['a folded header (obs-fold)', get('/hello', 'X: a', ' b'), 400],
    ['a first header that is folded', request('GET /hello HTTP/1.1', ' Host: a'), 400],
    ['line ends without CR', 'GET /hello HTTP/1.1\nHost: a\n\n', 400],
    ['line ends without LF', 'GET /hello HTTP/1.1\rHost: a\r\r', 400],
    ['one header line without CR', 'GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400],
    ['no Host', request('GET /hello HTTP/1.1'), 400],
    ['two Hosts', get('/hello', 'Host: a'), 400],
    ['a Host that is none', request('GET /hello HTTP/1.1', 'Host: a b/c@d'), 400],
    [
      'two Hosts for the control plane',
      request('GET /_fn/health HTTP/1.1', 'Host: localhost', 'Host: a'),
      400,
    ],
    ['no Host for the control plane', request('GET /_fn/health HTTP/1.1'), 400],
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
    ['CONNECT', request('CONNECT a:443 HTTP/1.1', 'Host: a'), 405],
    ['TRACE', request('TRACE /hello HTTP/1.1', 'Host: a'), 405],
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
    gateway = await startTestGateway({
      'get.hello.js': hello,
      'post.echo.js': echoJs('echo'),
      'get.echo.js': echoJs('echo'),
    });
  });
  after(() => gateway.close());

  test('an absolute target is served, and its host is the one that counts', async () => {
    const { answers } = await exchange(gateway.url, [get('http://B.example:81/echo?x=1')]);
    assert.equal(answers[0]?.status, 200);
    assert.deepEqual(JSON.parse(answers[0]?.body ?? '').event.query, { x: '1' });
  });

  test('HTTP/1.0 without Host is served, and the connection ends', async () => {
    const { answers, closed } = await exchange(gateway.url, [request('GET /hello HTTP/1.0')], { count: 2 });
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

describe('http input: slow and many clients', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(
      { 'get.hello.js': hello, 'post.echo.js': echoJs('echo') },
      {
        FN_HTTP_HEADERS_TIMEOUT_MS: '300',
        FN_HTTP_REQUEST_TIMEOUT_MS: '800',
        FN_HTTP_KEEP_ALIVE_TIMEOUT_MS: '300',
        FN_HTTP_MAX_CONNECTIONS: '6',
        FN_HTTP_MAX_REQUESTS_PER_CONNECTION: '3',
      },
    );
    await stillServes(gateway);
  });
  after(() => gateway.close());

  for (const [what, parts] of [
    ['half a request line', ['GET /hel']],
    ['headers without end', ['GET /hello HTTP/1.1\r\nHost: a\r\nX']],
    [
      'headers a byte at a time',
      ['GET /hello HTTP/1.1\r\n', ...'Host: aaaaaaaaaaaaaaaaaaa'].flatMap((part) => [part, 150]),
    ],
    ['a body that stops', [post('/echo', 'Content-Length: 10'), 'ab']],
    ['a chunk that stops', [chunked('5\r\nab')]],
  ] as const) {
    test(`${what} → 408, and the slot is free`, async () => {
      const { answers, closed } = await exchange(gateway.url, parts, { count: 2 });
      assert.equal(answers[0]?.status, 408);
      assert.equal(JSON.parse(answers[0]?.body ?? '').error, 'request timeout');
      assert.ok(closed);
      assert.equal(await metric(gateway, 'fastfn_invocations_active'), 0);
      await stillServes(gateway);
    });
  }

  test('an idle keep-alive connection is closed', async () => {
    const began = performance.now();
    const { answers, closed } = await exchange(gateway.url, [get('/hello')], { count: 2 });
    assert.equal(answers[0]?.status, 200);
    assert.ok(closed && performance.now() - began < 4000);
  });

  test('a connection is closed after its number of requests, with a word', async () => {
    const { answers, closed } = await exchange(gateway.url, [get('/hello').repeat(3)], { count: 4 });
    assert.equal(answers.length, 3);
    assert.equal(answers.at(-1)?.header('connection'), 'close');
    assert.ok(closed);
  });

  test('connections over the limit are refused, and taken again when others end', async () => {
    const { hostname, port } = new URL(gateway.url);
    const held = Array.from({ length: 6 }, () => connect(Number(port), hostname).on('error', () => {}));
    await sleep(100);
    const refused = await exchange(gateway.url, [get('/hello')]);
    assert.deepEqual(refused.answers, []);
    assert.ok(refused.closed);
    for (const socket of held) socket.destroy();
    await eventually(() => stillServes(gateway));
  });
});

/** Same sequence for the same seed (mulberry32): a failure can be looked at again. */
function randomSource(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const seeds = [
  get('/hello?a=1&b=%20', 'Accept: */*', 'Connection: keep-alive'),
  `${post('/echo', 'Content-Type: text/plain', 'Content-Length: 5')}abcde`,
  chunked('5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\nT: v\r\n\r\n'),
  get('/_fn/health', 'X-Forwarded-For: 1.2.3.4'),
  `${post('/echo', 'Expect: 100-continue', 'Content-Length: 2')}hi`,
];
const spices = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  ':',
  '%',
  '/',
  '..',
  '\xff',
  ';',
  'Content-Length: 9',
  'Host: b',
  '0',
  'f'.repeat(40),
];

function mutate(random: (below: number) => number): string {
  let bytes = seeds[random(seeds.length)] ?? '';
  for (let change = 0; change <= random(4); change++) {
    const at = random(bytes.length + 1);
    const length = random(3) === 0 ? random(20) : random(2);
    const spice = random(3) === 0 ? '' : (spices[random(spices.length)] ?? '');
    bytes = bytes.slice(0, at) + spice + bytes.slice(at + length);
  }
  return random(5) === 0 ? bytes.slice(0, random(bytes.length + 1)) : bytes;
}

/** Sends and half-closes; resolves with what came, at the end or after 0.7 s. */
function throwAt(gateway: TestGateway, bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => socket.destroy(), 700);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received);
    });
    socket.end(bytes, 'latin1');
  });
}

test('http input: 400 mutated requests end in no status of ours that says we broke, and leak nothing', async () => {
  const gateway = await startTestGateway({ 'get.hello.js': hello, 'post.echo.js': echoJs('echo') });
  const random = randomSource(20_260_701);
  const all = Array.from({ length: 400 }, () => mutate(random));
  try {
    await stillServes(gateway);
    await ask(gateway.url, '/echo', { method: 'POST', body: 'x' });
    const descriptors = await settledDescriptors();
    const lane = async (): Promise<void> => {
      for (let bytes = all.pop(); bytes !== undefined; bytes = all.pop()) {
        const received = await throwAt(gateway, bytes);
        for (const { status } of parseAnswers(received)) {
          assert.ok(status >= 100 && status < 500, `${status} for ${JSON.stringify(bytes)}: ${received}`);
        }
        assert.match(received, /^(?:HTTP\/1\.1 |$)/);
      }
    };
    await Promise.all(Array.from({ length: 10 }, lane));
    await stillServes(gateway);
    await eventually(async () => assert.equal(await metric(gateway, 'fastfn_invocations_active'), 0));
    const left = await settledDescriptors();
    assert.ok(left <= descriptors, `${left} descriptors, ${descriptors} before`);
  } finally {
    await gateway.close();
  }
});
