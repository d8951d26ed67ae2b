// A Lua worker with a behaviour loaded, for the tests beside this file; ended after the test that asked for it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import type { LoadMessage } from '../../../src/protocol/messages.ts';
import { type Answer, WorkerProcess, type WorkerProgram } from '../harness.ts';

const repository = join(import.meta.dirname, '../../..');
const program = join(repository, 'runtimes/lua/main.ts');
const luaModule = join(repository, 'node_modules/wasmoon/dist/glue.wasm');

function behaviourEntry(behaviour: string): string {
  return join(repository, 'fixtures/behaviours', behaviour, 'handler.lua');
}

/** The command as the gateway would give it: under Node's permission model, with grants for one function's folder. */
export function luaProgram(folder: string, memoryMb = 512): WorkerProgram {
  const readable = [`${dirname(dirname(program))}/*`, `${join(repository, 'src')}/*`, luaModule, folder];
  return {
    file: process.execPath,
    args: [
      '--permission',
      '--disable-warning=ExperimentalWarning',
      ...readable.map((path) => `--allow-fs-read=${path}`),
      program,
      luaModule,
      String(memoryMb),
    ],
  };
}

/** Whose end is the end of what was started: a test, or a suite. */
export interface Owner {
  after(end: () => unknown): void;
}

/** One worker for all tests of a suite. */
export function suiteWorker(start: (owner: Owner) => Promise<WorkerProcess>): () => WorkerProcess {
  const ends: (() => unknown)[] = [];
  let worker: WorkerProcess | null = null;
  before(async () => {
    worker = await start({ after: (end) => ends.push(end) });
  });
  after(async () => {
    for (const end of ends) await end();
  });
  return () => {
    assert.ok(worker !== null);
    return worker;
  };
}

/** Starts a worker that has loaded nothing yet. */
export function startWorker(owner: Owner, worker: WorkerProgram): WorkerProcess {
  const started = new WorkerProcess(worker);
  owner.after(() => started.close());
  return started;
}

export interface LoadOptions extends Partial<LoadMessage> {
  readonly memoryMb?: number;
}

/** Starts a worker with the behaviour loaded and ready. */
export async function loaded(
  owner: Owner,
  behaviour: string,
  over: LoadOptions = {},
): Promise<WorkerProcess> {
  const { memoryMb, ...load } = over;
  const entry = load.entry ?? behaviourEntry(behaviour);
  const started = startWorker(owner, luaProgram(dirname(entry), memoryMb));
  const verdict = await started.load({ ...load, entry });
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return started;
}

/** A function folder of its own with these files, gone after the test; returns the path of `handler.lua`. */
export function luaFolder(owner: Owner, files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-lua-'));
  owner.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, 'handler.lua');
}

/** A worker with `source` as its handler file. */
export function loadedSource(owner: Owner, source: string, over: LoadOptions = {}): Promise<WorkerProcess> {
  return loaded(owner, '', { ...over, entry: luaFolder(owner, { 'handler.lua': source }) });
}

/** The body of an answer that should be JSON. */
export function jsonOf(answer: Answer): unknown {
  assert.equal(answer.error, null, answer.detail ?? '');
  return JSON.parse(answer.body.toString('utf8'));
}
