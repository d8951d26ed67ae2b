import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { IdleProcessors } from '../../../src/supervisor/idle-processors.ts';
import { FakeClock } from '../../fakes/clock.ts';

const linuxOnly = process.platform === 'linux' ? false : 'needs proc_stat(5) of Linux';

/** Two processors whose idle and busy ticks the test counts. */
function host() {
  const clock = new FakeClock(1_000);
  const ticks = { idle: 5_000, busy: 100 };
  let reads = 0;
  const readStat = () => {
    reads += 1;
    return `cpu  ${ticks.busy} 0 0 ${ticks.idle} 0 0 0 0 7 7\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 1\n`;
  };
  const processors = new IdleProcessors({ clock, processors: 2, readStat });
  const pass = (ms: number, idle: number, busy: number): void => {
    clock.advance(ms);
    ticks.idle += idle;
    ticks.busy += busy;
  };
  return { processors, pass, reads: () => reads };
}

test('idle processors: busy ones are seen after a window, and idle ones again', () => {
  const { processors, pass } = host();
  assert.equal(processors.any, true, 'nothing is known yet');
  pass(100, 1, 19);
  assert.equal(processors.any, false);
  pass(100, 10, 10);
  assert.equal(processors.any, true);
});

test('idle processors: half of one is enough to say so', () => {
  const { processors, pass } = host();
  assert.equal(processors.any, true);
  pass(400, 20, 60);
  assert.equal(processors.any, true);
  pass(400, 19, 61);
  assert.equal(processors.any, false);
});

test('idle processors: the host is asked once a window', () => {
  const { processors, pass, reads } = host();
  for (let n = 0; n < 100; n += 1) assert.equal(processors.any, true);
  assert.equal(reads(), 1);
  pass(100, 0, 20);
  assert.equal(processors.any, false);
  assert.equal(processors.any, false);
  assert.equal(reads(), 2);
});

test('idle processors: what was busy a while ago says nothing about now', () => {
  const { processors, pass } = host();
  assert.equal(processors.any, true);
  pass(100, 0, 20);
  assert.equal(processors.any, false);
  pass(1_001, 0, 200);
  assert.equal(processors.any, true);
});

for (const [host, readStat] of [
  ['without the file', () => assert.fail('ENOENT')],
  ['with another format', () => 'processors: all busy\n'],
] as const) {
  test(`idle processors: a host ${host} is taken for idle`, () => {
    const clock = new FakeClock(1_000);
    const processors = new IdleProcessors({ clock, processors: 2, readStat });
    for (let n = 0; n < 3; n += 1) {
      assert.equal(processors.any, true);
      clock.advance(100);
    }
  });
}

test('idle processors: this host is understood', { skip: linuxOnly }, async () => {
  const clock = new FakeClock(1_000);
  // Of no processors none is ever idle, once the ticks have been read.
  const processors = new IdleProcessors({ clock, processors: 0 });
  assert.equal(processors.any, true);
  await sleep(50);
  clock.advance(100);
  assert.equal(processors.any, false);
});
