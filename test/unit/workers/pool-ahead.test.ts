import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxAhead } from '../../../src/workers/call-pace.ts';
import type { Lease } from '../../../src/workers/lease.ts';
import { createPool, lease } from '../../fakes/pool-subject.ts';

/** Two one-call workers, idle, of a function that has proved quick. */
function quickPool(maxProcesses = 2) {
  const subject = createPool({ maxProcesses, minWarm: 2 });
  const { pool, processes } = subject;
  pool.warm();
  for (const id of [...processes.started]) processes.ready(pool, id);
  for (let n = 0; n < 400; n += 1) lease(pool).release('healthy');
  return subject;
}

function takeAll(pool: { tryAcquire(): Lease | null }): Lease[] {
  const taken: Lease[] = [];
  for (let next = pool.tryAcquire(); next !== null; next = pool.tryAcquire()) taken.push(next);
  return taken;
}

test('pool: calls of a quick function go to idle workers first, then ahead of their time to busy ones', () => {
  const { pool } = quickPool();
  const taken = takeAll(pool);
  assert.equal(taken.length, 2 * (1 + maxAhead));
  assert.deepEqual(
    taken.slice(0, 4).map(({ workerId, begun }) => [workerId, begun]),
    [
      ['w1', true],
      ['w2', true],
      ['w1', false],
      ['w2', false],
    ],
  );
});

test('pool: a call that was handed ahead begins when the one before it ends', () => {
  const { pool } = quickPool();
  const [first, , ahead] = takeAll(pool);
  first?.release('healthy');
  assert.equal(ahead?.begun, true);
});

test('pool: what a dead worker held for later has not begun, whoever is told first', () => {
  const { pool, processes } = quickPool();
  const taken = takeAll(pool).filter(({ workerId }) => workerId === 'w1');
  processes.connections.get('w1')?.close();
  taken[0]?.release('healthy');
  assert.deepEqual(
    taken.map(({ begun }) => begun),
    [true, ...Array(maxAhead).fill(false)],
  );
});

test('pool: quick and even calls are handed ahead instead of to one more process', () => {
  const { pool, processes } = quickPool(3);
  assert.equal(takeAll(pool).length, 2 * (1 + maxAhead));
  assert.equal(processes.started.length, 2);
});

test('pool: after one uneven call the next ones have a process more before they are handed ahead', () => {
  const { pool, clock } = quickPool(3);
  const uneven = lease(pool);
  clock.advance(25);
  uneven.release('healthy');
  assert.equal(takeAll(pool).length, 2);
});

test('pool: after a slow call the next ones wait in line again', () => {
  const { pool, clock } = quickPool();
  const slow = lease(pool);
  clock.advance(300);
  slow.release('healthy');
  assert.equal(takeAll(pool).length, 2);
});

test('pool: a worker that is stuck with calls ahead is avoided', async () => {
  const { pool, processes, clock } = quickPool();
  const taken = takeAll(pool);
  const stuck = processes.connections.get('w1');
  if (stuck !== undefined) stuck.answers = false;
  await clock.advanceAsync(160);
  for (const one of taken) one.release('healthy');
  assert.equal(lease(pool).workerId, 'w2');
});
