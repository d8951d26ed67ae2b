// Worker processes as the operator sees them: started on demand, restarted, shrunk, drained, never left behind.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { exchange } from './support/raw-http.ts';
import { echoPy } from './support/tree.ts';

const hello = "exports.handler = () => 'hello';\n";
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function withGateway(
  tree: Record<string, string>,
  use: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  const gateway = await startTestGateway(tree);
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
}

test('no worker runs before the first call, one after it', () =>
  withGateway({ 'get.hello.js': hello }, async (gateway) => {
    assert.equal(gateway.workers().length, 0);
    await ask(gateway.url, '/hello');
    assert.equal(gateway.workers().length, 1);
  }));

test('min_warm keeps a worker ready before any call', () =>
  withGateway(
    {
      'w/get.js': hello,
      'w/fn.config.json': JSON.stringify({ worker_pool: { min_warm: 1, max_workers: 2 } }),
    },
    (gateway) =>
      eventually(() => assert.equal(gateway.workers().filter((one) => one.state === 'ready').length, 1)),
  ));

test('an idle worker ends after idle_ttl_seconds', () =>
  withGateway(
    {
      'w/get.js': hello,
      'w/fn.config.json': JSON.stringify({ worker_pool: { max_workers: 2, idle_ttl_seconds: 1 } }),
    },
    async (gateway) => {
      await ask(gateway.url, '/w');
      const pid = gateway.workers()[0]?.pid ?? 0;
      assert.ok(alive(pid));
      await eventually(() => assert.equal(gateway.workers().length, 0));
      assert.ok(!alive(pid));
      assert.equal((await ask(gateway.url, '/w')).status, 200);
    },
  ));

test('a killed worker is replaced and the next call is served', () =>
  withGateway({ 'get.hello.js': hello }, async (gateway) => {
    await ask(gateway.url, '/hello');
    const pid = gateway.workers()[0]?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually(() => assert.ok(!gateway.workers().some((one) => one.pid === pid)));
    assert.equal((await ask(gateway.url, '/hello')).text, 'hello');
    assert.notEqual(gateway.workers()[0]?.pid, pid);
  }));

test('a function that dies while it loads is 503 with Retry-After, and is not started in a loop', () =>
  withGateway(
    {
      'dies/index.js': 'process.exit(7);\n',
      'dies/[x]/index.py': 'import os\nos._exit(7)\n',
      'get.hello.js': hello,
    },
    async (gateway) => {
      for (const target of ['/dies', '/dies/1']) {
        const first = await ask(gateway.url, target);
        assert.equal(first.status, 503, first.text);
        assert.equal(first.json().error, 'runtime unavailable');
        const until = performance.now() + 1200;
        let asked = 0;
        for (; performance.now() < until; asked++) {
          const answer = await ask(gateway.url, target);
          assert.equal(answer.status, 503, answer.text);
          assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
        }
        assert.ok(asked > 20, `only ${asked} answers: they should come at once`);
      }
      // At 0, about 0.5 and about 1.5 s for each of the two.
      const { text } = await ask(gateway.url, '/_fn/metrics');
      const exits = [
        ...text.matchAll(/^fastfn_worker_exits_total\{[^}]*cause="start_failed"[^}]*\} (\d+)$/gm),
      ];
      const starts = exits.reduce((sum, [, count]) => sum + Number(count), 0);
      assert.ok(starts >= 2 && starts <= 8, `${starts} starts: ${exits.map(([line]) => line).join(' ')}`);
      assert.equal((await ask(gateway.url, '/hello')).text, 'hello');
    },
  ));

test('a worker that is killed again and again is replaced at once, then later and later', () =>
  withGateway({ 'get.hello.js': hello }, async (gateway) => {
    const killWorker = async () => {
      const pid = gateway.workers()[0]?.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      await eventually(() => assert.ok(!gateway.workers().some((one) => one.pid === pid)));
    };
    assert.equal((await ask(gateway.url, '/hello')).status, 200);
    await killWorker();
    assert.equal((await ask(gateway.url, '/hello')).status, 200, 'the first replacement does not wait');
    const waits: number[] = [];
    for (let round = 0; round < 2; round++) {
      await killWorker();
      const refused = await ask(gateway.url, '/hello');
      assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
      const began = performance.now();
      await eventually(async () => assert.equal((await ask(gateway.url, '/hello')).status, 200));
      waits.push(performance.now() - began);
    }
    const [first = 0, second = 0] = waits;
    assert.ok(first > 300 && first < 3000, `${first} ms`);
    assert.ok(second > 700 && second < 5000, `${second} ms`);
  }));

test('a worker killed during a call costs that call 502, and who waits is served at once', () =>
  withGateway(
    {
      'p/get.py': 'import time\ndef handler(event):\n    time.sleep(0.4)\n    return "slept"\n',
      'p/fn.config.json': JSON.stringify({
        worker_pool: { max_workers: 1, max_queue: 5, queue_timeout_ms: 4000 },
      }),
    },
    async (gateway) => {
      await ask(gateway.url, '/p');
      const running = ask(gateway.url, '/p');
      await sleep(100);
      const waiting = ask(gateway.url, '/p');
      process.kill(gateway.workers()[0]?.pid ?? 0, 'SIGKILL');
      assert.equal((await running).status, 502);
      assert.equal((await waiting).status, 200);
    },
  ));

