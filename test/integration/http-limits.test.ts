// Clients that are slow, many or random, against a whole gateway with short limits: each is answered or cut off, none holds
// a slot, a descriptor or the others up.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { settledDescriptors } from './support/descriptors.ts';
import { eventually } from './support/eventually.ts';
import type { TestGateway } from './support/gateway.ts';
import { startHelloGateway, stillServes } from './support/hello-gateway.ts';
import { ask } from './support/http.ts';
import { chunked, exchange, get, parseAnswers, post } from './support/raw-http.ts';

/** Sum of a gauge or counter over all functions. */
async function metric(gateway: TestGateway, name: string): Promise<number> {
  const { text } = await ask(gateway.url, '/_fn/metrics');
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('http limits: slow and many clients', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startHelloGateway({
      FN_HTTP_HEADERS_TIMEOUT_MS: '300',
      FN_HTTP_REQUEST_TIMEOUT_MS: '800',
      FN_HTTP_KEEP_ALIVE_TIMEOUT_MS: '300',
      FN_HTTP_MAX_CONNECTIONS: '6',
      FN_HTTP_MAX_REQUESTS_PER_CONNECTION: '3',
    });
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

test('http limits: 400 mutated requests end in no status of ours that says we broke, and leak nothing', async () => {
  const gateway = await startHelloGateway();
  const random = randomSource(20_260_701);
  const all = Array.from({ length: 400 }, () => mutate(random));
  try {
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
