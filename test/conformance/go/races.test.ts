// The Go worker under Go's own race detector, while many calls of all kinds overlap. It needs a C compiler.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildPlan } from '../../../src/build/build-plan.ts';
import { planGo } from '../../../src/build/go/plan-go.ts';
import { behaviours, CompiledProgram, forCase, planned, reasonToSkip, unitOf } from '../compiled-worker.ts';
import type { WorkerProcess } from '../harness.ts';

const noCompiler = spawnSync('cc', ['--version']).status === 0 ? false : 'no C compiler on this host';
const skip = (await reasonToSkip('go')) || noCompiler;

const cases = [
  ...['sleeps', 'prints', 'panic', 'reader', 'big-bytes', 'error', 'stream-channel', 'floods'],
  ...['csv-rows', 'goexit', 'writer', 'iterator', 'error-bytes', 'stream-broken', ''],
];

function withDetector(plan: BuildPlan): BuildPlan {
  const steps = plan.steps.map((step) => ({
    ...step,
    command: { ...step.command, args: step.command.args.toSpliced(1, 0, '-race') },
    env: { ...step.env, CGO_ENABLED: '1' },
  }));
  return { ...plan, steps };
}

async function overlap(worker: WorkerProcess): Promise<void> {
  const ended = Array.from({ length: 60 }, (_, index) => {
    const name = cases[index % cases.length] ?? '';
    return worker.invoke({ ...forCase(name), body: index % 3 === 0 ? Buffer.alloc(300_000, 65) : null });
  });
  const endless = [1, 2, 3].map(() => worker.begin(forCase('endless')));
  await sleep(30);
  for (const { id } of endless) worker.send({ type: 'cancel', id, reason: 'deadline' });
  await Promise.all([...ended, ...endless.map(({ answer }) => answer)]);
}

test('go: no two goroutines of the worker use the same memory without a lock', { skip }, async (context) => {
  const plan = await planned(planGo, unitOf(join(behaviours, 'handler.go')));
  const program = await CompiledProgram.make(withDetector(plan));
  context.after(() => program.remove());
  const worker = await program.loaded(context);
  for (let round = 0; round < 4; round += 1) await overlap(worker);
  // 66: the detector has something to say.
  assert.equal(await worker.close(), 0, worker.rawOutput.slice(0, 4_000));
});
