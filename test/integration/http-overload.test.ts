// What a public edge meets beside malformed requests: a gateway that is late, crowds that say nothing, readers that do not
// read, and every spelling of the paths that are nobody's business.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { startHelloGateway, stillServes } from './support/hello-gateway.ts';
import { type Answer, ask } from './support/http.ts';
import { exchange, get, head } from './support/raw-http.ts';
import { echoJs } from './support/tree.ts';

function open(gateway: TestGateway): Socket {
  const { hostname, port } = new URL(gateway.url);
  return connect(Number(port), hostname).on('error', () => {});
}

describe('http overload: a late event loop', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startHelloGateway({ FN_HTTP_MAX_LOOP_DELAY_MS: '40' });
  });
  after(() => gateway.close());

  test('requests are refused with 503 while it is late, and served again when it is not', async () => {
    let isBusy = true;
    // The gateway lives in this process: blocking it makes both late.
    const block = async (): Promise<void> => {
      while (isBusy) {
        const until = performance.now() + 120;
        while (performance.now() < until);
        await sleep(1);
      }
    };
    const blocking = block();
    let refused: Answer | undefined;
    for (const end = performance.now() + 8000; refused === undefined && performance.now() < end; ) {
      const answer = await ask(gateway.url, '/hello');
      if (answer.status === 503) refused = answer;
    }
    const health = await ask(gateway.url, '/_fn/ready');
    isBusy = false;
    await blocking;
    assert.equal(refused?.json().error, 'gateway overloaded');
    assert.equal(refused?.json().code, 'overloaded');
    assert.equal(refused?.headers['retry-after'], '1');
    assert.equal(health.status, 200, 'the operator is still answered');
    await eventually(() => stillServes(gateway));
  });
});

describe('http overload: crowds', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(
      {
        'get.hello.js': "exports.handler = () => 'hello';\n",
        'large/index.js': 'exports.handler = () => Buffer.alloc(8 * 1024 * 1024);\n',
        'large/fn.config.json': JSON.stringify({ max_concurrency: 30 }),
      },
      { FN_HTTP_HEADERS_TIMEOUT_MS: '3000' },
    );
    await stillServes(gateway);
  });
  after(() => gateway.close());

  test('five hundred idle and half-open connections hold up nobody, and are gone after their time', async () => {
    const idle = Array.from({ length: 500 }, () => open(gateway).resume());
    await sleep(200);
    for (const socket of idle.slice(0, 250)) socket.write('GET /hello HTTP/1.1\r\nHost: a\r\n');
    const began = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => stillServes(gateway)));
    assert.ok(performance.now() - began < 3000);
    await eventually(() => assert.ok(idle.slice(0, 250).every((socket) => socket.closed)), 10_000);
    for (const socket of idle) socket.destroy();
  });

  test('readers that do not read hold no more than their own answer', async () => {
    const slow = Array.from({ length: 10 }, () => open(gateway));
    for (const socket of slow) {
      socket.pause();
      socket.write(get('/large'));
    }
    await sleep(500);
    await stillServes(gateway);
    assert.equal((await ask(gateway.url, '/large')).bytes.length, 8 * 1024 * 1024);
    for (const socket of slow) socket.destroy();
    await eventually(() => stillServes(gateway));
  });
});

describe('http overload: paths that are nobody’s, in every spelling', () => {
  let gateway: TestGateway;
  before(async () => {
    // A catch-all at the root would take whatever slips past.
    gateway = await startTestGateway({ '[...all].js': echoJs('all') });
  });
  after(() => gateway.close());

  const tails = [
    '',
    '/',
    '/health',
    '/reload',
    '/%68ealth',
    '//health',
    '/./health',
    '/x/../health',
    ';a=b/health',
    '%2Fhealth',
    '%5Chealth',
  ];
  const trees = [
    ...[
      '/_fn',
      '/_FN',
      '/_Fn',
      '/%5Ffn',
      '/%5ffn',
      '/_%66n',
      '/%255Ffn',
      '/%25255Ffn',
      '//_fn',
      '/./_fn',
      '/a/../_fn',
    ],
    ...[
      '/a/%2e%2e/_fn',
      '/%2e/_fn',
      '/\\_fn',
      '/%5C_fn',
      '/a%2F..%2F_fn',
      '/console',
      '/CONSOLE',
      '/%63onsole',
      '//console',
    ],
    '/;/../_fn',
  ];
  test('no function and no control plane answers them', async () => {
    for (const tree of trees) {
      for (const tail of tails) {
        const target = `${tree}${tail}`;
        // These two are the control plane's own spelling: it answers them itself, by its own rules.
        if (/^\/(?:_fn|console)(?:\/[a-z./]*)?$/.test(target)) continue;
        const { answers } = await exchange(gateway.url, [get(target)]);
        assert.ok(
          answers[0]?.status === 404 || answers[0]?.status === 400,
          `${target} → ${answers[0]?.status}`,
        );
        assert.doesNotMatch(answers[0]?.body ?? '', /"file":"all"|"status":"ok"/, target);
      }
    }
  });

  test('an absolute target is no way around, nor are the operator’s files', async () => {
    const port = new URL(gateway.url).port;
    const targets = [
      '/%5Ffn/health',
      '/fastfn.json',
      '/FASTFN.JSON',
      '/%66astfn.toml',
      '//fastfn.json',
      '/x/../fastfn.json',
    ];
    for (const target of targets) {
      const absolute = head(`GET http://127.0.0.1:${port}${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`);
      for (const bytes of [get(target), absolute]) {
        const { answers } = await exchange(gateway.url, [bytes]);
        assert.equal(answers[0]?.status, 404, target);
      }
    }
    assert.equal((await ask(gateway.url, '/consolex')).json().file, 'all');
    assert.equal((await ask(gateway.url, '/_fnx')).json().file, 'all');
  });
});
