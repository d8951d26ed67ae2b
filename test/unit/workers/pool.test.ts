import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../src/errors.ts';
import type { Lease } from '../../../src/workers/lease.ts';
import { type PoolOptions, WorkerPool } from '../../../src/workers/pool.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeProcesses } from '../../fakes/worker-processes.ts';

function create(over: Partial<PoolOptions> = {}) {
  const clock = new FakeClock(1_000);
  const processes = new FakeProcesses();
  let coldStarts = 0;
  const pool = new WorkerPool({
    clock,
    processes,
    maxProcesses: 4,
    maxSharedProcesses: 2,
    minWarm: 0,
    idleTtlMs: 300_000,
    callTimeoutMs: 2_500,
    onColdStart: () => {
      coldStarts += 1;
    },
    ...over,
  });
  const acquire = (waitMs = 2_500, signal: AbortSignal | null = null) =>
    pool.acquire(clock.now() + waitMs, signal);
  return { clock, processes, pool, acquire, coldStarts: () => coldStarts };
}

/** Lets promise callbacks run. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function code(waiting: Promise<unknown>): Promise<string> {
  try {
    await waiting;
    return 'served';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

function lease(pool: WorkerPool): Lease {
  const got = pool.tryAcquire();
  assert.ok(got !== null, 'a worker with room');
  return got;
}

test('pool: from nothing, the first caller starts a process at once and gets it cold', async () => {
  const { pool, processes, acquire, coldStarts } = create();
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
  const { pool, processes, acquire } = create({ maxProcesses: 1 });
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
  const { pool, processes, clock, acquire } = create({ maxProcesses: 4 });
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
  const { pool, processes, clock, acquire } = create();
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

test('pool: short calls that are served by turns cost no process, however many wait', async () => {
  const { pool, processes, clock, acquire } = create();
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
  const { pool, processes, clock, acquire } = create();
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
  const { pool, processes, clock, acquire } = create();
  for (let n = 0; n < 3; n += 1) void acquire();
  processes.ready(pool, 'w1', 2);
  clock.advance(5);
  processes.ready(pool, 'w2', 2);
  assert.equal(lease(pool).workerId, 'w2');
});

test('pool: a worker whose event loop is blocked is avoided and helped by another', async () => {
  const { pool, processes, clock, acquire } = create();
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
  const { pool, processes, clock, acquire } = create({ maxProcesses: 1 });
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
  const { pool, processes, clock, acquire } = create();
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
  const { pool, processes, clock, acquire } = create();
  const waiting = acquire();
  processes.gone(pool, 'w1', 'start_failed', clock.now() + 1_500);
  await assert.rejects(waiting, { code: 'runtime_unavailable', headers: { 'Retry-After': '2' } });
});

test('pool: a crashed worker is replaced at once for those who wait', async () => {
  const { pool, processes, clock, acquire } = create({ maxProcesses: 1 });
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
  const { pool, processes, clock, acquire } = create({ maxProcesses: 2 });
  for (let n = 0; n < 3; n += 1) void acquire().catch(() => assert.fail('refused'));
  processes.ready(pool, 'w1');
  clock.advance(5);
  processes.gone(pool, 'w2', 'start_failed', clock.now() + 500);
  clock.advance(499);
  assert.equal(processes.started.length, 2);
  clock.advance(20);
  assert.equal(processes.started.length, 3);
});

test('pool: a poisoned one-call worker is killed at once, replaced for those who wait, and never lent again', async () => {
  const { pool, processes, acquire } = create({ maxProcesses: 1 });
  const first = acquire();
  processes.ready(pool, 'w1');
  const got = await first;
  const next = acquire();
  got.release('poisoned');
  assert.deepEqual(processes.ended, ['kill w1 deadline']);
  assert.deepEqual(processes.started, ['w1', 'w2']);
  processes.gone(pool, 'w1', 'deadline');
  processes.ready(pool, 'w2');
  assert.equal((await next).workerId, 'w2');
});

test('pool: a poisoned many-call worker that answers lives until its other calls are done', async () => {
  const { pool, processes, clock, acquire } = create();
  const waiting = [acquire(), acquire()];
  processes.ready(pool, 'w1', 8);
  const [bad, good] = await Promise.all(waiting);
  bad?.release('poisoned');
  await clock.advanceAsync(200);
  assert.deepEqual(processes.ended, []);
  assert.equal(pool.tryAcquire(), null, 'never lent again');
  assert.deepEqual(
    { ...pool.stats(), failure: null },
    { ready: 0, starting: 0, lent: 1, waiting: 0, poisoned: 1, failure: null },
  );
  good?.release('healthy');
  assert.deepEqual(processes.ended, ['kill w1 deadline']);
});

test('pool: a poisoned worker does not outlive the longest deadline on it', async () => {
  const { pool, processes, clock, acquire } = create();
  const waiting = [acquire(), acquire()];
  processes.ready(pool, 'w1', 8);
  const [bad] = await Promise.all(waiting);
  bad?.release('poisoned');
  await clock.advanceAsync(2_600);
  assert.deepEqual(processes.ended, ['kill w1 deadline']);
});

test('pool: a poisoned worker that does not answer within 100 ms is killed with everything on it', async () => {
  const { pool, processes, clock, acquire } = create();
  const waiting = [acquire(), acquire()];
  const connection = processes.ready(pool, 'w1', 8);
  connection.answers = false;
  const [bad, good] = await Promise.all(waiting);
  bad?.release('poisoned');
  await clock.advanceAsync(100);
  assert.deepEqual(processes.ended, ['kill w1 deadline']);
  processes.gone(pool, 'w1', 'deadline');
  good?.release('healthy');
  assert.equal(pool.stats().lent, 0);
});

test('pool: releasing twice frees one place', async () => {
  const { pool, processes, acquire } = create();
  const waiting = acquire();
  processes.ready(pool, 'w1', 1);
  const got = await waiting;
  got.release('healthy');
  got.release('healthy');
  got.release('poisoned');
  lease(pool);
  assert.equal(pool.tryAcquire(), null);
  assert.deepEqual(processes.ended, []);
});

test('pool: idle workers end after the idle time, but min_warm of them stay', async () => {
  const { pool, processes, clock } = create({ minWarm: 1, idleTtlMs: 10_000 });
  pool.warm();
  processes.ready(pool, 'w1');
  const busy = lease(pool);
  void pool.acquire(clock.now() + 100, null).then((got) => got.release('healthy'));
  clock.advance(5);
  processes.ready(pool, 'w2');
  await turn();
  clock.advance(9_000);
  busy.release('healthy');
  clock.advance(2_000);
  assert.deepEqual(processes.ended, ['stop w2 idle'], 'w1 was busy until a moment ago');
  clock.advance(100_000);
  assert.equal(pool.ready, 1);
  assert.equal(clock.pending, 0, 'nothing left to wait for');
});

test('pool: without min_warm the last idle worker ends too, and the next caller starts one', async () => {
  const { pool, processes, clock, acquire } = create({ idleTtlMs: 10_000 });
  void acquire().then((got) => got.release('healthy'));
  processes.ready(pool, 'w1');
  await turn();
  clock.advance(10_000);
  assert.deepEqual(processes.ended, ['stop w1 idle']);
  void acquire();
  assert.equal(processes.started.length, 2);
});

test('pool: min_warm workers are started without traffic, and again after backoff when they die', () => {
  const { pool, processes, clock } = create({ minWarm: 1 });
  pool.warm();
  pool.warm();
  assert.deepEqual(processes.started, ['w1']);
  processes.gone(pool, 'w1', 'start_failed', clock.now() + 500);
  clock.advance(499);
  assert.equal(processes.started.length, 1);
  clock.advance(1);
  assert.equal(processes.started.length, 2);
});

test('pool: draining serves what was admitted, then ends every process', async () => {
  const { pool, processes, clock, acquire } = create({ maxProcesses: 1 });
  const first = acquire();
  processes.ready(pool, 'w1');
  const got = await first;
  const queued = acquire();
  let drained = false;
  const drain = pool.drain(clock.now() + 10_000).then(() => {
    drained = true;
  });
  got.release('healthy');
  const last = await queued;
  assert.equal(drained, false);
  last.release('healthy');
  await drain;
  assert.deepEqual(processes.ended, ['stop w1 drain']);
  assert.equal(await code(acquire()), 'draining');
  assert.equal(clock.pending, 0);
});

test('pool: draining ends with its deadline, whatever still runs or waits', async () => {
  const { pool, processes, clock, acquire } = create({ maxProcesses: 2 });
  const first = acquire();
  processes.ready(pool, 'w1');
  await first;
  const queued = code(acquire(60_000));
  clock.advance(5);
  assert.equal(processes.started.length, 2);
  const drain = pool.drain(clock.now() + 10_000);
  clock.advance(10_000);
  await drain;
  assert.equal(await queued, 'draining');
  assert.deepEqual(processes.ended, ['kill w1 drain', 'kill w2 drain']);
  await pool.drain(0);
  assert.equal(clock.pending, 0);
});

test('pool: late news of workers it no longer knows is ignored', () => {
  const { pool, processes } = create();
  processes.ready(pool, 'stranger');
  processes.gone(pool, 'stranger', 'load_failed', 1e9, 'no');
  assert.equal(pool.ready, 0);
  assert.equal(pool.stats().failure, null);
});

test('pool: whatever happens in whatever order, places are neither lost nor lent twice', async () => {
  const step = fc.oneof(
    fc.constantFrom('try', 'wait', 'healthy', 'poisoned', 'ready', 'crash'),
    fc.integer({ min: 1, max: 400 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, concurrency) => {
        const { pool, processes, clock, acquire } = create({ maxProcesses: 3, idleTtlMs: 500 });
        const held: Lease[] = [];
        const alive = new Set<string>();
        let settled = 0;
        let asked = 0;
        for (const each of steps) {
          const started = processes.started.filter((id) => !processes.connections.has(id));
          if (typeof each === 'number') await clock.advanceAsync(each);
          else if (each === 'try') held.push(...[pool.tryAcquire()].filter((got) => got !== null));
          else if (each === 'wait') {
            asked += 1;
            void acquire(300)
              .then(
                (got) => held.push(got),
                () => {},
              )
              .finally(() => {
                settled += 1;
              });
          } else if (each === 'healthy' || each === 'poisoned') held.shift()?.release(each);
          else if (each === 'ready' && started[0] !== undefined) {
            alive.add(started[0]);
            processes.ready(pool, started[0], concurrency);
          } else if (each === 'crash') {
            const [id] = alive;
            if (id !== undefined) processes.gone(pool, id, 'crashed', clock.now());
            if (id !== undefined) alive.delete(id);
          }
          await turn();
          const live = held.filter((got) => !got.connection.closed);
          const byWorker = Map.groupBy(live, (got) => got.workerId);
          for (const leases of byWorker.values()) assert.ok(leases.length <= concurrency);
          assert.ok(pool.stats().lent >= 0);
        }
        for (const got of held) got.release('healthy');
        await clock.advanceAsync(10_000);
        for (const got of held) got.release('healthy');
        assert.equal(pool.stats().lent, 0);
        assert.equal(settled, asked, 'every caller has heard');
      },
    ),
    { numRuns: 60 },
  );
});
