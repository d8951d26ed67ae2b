// The languages of the table: where the program of each is, and how its worker is started on a bare socket. A language joins
// with a row here and its program in fixtures/promises.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildPlanner } from '../../../src/build/build-planner.ts';
import { planGo } from '../../../src/build/go/plan-go.ts';
import { planRust } from '../../../src/build/rust/plan-rust.ts';
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';
import { CompiledProgram, planned, reasonToSkip, unitOf } from '../compiled-worker.ts';
import { WorkerProcess, type WorkerProgram } from '../harness.ts';
import { luaProgram } from '../lua/lua-worker.ts';
import { nodeProgram } from '../node/node-worker.ts';
import { skip as noPhp, phpProgram } from '../php/php-worker.ts';
import { skip as noPython, pythonProgram } from '../python/python-worker.ts';

export interface Language {
  readonly name: RuntimeName;
  /** File name of the program. */
  readonly file: string;
  /** Why this host cannot run it, or false. */
  readonly missing: string | false;
  /** A worker that has loaded nothing yet; whoever starts it closes it. */
  start(): Promise<WorkerProcess>;
  /** Frees what starting needed. */
  close(): void;
}

const folderOf = (name: RuntimeName) => join(import.meta.dirname, '../../../fixtures/promises', name);

function entryOf({ name, file }: Language): string {
  return join(folderOf(name), file);
}

export function sourceOf(language: Language): string {
  return readFileSync(entryOf(language), 'utf8');
}

function interpreted(
  name: RuntimeName,
  file: string,
  missing: string | false,
  program: (entry: string) => WorkerProgram,
): Language {
  const entry = join(folderOf(name), file);
  return { name, file, missing, start: async () => new WorkerProcess(program(entry)), close: () => {} };
}

async function compiled(name: 'go' | 'rust', file: string, planner: BuildPlanner): Promise<Language> {
  const missing = await reasonToSkip(name);
  let program: Promise<CompiledProgram> | null = null;
  let made: CompiledProgram | null = null;
  return {
    name,
    file,
    missing,
    start: async () => {
      const entry = join(folderOf(name), file);
      program ??= planned(planner, unitOf(entry)).then((plan) => CompiledProgram.make(plan));
      made = await program;
      return new WorkerProcess({ file: made.file, args: [], env: {} });
    },
    close: () => made?.remove(),
  };
}

export const languages: readonly Language[] = [
  interpreted('node', 'handler.js', false, () => nodeProgram()),
  interpreted('python', 'handler.py', noPython, () => pythonProgram()),
  interpreted('php', 'handler.php', noPhp, () => phpProgram()),
  interpreted('lua', 'handler.lua', false, (entry) => luaProgram(dirname(entry))),
  await compiled('rust', 'handler.rs', planRust),
  await compiled('go', 'handler.go', planGo),
];

/** A started worker with its program loaded. */
export async function loadedWorker(language: Language): Promise<WorkerProcess> {
  const worker = await language.start();
  const env = { PROMISED: 'kept', PROMISED_SECRET: 'hush' };
  const verdict = await worker.load({ entry: entryOf(language), env });
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return worker;
}
