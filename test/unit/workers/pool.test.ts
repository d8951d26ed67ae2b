import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../../src/workers/lease.ts';
import { code, createPool, lease, turn } from '../../fakes/pool-subject.ts';

test('pool: from nothing, the first caller starts a process at once and gets it cold', async () => {
  const { pool, processes, acquire, coldStarts } = createPool();
  assert.equal(pool.tryAcquire(), null);
  const waiting = acquire();
  assert.deepEqual(processes.started, ['w1']);
  processes.ready(pool, 'w1');
  const got = await waiting;
  assert.equal(got.cold, true);
  assert.equal(coldStarts(), 1);
  got.release('healthy');
  const again = lease(pool);
  assert.equal(again.cold, false);
  assert.equal(again.workerId, 'w1');
});

test('pool: callers are served first come first served', async () => {
  const { pool, processes, acquire } = createPool({ maxProcesses: 1 });
  const order: number[] = [];
  const held: Lease[] = [];
  for (let n = 0; n < 3; n += 1) {
    void acquire().then((got) => {
      order.push(n);
      held.push(got);
    });
  }
  processes.ready(pool, 'w1');
  for (let n = 0; n < 3; n += 1) {
    await turn();
    assert.equal(pool.tryAcquire(), null, 'no newcomer overtakes');
    held.at(-1)?.release('healthy');
  }
  assert.deepEqual(order, [0, 1, 2]);
});

test('pool: one-call workers grow for those who wait a moment, two starting at a time, up to the maximum', async () => {
  const { pool, processes, clock, acquire } = createPool({ maxProcesses: 4 });
  for (let n = 0; n < 10; n += 1) void acquire();
  clock.advance(100);
  assert.equal(processes.started.length, 1, 'nobody knows yet whether one process is enough');
  processes.ready(pool, 'w1');
  assert.equal(processes.started.length, 1, 'not before they have waited a moment');
  clock.advance(100);
  assert.equal(processes.started.length, 3);
  processes.ready(pool, 'w2');
  processes.ready(pool, 'w3');
  clock.advance(100);
  assert.equal(processes.started.length, 4);
  processes.ready(pool, 'w4');
  clock.advance(1_000);
  assert.equal(processes.started.length, 4);
  assert.equal(pool.stats().waiting, 6);
});

test('pool: a caller who is served within the moment costs no process', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const first = acquire();
  processes.ready(pool, 'w1');
  const got = await first;
  const second = acquire();
  clock.advance(2);
  got.release('healthy');
  await second;
  clock.advance(1_000);
  assert.equal(processes.started.length, 1);
});

test('pool: no more processes are started than those who wait can use', async () => {
  const { pool, processes, clock, acquire } = createPool();
  for (let n = 0; n < 2; n += 1) void acquire();
  processes.ready(pool, 'w1');
  clock.advance(1_000);
  assert.deepEqual(processes.started, ['w1', 'w2']);
});

test('pool: short calls that are served by turns cost no process, however many wait', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const turns: Lease[] = [];
  const ask = () => void acquire().then((got) => turns.push(got));
  for (let n = 0; n < 4; n += 1) ask();
  processes.ready(pool, 'w1');
  for (let n = 0; n < 100; n += 1) {
    await clock.advanceAsync(1);
    turns.shift()?.release('healthy');
    ask();
  }
  assert.equal(pool.stats().waiting, 3);
  assert.equal(processes.started.length, 1);
});

test('pool: a many-call worker takes all of them in one process, and a second starts only when it is full', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const waiting = Array.from({ length: 5 }, () => acquire());
  processes.ready(pool, 'w1', 4);
  await Promise.all(waiting.slice(0, 4));
  clock.advance(5);
  assert.deepEqual(processes.started, ['w1', 'w2']);
  processes.ready(pool, 'w2', 4);
  await waiting[4];
  for (let n = 0; n < 3; n += 1) lease(pool);
  void acquire();
  clock.advance(1_000);
  assert.equal(processes.started.length, 2, 'runtime-daemons is the maximum');
});

test('pool: the least loaded worker is chosen', async () => {
  const { pool, processes, clock, acquire } = createPool();
  for (let n = 0; n < 3; n += 1) void acquire();
  processes.ready(pool, 'w1', 2);
  clock.advance(5);
  processes.ready(pool, 'w2', 2);
  assert.equal(lease(pool).workerId, 'w2');
});

