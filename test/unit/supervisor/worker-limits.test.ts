import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { defaultResourceLimits, type ResourceLimits } from '../../../src/policy/sandbox-policy.ts';
import type { WorkerCgroup } from '../../../src/supervisor/cgroup.ts';
import { UsageWatch } from '../../../src/supervisor/usage-watch.ts';
import { type LimitBreach, WorkerLimits } from '../../../src/supervisor/worker-limits.ts';
import { FakeClock } from '../../fakes/clock.ts';

const mib = 1024 * 1024;
const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

function create(limits: Partial<ResourceLimits> = {}, cgroup: Partial<WorkerCgroup> | null = null) {
  const tempDir = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-limits-')));
  made.push(tempDir);
  const clock = new FakeClock();
  const used = { memoryBytes: mib, threads: 1, cpuMs: 0, gone: false };
  const breaches: LimitBreach[] = [];
  const worker = new WorkerLimits(
    {
      pid: 0x7fff_ffff,
      tempDir,
      limits: { ...defaultResourceLimits, ...limits },
      cgroup: cgroup as WorkerCgroup | null,
    },
    {
      clock,
      watch: new UsageWatch(clock),
      usage: { readUsage: () => (used.gone ? null : used), readCpuMs: () => used.cpuMs },
    },
    (breach) => breaches.push(breach),
  );
  return { clock, used, breaches, worker, tempDir };
}

test('worker limits: memory past its limit is told once, in words with the limit', () => {
  const { clock, used, breaches } = create({ memoryBytes: 128 * mib });
  used.memoryBytes = 128 * mib;
  clock.advance(2_000);
  assert.deepEqual(breaches, []);
  used.memoryBytes += 1;
  clock.advance(2_000);
  assert.deepEqual(breaches, [
    { cause: 'memory', text: 'memory limit exceeded (128 MiB)', used: 128 * mib + 1 },
  ]);
});

test('worker limits: a worker that still starts is held to them, too', () => {
  const { clock, used, breaches } = create();
  used.memoryBytes = 1024 * mib;
  clock.advance(100);
  assert.equal(breaches.length, 1);
});

test('worker limits: threads', () => {
  const { clock, used, breaches } = create({ threads: 16 });
  used.threads = 17;
  clock.advance(100);
  assert.deepEqual(breaches, [{ cause: 'threads', text: 'threads limit exceeded (16 threads)', used: 17 }]);
});

test('worker limits: processor time of a call, not of the start and not of the time between calls', () => {
  const { clock, used, breaches, worker } = create({ cpuMs: 50 });
  used.cpuMs = 400;
  clock.advance(1_000);
  worker.callsChanged(0);
  used.cpuMs = 800;
  clock.advance(1_000);
  worker.callsChanged(1);
  used.cpuMs = 840;
  clock.advance(100);
  assert.deepEqual(breaches, []);
  used.cpuMs = 860;
  clock.advance(100);
  assert.deepEqual(breaches, [{ cause: 'cpu', text: 'cpu time limit exceeded (50 ms)', used: 60 }]);
});

test('worker limits: the temporary folder as a whole, in bytes and in entries', async () => {
  const full = create({ tempBytes: mib });
  for (const name of ['a', 'b', 'c']) writeFileSync(join(full.tempDir, name), Buffer.alloc(400_000, 1));
  full.clock.advance(100);
  await told(full.breaches);
  assert.equal(full.breaches[0]?.text, 'temporary files limit exceeded (1 MiB)');

  const many = create();
  for (let folder = 0; folder < 21; folder += 1) {
    mkdirSync(join(many.tempDir, `${folder}`));
    for (let n = 0; n < 1_000; n += 1) writeFileSync(join(many.tempDir, `${folder}`, `${n}`), '');
  }
  many.clock.advance(100);
  await told(many.breaches);
  assert.deepEqual(many.breaches, [
    { cause: 'disk', text: 'temporary files limit exceeded (20000 entries)', used: null },
  ]);
});

test('worker limits: nothing is told of a process that has gone or was buried', () => {
  const { clock, used, breaches, worker } = create();
  used.memoryBytes = 1024 * mib;
  used.gone = true;
  clock.advance(1_000);
  used.gone = false;
  worker.close();
  clock.advance(5_000);
  assert.deepEqual(breaches, []);
  assert.equal(clock.pending, 0);
});

test('worker limits: the kernel’s own verdict is asked of the cgroup, which goes with the worker', () => {
  let removed = 0;
  const cgroup = { isOutOfMemory: () => true, remove: () => (removed += 1) };
  const { worker } = create({ memoryBytes: 64 * mib }, cgroup as unknown as WorkerCgroup);
  assert.deepEqual(worker.killedByKernel(), {
    cause: 'memory',
    text: 'memory limit exceeded (64 MiB)',
    used: null,
  });
  worker.close();
  assert.equal(removed, 1);
  assert.equal(create().worker.killedByKernel(), null);
});

/** File I/O has no fake: waits for the first breach, at most 5 s. */
async function told(breaches: readonly LimitBreach[]): Promise<void> {
  for (let n = 0; n < 500 && breaches.length === 0; n += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
}
