// Which refusal wins, what a function's state says, and what happens where a worker cannot be had (contract/policy.md 1, 3, 5
// and 8), with real workers. The limits themselves are in policy.test.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';

const config = (value: object) => JSON.stringify(value);

/** Headers by which the gateway speaks of a function. */
function marksOf(answer: Answer): string[] {
  return Object.keys(answer.headers).filter(
    (name) => name.startsWith('x-fastfn-') || name.startsWith('x-fn-'),
  );
}

/** Sends a head that announces a body, and nothing of it; returns the first bytes of the answer. */
async function askWithoutBody(base: string, path: string, length: number): Promise<string> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  try {
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a.example.test\r\nContent-Length: ${length}\r\n\r\n`);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString();
  } finally {
    socket.destroy();
  }
}

describe('order of refusals', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(
      {
        'strict/fn.config.json': config({
          invoke: { methods: ['GET'], allow_hosts: ['a.example.test'] },
          max_body_bytes: 10,
          include_debug_headers: true,
        }),
        'strict/handler.py': 'def handler(event):\n    return "never"\n',
        'strict-js/fn.config.json': config({
          invoke: { methods: ['POST'], allow_hosts: ['a.example.test'] },
          max_body_bytes: 10,
          max_concurrency: 1,
          include_debug_headers: true,
        }),
        'strict-js/handler.js':
          "exports.handler = () => new Promise((done) => setTimeout(() => done('slow'), 400));\n",
      },
      // A host without Python.
      { PATH: '/nonexistent' },
    );
  });
  after(() => gateway.close());

  const rows: readonly (readonly [
    what: string,
    method: string,
    path: string,
    host: string,
    status: number,
    error: string,
  ])[] = [
    ['an unknown path, whatever is down', 'GET', '/nope', 'b.example.test', 404, 'not found'],
    ['the host before the method', 'POST', '/strict', 'b.example.test', 421, 'host not allowed'],
    ['the method before the runtime', 'POST', '/strict', 'a.example.test', 405, 'method not allowed'],
    ['the runtime at last', 'GET', '/strict', 'a.example.test', 503, 'runtime down'],
  ];
  for (const [what, method, path, host, status, error] of rows) {
    test(`${what}: ${status}`, async () => {
      const answer = await ask(gateway.url, path, {
        method,
        headers: { host },
        ...(method === 'POST' ? { body: 'x'.repeat(100) } : {}),
      });
      assert.equal(answer.status, status);
      assert.equal(answer.json().error, error);
      assert.deepEqual(marksOf(answer), []);
    });
  }

  test('a body that is too large is refused with nothing of the function in the answer', async () => {
    const answer = await ask(gateway.url, '/strict-js', {
      method: 'POST',
      headers: { host: 'a.example.test' },
      body: 'x'.repeat(11),
    });
    assert.equal(answer.status, 413);
    assert.deepEqual(marksOf(answer), []);
  });

  test('the slot is asked for before the body is read, and the refusal tells nothing', async () => {
    const running = ask(gateway.url, '/strict-js', { method: 'POST', headers: { host: 'a.example.test' } });
    await eventually(() => assert.equal(gateway.workers().length, 1));
    const refused = await askWithoutBody(gateway.url, '/strict-js', 10);
    assert.match(refused, /^HTTP\/1\.1 429 /);
    assert.match(refused, /retry-after: 1\r\n/i);
    assert.doesNotMatch(refused, /x-fn-|x-fastfn-/i);
    assert.equal((await running).text, 'slow');
  });
});

describe('cold and warm', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'get.fails.js': "exports.handler = () => ({ status: 500, body: 'own' });\n",
      'get.exits.js': 'process.exit(3);\n',
      'get.exits-py.py': 'import os\nos._exit(3)\n',
      'get.throws.js': "throw new Error('cannot begin');\n",
      'get.hello.js': "exports.handler = () => 'hello';\n",
      'get.none.js': "exports.handler = () => ({ status: 304, body: 'no' });\n",
      'get.none-py.py': 'def handler(event):\n    return {"status": 204, "body": "no"}\n',
      'echo/fn.config.json': config({ max_body_bytes: 4_194_304, timeout_ms: 5000 }),
      'echo/post.js.js': 'exports.handler = (event) => event.body;\n',
      'echo/post.py.py': 'def handler(event):\n    return event["body"]\n',
      'one/fn.config.json': config({
        worker_pool: { max_workers: 1, max_queue: 1, queue_timeout_ms: 2000 },
      }),
      'one/get.js': "exports.handler = () => new Promise((done) => setTimeout(() => done('slept'), 250));\n",
    });
  });
  after(() => gateway.close());

  test('a function whose answers are its own 500 stays cold', async () => {
    for (let call = 0; call < 2; call++) {
      const answer = await ask(gateway.url, '/fails');
      assert.deepEqual([answer.status, answer.text], [500, 'own']);
      assert.equal(answer.headers['x-fastfn-function-state'], 'cold');
      assert.equal(answer.headers['x-fastfn-warmed'], undefined);
    }
  });

  for (const target of ['/exits', '/exits-py']) {
    test(`${target}: no worker to be had is 503 and says when to come back`, async () => {
      for (let call = 0; call < 2; call++) {
        const answer = await ask(gateway.url, target);
        assert.equal(answer.status, 503, answer.text);
        assert.equal(answer.json().error, 'runtime unavailable');
        assert.equal(answer.headers['x-fastfn-function-state'], 'cold');
        assert.equal(answer.headers['x-fastfn-warming'], 'true');
        assert.ok(Number(answer.headers['retry-after']) >= 1);
      }
      assert.equal((await ask(gateway.url, '/hello')).text, 'hello');
    });
  }

  test('a module that throws is 500 with its words', async () => {
    const answer = await ask(gateway.url, '/throws');
    assert.deepEqual([answer.status, answer.json().error], [500, 'cannot begin']);
  });

  test('204 and 304 end without a body, HEAD too, and the connection goes on', async () => {
    assert.deepEqual((await ask(gateway.url, '/none')).bytes, Buffer.alloc(0));
    assert.deepEqual((await ask(gateway.url, '/none-py')).bytes, Buffer.alloc(0));
    const head = await ask(gateway.url, '/hello', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '5']);
  });

  test('bodies beyond one frame travel whole, both ways', async () => {
    const body = 'wörd '.repeat(500_000);
    for (const target of ['/echo/js', '/echo/py']) {
      const answer = await ask(gateway.url, target, { method: 'POST', body });
      assert.equal(answer.status, 200, answer.text.slice(0, 200));
      assert.equal(answer.text, body);
    }
  });

  test('a client that leaves the queue gives its place to the next; what was refused is counted', async () => {
    await ask(gateway.url, '/one');
    const running = ask(gateway.url, '/one');
    const controller = new AbortController();
    const left = ask(gateway.url, '/one', { signal: controller.signal });
    const queue = async () => (await poolOf(gateway)).queued;
    await eventually(async () => assert.equal(await queue(), 1));
    assert.equal((await ask(gateway.url, '/one')).status, 429);
    controller.abort();
    await assert.rejects(left);
    await eventually(async () => assert.equal(await queue(), 0));
    const next = await ask(gateway.url, '/one');
    assert.equal(next.status, 200);
    assert.equal((await running).status, 200);
    assert.deepEqual((await poolOf(gateway)).queue_drops, { overflow: 1, timeout: 0, total: 1 });
  });
});

interface PoolState {
  readonly queued: number;
  readonly queue_drops: object;
}

async function poolOf(gateway: TestGateway): Promise<PoolState> {
  const { functions } = (await ask(gateway.url, '/_fn/health')).json();
  const states: readonly { readonly key: string; readonly worker_pool: PoolState }[] = functions.states;
  const found = states.find(({ key }) => key.includes('one/'));
  assert.ok(found !== undefined);
  return found.worker_pool;
}
