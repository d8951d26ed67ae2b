import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CpuMeter } from '../../../src/supervisor/cpu-meter.ts';

function create(limitMs: number) {
  const process = { usedMs: 500 as number | null };
  return { process, meter: new CpuMeter(limitMs, () => process.usedMs) };
}

test('cpu meter: one call is counted from its start, whatever the process used before', () => {
  const { process, meter } = create(100);
  assert.equal(meter.excess(), null);
  meter.callsChanged(1);
  process.usedMs = 600;
  assert.equal(meter.excess(), null);
  process.usedMs = 610;
  assert.equal(meter.excess(), 110);
});

test('cpu meter: calls one after the other do not add up', () => {
  const { process, meter } = create(100);
  for (let n = 1; n <= 5; n += 1) {
    meter.callsChanged(1);
    process.usedMs = 500 + 90 * n;
    assert.equal(meter.excess(), null);
    meter.callsChanged(0);
  }
  process.usedMs = 5_000;
  assert.equal(meter.excess(), null, 'between calls nothing is counted');
});

test('cpu meter: calls that run together share the sum of their times', () => {
  const { process, meter } = create(100);
  meter.callsChanged(1);
  process.usedMs = 590;
  meter.callsChanged(2);
  process.usedMs = 700;
  assert.equal(meter.excess(), null);
  process.usedMs = 710;
  assert.equal(meter.excess(), 210);
});

test('cpu meter: an end is progress and starts the count anew, a start beside others does not', () => {
  const { process, meter } = create(100);
  meter.callsChanged(1);
  meter.callsChanged(2);
  process.usedMs = 690;
  meter.callsChanged(1);
  assert.equal(meter.excess(), null);
  process.usedMs = 795;
  assert.equal(meter.excess(), 105);
});

test('cpu meter: a process that has gone exceeds nothing', () => {
  const { process, meter } = create(100);
  meter.callsChanged(1);
  process.usedMs = null;
  assert.equal(meter.excess(), null);
});