test('pool: a worker whose event loop is blocked is avoided and helped by another', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const waiting = [acquire(), acquire()];
  const connection = processes.ready(pool, 'w1', 8);
  await Promise.all(waiting);
  connection.answers = false;
  await clock.advanceAsync(140);
  assert.equal(processes.started.length, 1);
  await clock.advanceAsync(20);
  assert.deepEqual(processes.started, ['w1', 'w2']);
  processes.ready(pool, 'w2', 8);
  for (let n = 0; n < 4; n += 1) assert.equal(lease(pool).workerId, 'w2');
  connection.answers = true;
  connection.answerPings();
  await turn();
  assert.equal(lease(pool).workerId, 'w1', 'it answered: used again, as the less loaded');
});

test('pool: a caller leaves at its deadline or when its client has gone, and is not served then', async () => {
  const { pool, processes, clock, acquire } = createPool({ maxProcesses: 1 });
  const gone = new AbortController();
  const late = code(acquire(50));
  const aborted = code(acquire(2_500, gone.signal));
  const patient = acquire();
  clock.advance(50);
  gone.abort();
  assert.equal(await late, 'invocation_timeout');
  assert.equal(await aborted, 'client_closed');
  assert.equal(pool.stats().waiting, 1);
  processes.ready(pool, 'w1');
  assert.equal((await patient).workerId, 'w1');
  assert.equal(await code(acquire(10, AbortSignal.abort())), 'client_closed');
});

test('pool: a load error reaches those who wait, and later callers at once until the backoff is over', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const waiting = acquire();
  processes.gone(pool, 'w1', 'load_failed', clock.now() + 500, 'SyntaxError: Unexpected token');
  await assert.rejects(waiting, { code: 'handler_failed', message: 'SyntaxError: Unexpected token' });
  await assert.rejects(acquire(), { code: 'handler_failed' });
  assert.equal(processes.started.length, 1);
  assert.equal(pool.stats().failure, 'SyntaxError: Unexpected token');
  clock.advance(500);
  const retried = acquire();
  assert.equal(processes.started.length, 2);
  processes.ready(pool, 'w2');
  await retried;
  assert.equal(pool.stats().failure, null);
});

test('pool: a worker that cannot be started is 503 with Retry-After', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const waiting = acquire();
  processes.gone(pool, 'w1', 'start_failed', clock.now() + 1_500);
  await assert.rejects(waiting, { code: 'runtime_unavailable', headers: { 'Retry-After': '2' } });
});

test('pool: a start that cannot be planned is a failed start for those who wait, not an exception', async () => {
  const { pool, processes, clock, acquire } = createPool();
  const start = processes.start;
  processes.start = () => {
    throw new Error('cannot read fn.env.json');
  };
  await assert.rejects(acquire(), { code: 'runtime_unavailable' });
  await assert.rejects(acquire(), { code: 'runtime_unavailable' });
  processes.start = start;
  clock.advance(1_000);
  const waiting = acquire();
  processes.ready(pool, 'w1');
  await waiting;
});

test('pool: a crashed worker is replaced at once for those who wait', async () => {
  const { pool, processes, clock, acquire } = createPool({ maxProcesses: 1 });
  void acquire();
  processes.ready(pool, 'w1');
  await turn();
  const next = acquire();
  processes.gone(pool, 'w1', 'crashed', clock.now());
  assert.deepEqual(processes.started, ['w1', 'w2']);
  processes.ready(pool, 'w2');
  assert.equal((await next).workerId, 'w2');
});

test('pool: while others are ready, a backoff refuses nobody, and growth goes on after it', async () => {
  const { pool, processes, clock, acquire } = createPool({ maxProcesses: 2 });
  for (let n = 0; n < 3; n += 1) void acquire().catch(() => assert.fail('refused'));
  processes.ready(pool, 'w1');
  clock.advance(5);
  processes.gone(pool, 'w2', 'start_failed', clock.now() + 500);
  clock.advance(499);
  assert.equal(processes.started.length, 2);
  clock.advance(20);
  assert.equal(processes.started.length, 3);
});

test('pool: min_warm workers are started without traffic, and again after backoff when they die', () => {
  const { pool, processes, clock } = createPool({ minWarm: 1 });
  pool.warm();
  pool.warm();
  assert.deepEqual(processes.started, ['w1']);
  processes.gone(pool, 'w1', 'start_failed', clock.now() + 500);
  clock.advance(499);
  assert.equal(processes.started.length, 1);
  clock.advance(1);
  assert.equal(processes.started.length, 2);
});

test('pool: late news of workers it no longer knows is ignored', () => {
  const { pool, processes } = createPool();
  processes.ready(pool, 'stranger');
  processes.gone(pool, 'stranger', 'load_failed', 1e9, 'no');
  assert.equal(pool.ready, 0);
  assert.equal(pool.stats().failure, null);
});
