// A Node worker with a behaviour loaded, for the tests beside this file; ended after the test that asked for it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LoadMessage } from '../../../src/protocol/messages.ts';
import { type Answer, WorkerProcess, type WorkerProgram } from '../harness.ts';

const repository = join(import.meta.dirname, '../../..');
const program = join(repository, 'runtimes/node/main.ts');

export function behaviourEntry(behaviour: string): string {
  const folder = join(repository, 'fixtures/behaviours', behaviour);
  return ['handler.js', 'handler.ts'].map((name) => join(folder, name)).find(existsSync) ?? folder;
}

/** The command as the gateway would give it: plain, or under Node's permission model with grants for one function. */
export function nodeProgram(grants: { readonly read: readonly string[] } | null = null): WorkerProgram {
  const options =
    grants === null
      ? []
      : [
          '--permission',
          '--allow-net',
          '--disable-warning=ExperimentalWarning',
          ...[`${dirname(program)}/*`, ...grants.read].map((path) => `--allow-fs-read=${path}`),
        ];
  return { file: process.execPath, args: [...options, program] };
}

/** Starts a worker that has loaded nothing yet. */
export function startWorker(test: TestContext, worker: WorkerProgram = nodeProgram()): WorkerProcess {
  const started = new WorkerProcess(worker);
  test.after(() => started.close());
  return started;
}

export type LoadOptions = Partial<LoadMessage>;

/** Starts a worker with the behaviour loaded and ready. */
export async function loaded(
  test: TestContext,
  behaviour: string,
  over: LoadOptions = {},
  worker: WorkerProgram = nodeProgram(),
): Promise<WorkerProcess> {
  const started = startWorker(test, worker);
  const verdict = await started.load({ entry: behaviourEntry(behaviour), ...over });
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return started;
}

/** The body of an answer that should be JSON. */
export function jsonOf(answer: Answer): unknown {
  assert.equal(answer.error, null);
  return JSON.parse(answer.body.toString('utf8'));
}

/** The event that an `echo` behaviour got. */
export function eventOf(answer: Answer): Record<string, unknown> {
  return (jsonOf(answer) as { event: Record<string, unknown> }).event;
}
