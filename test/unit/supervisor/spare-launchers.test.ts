import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { SpareLaunchers } from '../../../src/supervisor/spare-launchers.ts';
import { FakeClock } from '../../fakes/clock.ts';

function create(script: string, count: number) {
  const clock = new FakeClock();
  const spares = new SpareLaunchers({
    command: { file: process.execPath, args: ['-e', script], env: {} },
    count,
    clock,
    log: silentLog,
    random: () => 0.5,
  });
  return { clock, spares };
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 200 && !condition(); n += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(condition());
}

const waits = 'process.stdin.resume()';

test('spare launchers: a taken one is replaced a moment later, not at once', async () => {
  const { clock, spares } = create(waits, 1);
  assert.equal(spares.waiting, 1);
  const taken = spares.take();
  assert.equal(spares.waiting, 0);
  clock.advance(99);
  assert.equal(spares.waiting, 0);
  clock.advance(1);
  assert.equal(spares.waiting, 1);
  await spares.close();
  taken.group.signal('SIGKILL');
  await new Promise<void>((resolve) => taken.whenExited(() => resolve()));
  taken.output.close();
});

test('spare launchers: without spares a launcher is started on demand', async () => {
  const { spares } = create(waits, 0);
  const taken = spares.take();
  assert.ok(taken.pid > 0);
  taken.group.signal('SIGKILL');
  await new Promise<void>((resolve) => taken.whenExited(() => resolve()));
  taken.output.close();
  await spares.close();
});

test('spare launchers: one that dies is replaced with a growing delay, not in a loop', async () => {
  const { clock, spares } = create('process.exit(1)', 1);
  for (const delay of [500, 1_000, 2_000]) {
    await until(() => spares.waiting === 0);
    clock.advance(delay - 1);
    assert.equal(spares.waiting, 0);
    clock.advance(1);
    assert.equal(spares.waiting, 1);
  }
  await spares.close();
});

test('spare launchers: close reaps all of them and starts no more', async () => {
  const { clock, spares } = create(waits, 2);
  await spares.close();
  clock.advance(60_000);
  assert.equal(spares.waiting, 0);
  assert.equal(clock.pending, 0);
});
