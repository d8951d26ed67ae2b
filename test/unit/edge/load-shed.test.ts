import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LoadShed, systemLoopDelay } from '../../../src/edge/load-shed.ts';
import { FakeClock } from '../../fakes/clock.ts';

/** Of 100 requests, how many are refused. */
function refusedOf(shed: LoadShed): number {
  let refused = 0;
  for (let i = 0; i < 100; i++) {
    try {
      shed.check();
    } catch {
      refused++;
    }
  }
  return refused;
}

describe('load-shed', () => {
  const shedOf = (limitMs: number) => {
    const clock = new FakeClock();
    const loop = { lateMs: 0, looks: 0, refused: 0 };
    const delay = {
      takeMs() {
        loop.looks++;
        return loop.lateMs;
      },
      close() {},
    };
    const shed = new LoadShed({ limitMs, clock, delay, onRefused: () => loop.refused++ });
    /** Late by so much for two windows. */
    const after = (lateMs: number, windowMs = 250) => {
      loop.lateMs = lateMs;
      clock.advance(windowMs);
      refusedOf(shed);
      clock.advance(windowMs);
      loop.refused = 0;
      return refusedOf(shed);
    };
    refusedOf(shed);
    return { shed, loop, after };
  };

  test('nobody is refused while the loop is on time, and the more the later it is', () => {
    const { after } = shedOf(100);
    assert.deepEqual(
      [after(0), after(100), after(110), after(150), after(200), after(900)],
      [0, 0, 10, 50, 100, 100],
    );
    assert.equal(after(20), 0);
  });

  test('late once is no reason, nor is what was long ago', () => {
    const { shed, loop, after } = shedOf(100);
    loop.lateMs = 1000;
    assert.equal(refusedOf(shed), 0);
    assert.equal(after(1000, 3000), 0);
    assert.equal(after(1000), 100);
  });

  test('the refusal is 503 and says when to come back', () => {
    const { shed, loop, after } = shedOf(100);
    assert.equal(after(1000), loop.refused);
    assert.throws(() => shed.check(), { code: 'overloaded', status: 503, headers: { 'Retry-After': '1' } });
  });

  test('the loop is looked at once in a while, not at every request; never where the limit is off', () => {
    const { loop, after } = shedOf(100);
    after(0);
    assert.equal(loop.looks, 3);
    const off = shedOf(0);
    assert.deepEqual([off.after(1e9), off.loop.looks], [0, 0]);
  });

  test('the measured delay of a loop that is blocked again and again is large, of an idle one small', async () => {
    const delay = systemLoopDelay();
    const until = performance.now() + 400;
    while (performance.now() < until) {
      const blocked = performance.now() + 80;
      while (performance.now() < blocked);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(delay.takeMs() > 40);
    delay.close();
  });
});