test('two versions of one helper name never meet: one process a function', () =>
  withGateway(
    {
      'a/get.py': 'import utils\ndef handler(event):\n    return utils.NAME\n',
      'a/utils.py': 'NAME = "of a"\n',
      'a/fn.config.json': JSON.stringify({ timeout_ms: 4000 }),
      'a/handler.py': 'def handler(event):\n    return "root"\n',
      'b/handler.py': 'import utils\ndef handler(event):\n    return utils.NAME\n',
      'b/utils.py': 'NAME = "of b"\n',
    },
    async (gateway) => {
      const [a, b] = await Promise.all([ask(gateway.url, '/b'), ask(gateway.url, '/b')]);
      assert.equal(a.text, 'of b');
      assert.equal(b.text, 'of b');
    },
  ));

test('a sync Python function gets more processes while its calls wait, up to its limit', () =>
  withGateway(
    {
      'p/get.py': 'import time, os\ndef handler(event):\n    time.sleep(0.3)\n    return str(os.getpid())\n',
      'p/fn.config.json': JSON.stringify({ timeout_ms: 8000, worker_pool: { max_workers: 3 } }),
    },
    async (gateway) => {
      const answers = await Promise.all(Array.from({ length: 3 }, () => ask(gateway.url, '/p')));
      assert.ok(answers.every((one) => one.status === 200));
      const again = await Promise.all(Array.from({ length: 3 }, () => ask(gateway.url, '/p')));
      const pids = new Set([...answers, ...again].map((one) => one.text));
      assert.ok(pids.size >= 2 && pids.size <= 3, `${pids.size} processes`);
    },
  ));

test('sockets are private: folder 0700, socket 0600, all gone after the end', async () => {
  const gateway = await startTestGateway({ 'get.hello.js': hello, 'get.py.py': echoPy('py') });
  await ask(gateway.url, '/hello');
  const base = gateway.socketDir;
  assert.equal(statSync(base).mode & 0o777, 0o700);
  const sockets = readdirSync(base).filter((name) => name.endsWith('.sock'));
  assert.ok(sockets.includes('fn-node.sock'), sockets.join());
  for (const name of sockets) assert.equal(lstatSync(join(base, name)).mode & 0o777, 0o600);
  await gateway.close();
  assert.deepEqual(existsSync(base) ? readdirSync(base).filter((name) => name.endsWith('.sock')) : [], []);
});

test('two gateways run side by side on one socket folder', async () => {
  const first = await startTestGateway({ 'get.hello.js': hello });
  const second = await startTestGateway({ 'get.hello.js': hello }, { FN_SOCKET_BASE_DIR: first.socketDir });
  try {
    for (const gateway of [first, second]) assert.equal((await ask(gateway.url, '/hello')).text, 'hello');
  } finally {
    await second.close();
    assert.equal((await ask(first.url, '/hello')).text, 'hello');
    await first.close();
  }
});

test('closing drains: a running call ends well, new ones are refused, no process is left', async () => {
  const gateway = await startTestGateway({
    'get.slow.js':
      "exports.handler = () => new Promise((done) => setTimeout(() => done('finished'), 600));\n",
  });
  await ask(gateway.url, '/slow');
  const pids = gateway.workers().map((one) => one.pid);
  const running = ask(gateway.url, '/slow');
  await sleep(100);
  await gateway.close();
  assert.equal((await running).text, 'finished');
  for (const pid of pids) assert.ok(!alive(pid), `worker ${pid} is left`);
});

test('closing serves who waits for a slot and who still sends its body, and cuts off who sends nothing more', async () => {
  const gateway = await startTestGateway({
    'one/get.js': "exports.handler = () => new Promise((done) => setTimeout(() => done('finished'), 400));\n",
    'one/fn.config.json': JSON.stringify({
      worker_pool: { max_workers: 1, max_queue: 5, queue_timeout_ms: 4000 },
    }),
    'post.echo.js': 'exports.handler = (event) => event.body;\n',
  });
  await ask(gateway.url, '/one');
  const calls = [ask(gateway.url, '/one'), ask(gateway.url, '/one'), ask(gateway.url, '/one')];
  const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
  const upload = exchange(gateway.url, [head, 'ab', 500, 'cd']);
  const stuck = exchange(gateway.url, ['GET /echo HTTP/1.1\r\nHo'], { limitMs: 9000 });
  await sleep(150);
  const began = performance.now();
  await gateway.close();
  const tookMs = performance.now() - began;
  for (const call of calls) assert.equal((await call).text, 'finished');
  assert.deepEqual(
    (await upload).answers.map(({ status, body }) => `${status} ${body}`),
    ['200 abcd'],
  );
  assert.ok((await stuck).closed);
  assert.ok(tookMs < 8000, `${tookMs} ms`);
});

test('the environment of a worker is its own: nothing of the gateway, only fn.env.json', () =>
  withGateway(
    {
      'e/get.js':
        'exports.handler = (event) => ({ env: process.env, given: event.env, pid: process.pid });\n',
      'e/fn.env.json': JSON.stringify({
        GREETING: 'hi',
        COUNT: 5,
        FLAG: true,
        NONE: null,
        KEY: { value: 's3cr3t', is_secret: true },
      }),
      'f/get.py':
        'import os\ndef handler(event):\n    return {"env": dict(os.environ), "given": event["env"]}\n',
    },
    async (gateway) => {
      const e = (await ask(gateway.url, '/e')).json();
      assert.deepEqual(e.given, { GREETING: 'hi', COUNT: '5', FLAG: 'true', KEY: 's3cr3t' });
      assert.equal(e.env.GREETING, 'hi');
      const f = (await ask(gateway.url, '/f')).json();
      for (const env of [e.env, f.env]) {
        const foreign = Object.keys(env).filter((name) => /^(FN_|AWS_|npm_|NODE_EXTRA_TEST)/.test(name));
        assert.deepEqual(foreign, []);
      }
      assert.equal(f.env.GREETING, undefined);
      assert.deepEqual(f.given, {});
    },
  ));
