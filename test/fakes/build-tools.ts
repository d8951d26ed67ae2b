// What a planner is given, for tests: a functions folder from a table of files, one function of it, and tools that are scripts
// in a temporary folder or not there at all.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BuildTools, ToolState, ToolVariable } from '../../src/build/build-planner.ts';
import type { FunctionUnit } from '../../src/discovery/catalog.ts';
import {
  type BuildSettings,
  defaultBuildSettings,
  type InferenceSettings,
} from '../../src/policy/build-settings.ts';
import type { RuntimeName } from '../../src/policy/runtime-name.ts';
import { makeTree } from '../integration/support/tree.ts';
import { functionUnit } from './function-unit.ts';

export interface PlanSubject {
  readonly root: string;
  readonly unit: FunctionUnit;
  readonly tools: BuildTools;
}

export interface PlanInput {
  readonly runtime: RuntimeName;
  /** Path → text, below the functions root. */
  readonly files: Readonly<Record<string, string>>;
  /** Handler, one of `files`. */
  readonly entry: string;
  readonly packs?: readonly string[];
  readonly settings?: Partial<BuildSettings>;
  readonly inference?: Partial<InferenceSettings>;
  readonly tools?: Partial<Record<ToolVariable, ToolState>>;
}

/** The folder goes when the test ends. */
export function planSubject(test: TestContext, input: PlanInput): PlanSubject {
  const root = makeTree(input.files);
  test.after(() => rmSync(root, { recursive: true, force: true }));
  const entry = join(root, input.entry);
  const dir = dirname(entry);
  const base = functionUnit({ sharedDeps: input.packs ?? [] });
  const settings: BuildSettings = {
    ...defaultBuildSettings,
    ...input.settings,
    inference: { ...defaultBuildSettings.inference, ...input.inference },
  };
  return {
    root,
    unit: { ...base, runtime: input.runtime, entry, dir, home: dir, readable: [dir] },
    tools: {
      settings,
      functionsRoot: root,
      runtimesDir: join(root, 'none'),
      find: async (variable) => input.tools?.[variable] ?? { found: false, reason: 'not found' },
      cacheDir: (name) => `/state/cache/${name}`,
    },
  };
}

/** An executable that does what `script` says; removed with the test's other files when `folder` is. */
export function scriptTool(folder: string, name: string, script: string, version = '1.0.0'): ToolState {
  const path = join(folder, name);
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { found: true, path, version, readable: [] };
}
