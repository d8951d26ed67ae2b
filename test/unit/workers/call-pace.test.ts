import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallPace, maxAhead } from '../../../src/workers/call-pace.ts';

function proved(): CallPace {
  const pace = new CallPace();
  for (let n = 0; n < 300; n += 1) pace.ended(0.1, n);
  assert.equal(pace.ahead, maxAhead);
  return pace;
}

test('call pace: nothing is handed ahead before a function has proved quick', () => {
  const pace = new CallPace();
  assert.equal(pace.ahead, 0);
  for (let n = 0; n < 100; n += 1) pace.ended(0.1, n);
  assert.equal(pace.ahead, 0, 'a hundred calls prove nothing yet');
  for (let n = 0; n < 200; n += 1) pace.ended(0.1, n);
  assert.equal(pace.ahead, maxAhead);
});

test('call pace: a function that takes some milliseconds never gets there', () => {
  const pace = new CallPace();
  for (let n = 0; n < 10_000; n += 1) pace.ended(5, n);
  assert.equal(pace.ahead, 0);
});

test('call pace: one slow call ends it for ten seconds, the next one for twenty', () => {
  const pace = proved();
  const pausedFor = (fromMs: number): number => {
    pace.ended(1_000, fromMs);
    assert.equal(pace.ahead, 0);
    let nowMs = fromMs;
    while (pace.ahead === 0) {
      nowMs += 1;
      pace.ended(0.1, nowMs);
    }
    return nowMs - fromMs;
  };
  assert.equal(pausedFor(1_000), 10_000);
  assert.equal(pausedFor(20_000), 20_000);
  assert.equal(pausedFor(100_000), 40_000);
});

test('call pace: instead of a process only what is done in that time, and behind nothing uneven', () => {
  const pace = new CallPace();
  for (let n = 0; n < 1_000; n += 1) pace.ended(1, n);
  assert.equal(pace.aheadWithin(5), 4, 'a mean a little over 1 ms');
  pace.ended(25, 1_000);
  for (let n = 0; n < 255; n += 1) pace.ended(1, 1_000);
  assert.equal(pace.ahead, maxAhead, 'not slow');
  assert.equal(pace.aheadWithin(5), 0, 'but uneven, and that is not long ago');
  pace.ended(1, 1_000);
  assert.ok(pace.aheadWithin(5) > 0);
});

test('call pace: slow calls while nothing is handed ahead cost no pause', () => {
  const pace = new CallPace();
  for (let n = 0; n < 50; n += 1) pace.ended(1_000, n);
  for (let n = 0; n < 400; n += 1) pace.ended(0.1, n);
  assert.equal(pace.ahead, maxAhead);
});
