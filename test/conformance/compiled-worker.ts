// Compiles the behaviours of a language with the product's own plan, without its jail, and starts workers of what came out.
// Downloads and compiled libraries are kept between runs, as the product keeps them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { type BuildPlan, type BuildStep, workspacePlaceholder } from '../../src/build/build-plan.ts';
import type { BuildPlanner, BuildTools, ToolVariable } from '../../src/build/build-planner.ts';
import { findHostProgram } from '../../src/config/host-program.ts';
import { runtimeRows } from '../../src/config/runtime-rows.ts';
import type { FunctionUnit } from '../../src/discovery/catalog.ts';
import { defaultBuildSettings } from '../../src/policy/build-settings.ts';
import type { LoadMessage } from '../../src/protocol/messages.ts';
import { WorkerProcess } from './harness.ts';

const repository = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** The folder of the behaviours, one file a language. */
export const behaviours = join(repository, 'fixtures/behaviours/compiled');

/** A state folder of gateways under test that outlives them, for what their builds download. */
export const buildState = join(repository, 'node_modules/.cache/fastfn-builds');
const buildCaches = join(buildState, 'deps/cache');

type CompiledLanguage = 'go' | 'rust';

/** For `describe`: why everything must be skipped, or false. */
export async function reasonToSkip(language: CompiledLanguage): Promise<string | false> {
  const { host } = runtimeRows[language];
  assert.ok(host !== null);
  const state = await findHostProgram(host, { override: null, environment: process.env, cwd: '/' });
  return state.found ? false : `no ${host.label} on this host: ${state.reason}`;
}

export function buildTools(over: Partial<BuildTools> = {}): BuildTools {
  return {
    settings: defaultBuildSettings,
    functionsRoot: repository,
    runtimesDir: join(repository, 'runtimes'),
    find: (variable: ToolVariable) => {
      const host = Object.values(runtimeRows)
        .map((row) => row.host)
        .find((program) => program?.variable === variable);
      assert.ok(host);
      return findHostProgram(host, { override: null, environment: process.env, cwd: '/' });
    },
    cacheDir: (name) => join(buildCaches, name),
    ...over,
  };
}

/** As much of a function as planners look at. */
export function unitOf(
  entry: string,
  readable: readonly string[] = [dirname(entry)],
  handler = 'handler',
): FunctionUnit {
  const unit = { entry, dir: dirname(entry), readable, name: 'x', policy: { handler } };
  return unit as unknown as FunctionUnit;
}

export async function planned(
  planner: BuildPlanner,
  unit: FunctionUnit,
  tools = buildTools(),
): Promise<BuildPlan> {
  const plan = await planner(unit, tools);
  assert.ok(plan !== null && plan.kind === 'program');
  return plan;
}

/** Carries a plan out in a temporary folder. */
export class CompiledProgram {
  readonly file: string;
  readonly #folder: string;

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    this.file = file;
  }

  static async make(plan: BuildPlan): Promise<CompiledProgram> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'compiled-')));
    try {
      for (const file of plan.files) {
        const target = join(folder, file.path);
        mkdirSync(dirname(target), { recursive: true });
        if ('text' in file) writeFileSync(target, file.text, { flag: 'wx' });
        else copyFileSync(file.copyOf, target);
      }
      for (const step of plan.steps) await runStep(step, folder);
      assert.ok(plan.output.program !== null);
      return new CompiledProgram(folder, join(folder, plan.output.program));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Starts a worker that has loaded nothing yet. */
  start(test: TestContext): WorkerProcess {
    const started = new WorkerProcess({ file: this.file, args: [], env: {} });
    test.after(() => started.close());
    return started;
  }

  /** Starts a worker that is ready. */
  async loaded(test: TestContext, over: Partial<LoadMessage> = {}): Promise<WorkerProcess> {
    const started = this.start(test);
    const verdict = await started.load({ entry: join(behaviours, 'handler'), ...over });
    assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
    return started;
  }

  /** The worker of a whole group of tests, which ends it. */
  async loadedForAll(over: Partial<LoadMessage> = {}): Promise<WorkerProcess> {
    const started = new WorkerProcess({ file: this.file, args: [], env: {} });
    assert.equal((await started.load({ entry: join(behaviours, 'handler'), ...over })).type, 'ready');
    return started;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function runStep(step: BuildStep, dir: string): Promise<void> {
  const fill = (text: string) => text.replaceAll(workspacePlaceholder, dir);
  for (const cache of step.caches) mkdirSync(cache, { recursive: true });
  const own = Object.entries(step.env).map(([name, value]) => [name, fill(value)]);
  const toolFolders = step.toolchain.map((folder) => join(folder, 'bin')).join(':');
  const env = { ...Object.fromEntries(own), HOME: dir, PATH: `${toolFolders}:/usr/local/bin:/usr/bin:/bin` };
  await run(step.command.file, step.command.args.map(fill), { cwd: dir, env, timeout: step.timeoutMs });
}

/** An invocation whose query asks for one of the behaviours. */
export const forCase = (name: string) => ({ event: { query: { case: name } } });
