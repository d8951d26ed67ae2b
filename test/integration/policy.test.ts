// The edge pipeline end to end with real workers (contract/policy.md). Rows that need a fake pool are unit tests.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { echoJs } from './support/tree.ts';

const sleeper = (ms: number) =>
  `exports.handler = () => new Promise((done) => setTimeout(() => done('slept'), ${ms}));\n`;
const config = (value: object) => JSON.stringify(value);
const post = (body: string | Buffer, headers: Ask['headers'] = {}): Ask => ({
  method: 'POST',
  body,
  headers,
});

describe('policy: limits', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'small/fn.config.json': config({ max_body_bytes: 10 }),
      'small/post.js': "exports.handler = (event) => String(event.body).length + '';\n",
      'slow/fn.config.json': config({ timeout_ms: 300, worker_pool: { max_workers: 1 } }),
      'slow/index.js': sleeper(3000),
      'slow/get.fast.js': "exports.handler = () => 'fast';\n",
      'one/fn.config.json': config({ max_concurrency: 1 }),
      'one/index.js': sleeper(400),
      'queue/fn.config.json': config({
        worker_pool: { max_workers: 1, max_queue: 1, queue_timeout_ms: 2000 },
      }),
      'queue/index.js': sleeper(300),
      'brief/fn.config.json': config({
        worker_pool: { max_workers: 1, max_queue: 1, queue_timeout_ms: 100 },
      }),
      'brief/index.js': sleeper(1000),
      'strict/fn.config.json': config({
        worker_pool: { max_workers: 1, max_queue: 1, queue_timeout_ms: 100, overflow_status: 503 },
      }),
      'strict/index.js': sleeper(1000),
      'odd/fn.config.json': config({
        max_concurrency: 1,
        worker_pool: { max_workers: 1, overflow_status: 418 },
      }),
      'odd/index.js': sleeper(400),
      'patient/fn.config.json': config({ timeout_ms: 5000, worker_pool: { max_workers: 1, max_queue: 5 } }),
      'patient/index.js': sleeper(100),
      'free/fn.config.json': config({ max_concurrency: 0 }),
      'free/index.js': sleeper(100),
      'ungated/fn.config.json': config({ worker_pool: { enabled: false, max_workers: 1 } }),
      'ungated/index.js': sleeper(200),
      'rated/fn.config.json': config({ rate_limit: { max: 2, window_seconds: 60 } }),
      'rated/index.js': "exports.handler = () => 'ok';\n",
      'bad/fn.config.json': config({ timeout_ms: 'abc', max_body_bytes: -5, max_concurrency: null }),
      'bad/index.js': echoJs('bad'),
    });
  });
  after(() => gateway.close());
  const statuses = async (target: string, count: number) => {
    const answers = await Promise.all(Array.from({ length: count }, () => ask(gateway.url, target)));
    return answers.sort((a, b) => a.status - b.status);
  };

  test('an unknown path is 404 whatever else is wrong', async () => {
    const answer = await ask(gateway.url, '/nope', post('x'.repeat(100)));
    assert.equal(answer.status, 404);
    assert.equal(answer.json().error, 'not found');
    assert.equal(answer.json().code, 'not_found');
    assert.equal(answer.json().request_id, answer.headers['x-request-id']);
  });

  test('a Content-Length over the limit is refused before the body is sent', async () => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    assert.match(bytes.toString(), /^HTTP\/1\.1 413 /);
    assert.match(bytes.toString(), /payload too large/);
  });

  test('a chunked body is refused as soon as it passes the limit, and exactly the limit is served', async () => {
    const chunked = { 'transfer-encoding': 'chunked' };
    assert.equal((await ask(gateway.url, '/small', post('x'.repeat(11), chunked))).status, 413);
    const exact = await ask(gateway.url, '/small', post('x'.repeat(10), chunked));
    assert.equal(exact.status, 200);
    assert.equal(exact.text, '10');
  });

  test('the deadline ends a slow handler with 504, and its slot is free again', async () => {
    for (let round = 0; round < 3; round++) {
      const began = performance.now();
      const answer = await ask(gateway.url, '/slow');
      assert.equal(answer.status, 504, answer.text);
      assert.equal(answer.json().error, 'runtime timeout');
      assert.ok(performance.now() - began < 1300, 'no request hangs past its deadline plus one second');
    }
    assert.equal((await ask(gateway.url, '/slow/fast')).status, 200);
  });

  test('504 on a function that never answered says that it is cold and warming', async () => {
    const answer = await ask(gateway.url, '/slow');
    assert.equal(answer.headers['x-fastfn-function-state'], 'cold');
    assert.equal(answer.headers['x-fastfn-warming'], 'true');
    assert.equal(answer.headers['retry-after'], '1');
  });

  test('the first good answer warms the function', async () => {
    const first = await ask(gateway.url, '/bad');
    assert.equal(first.status, 200, first.text);
    assert.equal(first.headers['x-fastfn-function-state'], 'cold');
    assert.equal(first.headers['x-fastfn-warmed'], 'true');
    const second = await ask(gateway.url, '/bad');
    assert.equal(second.headers['x-fastfn-function-state'], 'warm');
    assert.equal(second.headers['x-fastfn-warmed'], undefined);
  });

  test('invalid limits fall back to the defaults', async () => {
    const { context } = (await ask(gateway.url, '/bad')).json().event;
    assert.equal(context.timeout_ms, 2500);
    assert.equal(context.max_body_bytes, 1_048_576);
    assert.equal(context.max_concurrency, 20);
  });

  test('max_concurrency 1: of two calls at once one is refused with Retry-After', async () => {
    const [good, refused] = await statuses('/one', 2);
    assert.equal(good?.status, 200);
    assert.equal(refused?.status, 429);
    assert.equal(refused?.json().error, 'worker pool overflow');
    assert.ok(refused?.headers['retry-after']);
  });

  test('one running, one queued, one refused', async () => {
    await ask(gateway.url, '/queue');
    const answers = await statuses('/queue', 3);
    assert.deepEqual(
      answers.map((one) => one.status),
      [200, 200, 429],
    );
    assert.equal(answers.filter((one) => one.headers['x-fastfn-queued'] === 'true').length, 1);
    assert.equal(answers[2]?.json().error, 'worker pool overflow');
  });

  test('a queued call gives up after queue_timeout_ms', async () => {
    const answers = await statuses('/brief', 3);
    assert.deepEqual(
      answers.map((one) => one.status),
      [200, 429, 429],
    );
    const errors = answers
      .slice(1)
      .map((one) => one.json().error)
      .sort();
    assert.deepEqual(errors, ['worker pool overflow', 'worker pool queue timeout']);
  });

  test('overflow_status 503 answers 503, an unknown one is 429', async () => {
    assert.deepEqual(
      (await statuses('/strict', 3)).map((one) => one.status),
      [200, 503, 503],
    );
    assert.deepEqual(
      (await statuses('/odd', 2)).map((one) => one.status),
      [200, 429],
    );
  });

  test('max_queue without queue_timeout_ms waits', async () => {
    assert.deepEqual(
      (await statuses('/patient', 4)).map((one) => one.status),
      [200, 200, 200, 200],
    );
  });

  test('max_concurrency 0 and worker_pool.enabled false have no gate', async () => {
    assert.ok((await statuses('/free', 50)).every((one) => one.status === 200));
    assert.ok((await statuses('/ungated', 2)).every((one) => one.status === 200));
  });

  test('rate_limit answers 429 with Retry-After beyond its count', async () => {
    const found: number[] = [];
    for (let call = 0; call < 3; call++) found.push((await ask(gateway.url, '/rated')).status);
    assert.deepEqual(found, [200, 200, 429]);
    assert.ok((await ask(gateway.url, '/rated')).headers['retry-after']);
  });

  test('a client that goes away frees its slot', async () => {
    const controller = new AbortController();
    const gone = ask(gateway.url, '/patient', { signal: controller.signal }).catch(() => 'gone');
    setImmediate(() => controller.abort());
    assert.equal(await gone, 'gone');
    await eventually(async () => assert.equal((await ask(gateway.url, '/patient')).status, 200));
  });
});

