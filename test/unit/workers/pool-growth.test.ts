import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPool } from '../../fakes/pool-subject.ts';

/** One busy one-call worker, and one caller that waits for it. */
function shortPool(hasIdleProcessor: () => boolean) {
  const subject = createPool({ hasIdleProcessor });
  const { pool, processes, acquire } = subject;
  const first = acquire();
  processes.ready(pool, 'w1');
  const second = acquire();
  return { ...subject, first, second };
}

test('pool growth: one more process is started for who has waited a moment', async () => {
  const { clock, processes, first } = shortPool(() => true);
  await first;
  clock.advance(4);
  assert.equal(processes.started.length, 1);
  clock.advance(1);
  assert.equal(processes.started.length, 2);
});

test('pool growth: where no processor is idle the wait is longer, and ends all the same', async () => {
  const { clock, processes, first } = shortPool(() => false);
  await first;
  clock.advance(99);
  assert.equal(processes.started.length, 1);
  clock.advance(1);
  assert.equal(processes.started.length, 2);
});

test('pool growth: a processor that becomes idle is noticed meanwhile', async () => {
  let idle = false;
  const { clock, processes, first } = shortPool(() => idle);
  await first;
  clock.advance(30);
  idle = true;
  clock.advance(25);
  assert.equal(processes.started.length, 2);
});

test('pool growth: callers that are served meanwhile need none', async () => {
  const { clock, processes, first, second } = shortPool(() => false);
  (await first).release('healthy');
  await second;
  clock.advance(1_000);
  assert.equal(processes.started.length, 1);
});
