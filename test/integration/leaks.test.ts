// After good calls, crashes, timeouts and clients that leave: nothing is held any more. Slots, workers, descriptors,
// temporary folders.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { settledDescriptors } from './support/descriptors.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { isAlive } from './support/processes.ts';
import { echoPy } from './support/tree.ts';

const sleeper = (ms: number) =>
  `exports.handler = () => new Promise((done) => setTimeout(() => done('slept'), ${ms}));\n`;
const limits = JSON.stringify({
  timeout_ms: 400,
  worker_pool: { max_workers: 3, max_queue: 4, queue_timeout_ms: 300 },
});
const tree = {
  'get.hello.js': "exports.handler = () => 'hello';\n",
  'post.echo.py': echoPy('echo'),
  'get.throws.js': "exports.handler = () => { throw new Error('on purpose'); };\n",
  'exits/index.js': 'exports.handler = () => process.exit(3);\n',
  'slow/index.js': sleeper(2000),
  'slow/fn.config.json': limits,
  'hangs/index.js': 'exports.handler = () => { for (;;); };\n',
  'hangs/fn.config.json': limits,
  'sync/index.py': 'import time\ndef handler(event):\n    time.sleep(0.15)\n    return "slept"\n',
  'sync/fn.config.json': limits,
  'stream/index.js':
    "async function* lines() { for (let i = 0; i < 40; i++) { await new Promise((r) => setTimeout(r, 10)); yield 'x'.repeat(5000); } }\n" +
    "exports.handler = () => ({ headers: { 'content-type': 'text/plain' }, body: lines() });\n",
  'fn.config.json': JSON.stringify({ timeout_ms: 1500 }),
};

type Kind = readonly [
  target: string,
  count: number,
  statuses: readonly number[],
  options?: Ask & { leaveAfterMs?: number },
];
const kinds: readonly Kind[] = [
  ['/hello', 70, [200]],
  ['/echo', 30, [200], { method: 'POST', body: 'x'.repeat(100_000) }],
  ['/throws', 15, [500]],
  // A crash is 502; while the next start waits out its backoff, 503.
  ['/exits', 8, [502, 503]],
  ['/slow', 10, [504, 429]],
  // 502: shared a worker with a call whose deadline came first.
  ['/hangs', 4, [502, 504, 429]],
  ['/sync', 15, [200, 429, 504]],
  ['/nope', 8, [404]],
  ['/hello', 10, [], { leaveAfterMs: 1 }],
  ['/slow', 8, [], { leaveAfterMs: 50 }],
  ['/sync', 8, [], { leaveAfterMs: 40 }],
  ['/hangs', 2, [], { leaveAfterMs: 60 }],
  ['/echo', 6, [], { method: 'POST', body: 'x'.repeat(900_000), leaveAfterMs: 3 }],
];

async function run(gateway: TestGateway, [target, , statuses, options = {}]: Kind): Promise<void> {
  const { leaveAfterMs, ...rest } = options;
  if (leaveAfterMs === undefined) {
    const { status, text } = await ask(gateway.url, target, rest);
    assert.ok(statuses.includes(status), `${target}: ${status} ${text}`);
    return;
  }
  // Whoever answers sooner than the client leaves is right too.
  await ask(gateway.url, target, { ...rest, signal: AbortSignal.timeout(leaveAfterMs) }).catch(() => {});
}

const gatewayFolders = () =>
  readdirSync(tmpdir()).filter((name) => name.includes(`-${process.pid}-`) && name.startsWith('fastfn-w-'));
const workerFolders = () => gatewayFolders().flatMap((name) => readdirSync(join(tmpdir(), name)));

test('leaks: 194 calls of every kind, ten at a time, leave nothing held', async () => {
  const gateway = await startTestGateway(tree);
  const pids = new Set<number>();
  const health = async () => (await ask(gateway.url, '/_fn/health')).json().functions;
  try {
    for (const target of ['/hello', '/sync']) await ask(gateway.url, target);
    const before = await settledDescriptors();
    const workersBefore = gateway.workers().length;
    const calls = kinds.flatMap((kind) => Array<Kind>(kind[1]).fill(kind));
    // Spread evenly, always in the same order.
    const spread = calls
      .map((kind, index) => ({ kind, at: (index * 61) % calls.length }))
      .sort((a, b) => a.at - b.at);
    const lane = async (): Promise<void> => {
      for (let next = spread.pop(); next !== undefined; next = spread.pop()) {
        await run(gateway, next.kind);
        for (const { pid } of gateway.workers()) pids.add(pid);
      }
    };
    await Promise.all(Array.from({ length: 10 }, lane));

    await eventually(async () => {
      const { summary, states } = await health();
      assert.deepEqual([summary.pool_active, summary.pool_queued], [0, 0]);
      for (const { key, workers } of states) {
        assert.deepEqual([workers.starting, workers.waiting, workers.poisoned], [0, 0, 0], key);
      }
      for (const worker of gateway.workers()) assert.equal(worker.state, 'ready', JSON.stringify(worker));
    });
    const current = new Set(gateway.workers().map(({ pid }) => pid));
    for (const pid of pids) if (!current.has(pid)) assert.ok(!isAlive(pid), `process ${pid} is left`);
    assert.deepEqual(
      workerFolders().sort(),
      gateway
        .workers()
        .map(({ workerId }) => workerId)
        .sort(),
    );
    // A worker has a connection and the two ends of its output.
    const left = await settledDescriptors();
    const allowed = before + 3 * (gateway.workers().length - workersBefore);
    assert.ok(left <= allowed, `${left} descriptors, ${allowed} expected at most`);
    assert.equal((await ask(gateway.url, '/hello')).text, 'hello');
    for (const { pid } of gateway.workers()) pids.add(pid);
  } finally {
    await gateway.close();
  }
  await eventually(() => assert.deepEqual([...pids].filter(isAlive), []));
  assert.deepEqual(gatewayFolders(), []);
});

test('leaks: a client that takes its stream slowly, or leaves in the middle, costs no slot', async () => {
  const gateway = await startTestGateway(tree);
  try {
    assert.equal((await ask(gateway.url, '/stream')).bytes.length, 200_000);
    for (let round = 0; round < 5; round++) {
      const leaving = ask(gateway.url, '/stream', { signal: AbortSignal.timeout(60 + 30 * round) });
      await leaving.catch(() => {});
    }
    await sleep(100);
    await eventually(async () => {
      const { summary } = (await ask(gateway.url, '/_fn/health')).json().functions;
      assert.equal(summary.pool_active, 0);
    });
  } finally {
    await gateway.close();
  }
});