describe('policy: answers', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'get.cookies.js':
        "exports.handler = () => ({ headers: { 'Set-Cookie': ['a=1; Path=/', 'b=2; Path=/'] }, body: '' });\n",
      'get.framing.js':
        "exports.handler = () => ({ headers: { 'Transfer-Encoding': 'chunked', 'Content-Length': '1', Connection: 'X-Gone', 'X-Gone': '1', 'X-Kept': '2' }, body: 'hello' });\n",
      'get.png.js':
        "exports.handler = () => ({ headers: { 'Content-Type': 'image/png' }, is_base64: true, body_base64: 'iVBORw0KGgr/AA==' });\n",
      'get.big.js':
        'exports.handler = () => ({ items: Array.from({ length: 500 }, (_, i) => `item ${i}`) });\n',
      'get.little.js': 'exports.handler = () => ({ ok: true });\n',
      'get.nothing.js': "exports.handler = () => ({ status: 204, body: 'not sent' });\n",
      'debug/fn.config.json': JSON.stringify({ include_debug_headers: true, max_body_bytes: 5 }),
      'debug/get.js':
        "exports.handler = () => { console.log('seen\\nhere'); console.error('bad'); return 'x'; };\n",
      'any.js': echoJs('any'),
      'post.any.js': echoJs('any'),
    });
  });
  after(() => gateway.close());

  test('several Set-Cookie lines stay several', async () => {
    const answer = await ask(gateway.url, '/cookies');
    assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2; Path=/']);
  });

  test('framing and hop-by-hop headers of a function are dropped, the length is ours', async () => {
    const answer = await ask(gateway.url, '/framing');
    assert.equal(answer.text, 'hello');
    assert.equal(answer.headers['content-length'], '5');
    assert.equal(answer.headers['x-gone'], undefined);
    assert.equal(answer.headers['x-kept'], '2');
    assert.equal(answer.headers.server, undefined);
  });

  test('binary answers are byte-identical', async () => {
    const answer = await ask(gateway.url, '/png');
    assert.equal(answer.bytes.toString('base64'), 'iVBORw0KGgr/AA==');
    assert.equal(answer.headers['content-type'], 'image/png');
  });

  test('204 has no body', async () => {
    const answer = await ask(gateway.url, '/nothing');
    assert.equal(answer.status, 204);
    assert.equal(answer.bytes.length, 0);
  });

  test('large text is compressed on request, with Vary; small text is not', async () => {
    const big = await ask(gateway.url, '/big', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(big.headers['content-encoding'], 'gzip');
    assert.match(String(big.headers.vary), /accept-encoding/i);
    assert.equal(JSON.parse(gunzipSync(big.bytes).toString()).items.length, 500);
    const little = await ask(gateway.url, '/little', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(little.headers['content-encoding'], undefined);
    const plain = await ask(gateway.url, '/big');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.match(String(plain.headers.vary), /accept-encoding/i);
  });

  test('debug headers appear only where the policy asks, with stdout and stderr', async () => {
    const answer = await ask(gateway.url, '/debug');
    for (const name of [
      'request-id',
      'runtime',
      'function',
      'version',
      'latency-ms',
      'worker-pool-max-workers',
      'worker-pool-max-queue',
      'runtime-routing',
      'runtime-socket-index',
    ]) {
      assert.ok(answer.headers[`x-fn-${name}`] !== undefined, `x-fn-${name}`);
    }
    assert.equal(answer.headers['x-fn-stdout'], 'seen%0Ahere');
    assert.equal(answer.headers['x-fn-stderr'], 'bad');
    assert.equal((await ask(gateway.url, '/little')).headers['x-fn-runtime'], undefined);
  });

  test('X-Request-Id is accepted when valid and made when not', async () => {
    const kept = await ask(gateway.url, '/any', { headers: { 'x-request-id': 'abc-1' } });
    assert.equal(kept.headers['x-request-id'], 'abc-1');
    assert.equal(kept.json().event.id, 'abc-1');
    const made = await ask(gateway.url, '/any', { headers: { 'x-request-id': 'a b"c' } });
    assert.match(String(made.headers['x-request-id']), /^req-\d+-\d+-\d{6}$/);
  });

  test('the admin token and the console session never reach a function; other headers do', async () => {
    const headers = { 'x-fn-admin-token': 't', cookie: 'fastfn_session=s; sid=9; a=b=c', 'x-a': ['1', '2'] };
    const { event } = (await ask(gateway.url, '/any', { headers })).json();
    assert.equal(event.headers['x-fn-admin-token'], undefined);
    assert.ok(!JSON.stringify(event).includes('fastfn_session'));
    assert.equal(event.session.id, '9');
    assert.deepEqual(event.session.cookies, { sid: '9', a: 'b=c' });
    assert.deepEqual(event.headers['x-a'], ['1', '2']);
  });

  test('a body that is not UTF-8 arrives intact as base64', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x80, 0xfe]);
    const { event } = (await ask(gateway.url, '/any', { method: 'POST', body: bytes })).json();
    assert.equal(event.body, null);
    assert.equal(event.is_base64, true);
    assert.deepEqual(Buffer.from(event.body_base64, 'base64'), bytes);
  });

  test('no body is null, whether absent or of length 0', async () => {
    assert.equal((await ask(gateway.url, '/any')).json().event.body, null);
    const empty = await ask(gateway.url, '/any', { method: 'POST', headers: { 'content-length': '0' } });
    assert.equal(empty.json().event.body, null);
    assert.equal(empty.json().event.session, null);
  });
});
