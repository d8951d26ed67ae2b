// A PHP worker with a behaviour loaded, for the tests beside this file; ended after the test that asked for it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import row from '../../../runtimes/php/runtime.json' with { type: 'json' };
import type { LoadMessage } from '../../../src/protocol/messages.ts';
import { type Answer, WorkerProcess, type WorkerProgram } from '../harness.ts';

const repository = join(import.meta.dirname, '../../..');
/** Folder of the worker program. */
const workerFolder = join(repository, 'runtimes/php');

/** The interpreter itself: what the PATH finds may be a script that chooses one. null: this host has no PHP. */
const interpreter = findInterpreter();

/** For `describe`: the reason to skip everything, or false. */
export const skip: string | false = interpreter === null ? 'no php on this host' : false;

export function behaviourFolder(behaviour: string): string {
  return join(repository, 'fixtures/behaviours', behaviour);
}

/** The command as the gateway gives it to a function in a strict sandbox. */
export function phpProgram(env: Readonly<Record<string, string>> = {}): WorkerProgram {
  return {
    file: interpreter ?? 'php',
    args: [...row.interpreterArgs, ...row.strictArgs, join(workerFolder, 'main.php')],
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', ...env },
  };
}

/** Runs PHP code behind the worker's classes, without a worker; returns what it printed. */
export function runPhp(code: string): string {
  const files = ['limits', 'text', 'frame', 'headers', 'message', 'csv', 'guard', 'result', 'source-text'];
  const load = files.map((name) => `require ${JSON.stringify(join(workerFolder, `worker/${name}.php`))};\n`);
  return execFileSync(interpreter ?? 'php', [...row.interpreterArgs, '-r', load.join('') + code], {
    encoding: 'utf8',
  });
}

/** Starts a worker that has loaded nothing yet. */
export function startWorker(test: TestContext, program: WorkerProgram = phpProgram()): WorkerProcess {
  const started = new WorkerProcess(program);
  test.after(() => started.close());
  return started;
}

type LoadOptions = Partial<LoadMessage>;

export function loadBehaviour(worker: WorkerProcess, behaviour: string, over: LoadOptions = {}) {
  return worker.load({ entry: join(behaviourFolder(behaviour), 'handler.php'), ...over });
}

/** Starts a worker with the behaviour loaded and ready. */
export async function loaded(
  test: TestContext,
  behaviour: string,
  over: LoadOptions = {},
  program: WorkerProgram = phpProgram(),
): Promise<WorkerProcess> {
  const started = startWorker(test, program);
  const verdict = await loadBehaviour(started, behaviour, over);
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return started;
}

/** An invocation whose query asks a behaviour for one of its cases. */
export const forCase = (name: string) => ({ event: { query: { case: name } } });

/** The body of an answer that should be JSON. */
export function jsonOf(answer: Answer): unknown {
  assert.equal(answer.error, null);
  return JSON.parse(answer.body.toString('utf8'));
}

function findInterpreter(): string | null {
  try {
    return execFileSync('php', ['-r', 'echo realpath(PHP_BINARY);'], { encoding: 'utf8' });
  } catch {
    return null;
  }
}
