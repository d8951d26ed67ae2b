import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageWatch } from '../../../src/supervisor/usage-watch.ts';
import { FakeClock } from '../../fakes/clock.ts';

function create() {
  const clock = new FakeClock();
  const watch = new UsageWatch(clock);
  const worker = {
    busy: false,
    tense: false,
    looks: 0,
    look() {
      worker.looks += 1;
      return worker.tense;
    },
  };
  const looksIn = (ms: number) => {
    const before = worker.looks;
    clock.advance(ms);
    return worker.looks - before;
  };
  return { clock, watch, worker, looksIn };
}

test('usage watch: an idle worker is looked at twice a second, a busy one ten times', () => {
  const { watch, worker, looksIn } = create();
  watch.add(worker);
  assert.equal(looksIn(5_000), 10);
  worker.busy = true;
  assert.equal(looksIn(1_000), 10);
  worker.busy = false;
  assert.equal(looksIn(5_000), 10);
});

test('usage watch: a call is seen at the next tick, not at the next calm look', () => {
  const { watch, worker, looksIn } = create();
  watch.add(worker);
  looksIn(100);
  worker.busy = true;
  assert.equal(looksIn(100), 1);
});

test('usage watch: close to a limit an idle worker is looked at as often as a busy one', () => {
  const { watch, worker, looksIn } = create();
  watch.add(worker);
  worker.tense = true;
  looksIn(500);
  assert.equal(looksIn(1_000), 10);
});

test('usage watch: a worker that was removed is not looked at, and nobody costs no timer', () => {
  const { clock, watch, worker, looksIn } = create();
  watch.add(worker);
  watch.remove(worker);
  assert.equal(looksIn(10_000), 0);
  assert.equal(clock.pending, 0);
});

test('usage watch: a worker may leave, or another come, while it is looked at', () => {
  const { clock, watch, worker } = create();
  const other = { busy: true, look: () => assert.fail('was removed before its turn') };
  const leaving = {
    busy: true,
    look: () => {
      watch.remove(leaving);
      watch.remove(other);
      watch.add(worker);
      return true;
    },
  };
  watch.add(leaving);
  watch.add(other);
  clock.advance(1_000);
  assert.equal(worker.looks, 1);
  watch.close();
  assert.equal(clock.pending, 0);
});
