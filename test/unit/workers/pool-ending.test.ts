import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lease } from '../../../src/workers/lease.ts';
import { code, createPool, lease, turn } from '../../fakes/pool-subject.ts';

test('pool: a poisoned one-call worker is killed at once, replaced for those who wait, and never lent again', async () => {
  const { pool, processes, acquire } = createPool({ maxProcesses: 1 });
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
  const { pool, processes, clock, acquire } = createPool();
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
  const { pool, processes, clock, acquire } = createPool();
  const waiting = [acquire(), acquire()];
  processes.ready(pool, 'w1', 8);
  const [bad] = await Promise.all(waiting);
  bad?.release('poisoned');
  await clock.advanceAsync(2_600);
  assert.deepEqual(processes.ended, ['kill w1 deadline']);
});

test('pool: a poisoned worker that does not answer within 100 ms is killed with everything on it', async () => {
  const { pool, processes, clock, acquire } = createPool();
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
  const { pool, processes, acquire } = createPool();
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
  const { pool, processes, clock } = createPool({ minWarm: 1, idleTtlMs: 10_000 });
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

test('pool: a worker that is busy when the idle time of its last call is over stays', async () => {
  const { pool, processes, clock, acquire } = createPool({ idleTtlMs: 10_000 });
  void acquire().then((got) => got.release('healthy'));
  processes.ready(pool, 'w1');
  await turn();
  clock.advance(9_000);
  const busy = lease(pool);
  clock.advance(60_000);
  assert.deepEqual(processes.ended, []);
  busy.release('healthy');
  clock.advance(9_999);
  assert.deepEqual(processes.ended, []);
  clock.advance(1);
  assert.deepEqual(processes.ended, ['stop w1 idle']);
});

test('pool: without min_warm the last idle worker ends too, and the next caller starts one', async () => {
  const { pool, processes, clock, acquire } = createPool({ idleTtlMs: 10_000 });
  void acquire().then((got) => got.release('healthy'));
  processes.ready(pool, 'w1');
  await turn();
  clock.advance(10_000);
  assert.deepEqual(processes.ended, ['stop w1 idle']);
  void acquire();
  assert.equal(processes.started.length, 2);
});

test('pool: draining serves what was admitted, then ends every process', async () => {
  const { pool, processes, clock, acquire } = createPool({ maxProcesses: 1 });
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
  const { pool, processes, clock, acquire } = createPool({ maxProcesses: 2 });
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
        const { pool, processes, clock, acquire } = createPool({ maxProcesses: 3, idleTtlMs: 500 });
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
