// A Python worker with a behaviour loaded, for the tests beside this file; ended after the test that asked for it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import row from '../../../runtimes/python/runtime.json' with { type: 'json' };
import type { LoadMessage } from '../../../src/protocol/messages.ts';
import { type Answer, WorkerProcess, type WorkerProgram } from '../harness.ts';

const repository = join(import.meta.dirname, '../../..');
/** Folder of the worker program. */
export const workerFolder = join(repository, 'runtimes/python');

/** The interpreter itself: what the PATH finds may be a script that chooses one. null: this host has no Python. */
export const interpreter = findInterpreter();

/** For `describe`: the reason to skip everything, or false. */
export const skip: string | false = interpreter === null ? 'no python3 on this host' : false;

export function behaviourFolder(behaviour: string): string {
  return join(repository, 'fixtures/behaviours', behaviour);
}

/** The command as the gateway gives it. */
export function pythonProgram(env: Readonly<Record<string, string>> = {}): WorkerProgram {
  return {
    file: interpreter ?? 'python3',
    args: [...row.interpreterArgs, join(workerFolder, 'main.py')],
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', ...env },
  };
}

/** Runs Python code with the worker's package importable; returns what it printed. */
export function runPython(code: string): string {
  const path = `import sys; sys.path.insert(0, ${JSON.stringify(workerFolder)})\n`;
  return execFileSync(interpreter ?? 'python3', [...row.interpreterArgs, '-c', path + code], {
    encoding: 'utf8',
  });
}

/** Starts a worker that has loaded nothing yet. */
export function startWorker(test: TestContext, program: WorkerProgram = pythonProgram()): WorkerProcess {
  const started = new WorkerProcess(program);
  test.after(() => started.close());
  return started;
}

export type LoadOptions = Partial<LoadMessage>;

export function loadBehaviour(worker: WorkerProcess, behaviour: string, over: LoadOptions = {}) {
  return worker.load({ entry: join(behaviourFolder(behaviour), 'handler.py'), ...over });
}

/** Starts a worker with the behaviour loaded and ready. */
export async function loaded(
  test: TestContext,
  behaviour: string,
  over: LoadOptions = {},
  program: WorkerProgram = pythonProgram(),
): Promise<WorkerProcess> {
  const started = startWorker(test, program);
  const verdict = await loadBehaviour(started, behaviour, over);
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return started;
}

/** The body of an answer that should be JSON. */
export function jsonOf(answer: Answer): unknown {
  assert.equal(answer.error, null);
  return JSON.parse(answer.body.toString('utf8'));
}

function findInterpreter(): string | null {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}
