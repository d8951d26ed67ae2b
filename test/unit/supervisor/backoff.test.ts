import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { afterEnd, type BackoffState, delayMs, noBackoff } from '../../../src/supervisor/backoff.ts';
import type { DeathCause } from '../../../src/supervisor/worker-spec.ts';

test('backoff: delays are 0.5, 1, 2, 4, 8 and then always 8 seconds', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 50].map((failures) => delayMs(failures, 0.5)),
    [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000],
  );
});

test('backoff: jitter stays within a tenth', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failures, random) => {
        const exact = delayMs(failures, 0.5);
        assert.ok(Math.abs(delayMs(failures, random) - exact) <= exact * 0.1 + 1e-9);
      },
    ),
  );
});

test('backoff: the first crash of a ready worker costs nothing, then 0.5, 1, 2 s', () => {
  let state: BackoffState = noBackoff;
  const waits: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    state = afterEnd(state, { cause: 'crashed', readyMs: 10 }, 1_000, 0.5);
    waits.push(state.retryAt - 1_000);
  }
  assert.deepEqual(waits, [0, 500, 1_000, 2_000]);
});

test('backoff: a start or load that fails waits from the first time on', () => {
  for (const cause of ['start_failed', 'load_failed'] as const) {
    const first = afterEnd(noBackoff, { cause, readyMs: null }, 0, 0.5);
    assert.deepEqual(first, { failures: 1, retryAt: 500 });
    assert.deepEqual(afterEnd(first, { cause, readyMs: null }, 600, 0.5), { failures: 2, retryAt: 1_600 });
  }
});

test('backoff: 30 healthy seconds start the count anew', () => {
  const state = { failures: 5, retryAt: 0 };
  assert.equal(afterEnd(state, { cause: 'crashed', readyMs: 29_999 }, 0, 0.5).failures, 6);
  assert.deepEqual(afterEnd(state, { cause: 'crashed', readyMs: 30_000 }, 0, 0.5), {
    failures: 1,
    retryAt: 0,
  });
});

test('backoff: workers that we ended on purpose count for nothing', () => {
  const planned: DeathCause[] = ['idle', 'replaced', 'drain', 'deadline', 'poisoned'];
  for (const cause of planned) {
    assert.deepEqual(afterEnd(noBackoff, { cause, readyMs: 5 }, 100, 0.5), noBackoff);
  }
});
