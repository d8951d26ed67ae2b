// Finds one program of the host, asks it for its version, and for languages for the files that belong to it.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';
import { runBounded } from './bounded-command.ts';
import type { HostProgram } from './runtime-rows.ts';
import type { Environment } from './settings.ts';

export type HostProgramState =
  | {
      readonly found: true;
      /** Real binary where the program describes itself; else the path that was found. */
      readonly path: string;
      readonly version: string;
      /** The language's own files, links resolved, nothing nested; empty where the program does not describe itself. */
      readonly readable: readonly string[];
    }
  /** In words: `not found`, `found 3.8.1, needs 3.10 or newer`. */
  | { readonly found: false; readonly reason: string };

/** Where programs are looked for without a PATH, as execvp(3) and shells do: a unit or a cron job may have none. */
const defaultPath = '/usr/local/bin:/usr/bin:/bin';

export interface HostSearch {
  /** Value of the override variable; null: search the PATH. */
  readonly override: string | null;
  readonly environment: Environment;
  /** Relative overrides with a slash start here. */
  readonly cwd: string;
}

/** The first candidate that is new enough; else why not, told of the best-known one. */
export async function findHostProgram(program: HostProgram, search: HostSearch): Promise<HostProgramState> {
  const names = search.override === null ? program.commands : [search.override];
  let failure: HostProgramState = { found: false, reason: 'not found' };
  for (const [index, name] of names.entries()) {
    const path = locate(name, search);
    if (path === null) continue;
    const state = await examine(program, path, search.environment);
    if (state.found) return state;
    if (index === 0 || failure.reason === 'not found') failure = state;
  }
  return failure;
}

function locate(name: string, search: HostSearch): string | null {
  if (name.includes(sep)) {
    const path = resolve(search.cwd, name);
    return isExecutable(path) ? path : null;
  }
  const folders = (search.environment.PATH || defaultPath).split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function examine(
  program: HostProgram,
  path: string,
  environment: Environment,
): Promise<HostProgramState> {
  const args = program.describe === null ? program.versionArgs : describeArgs(program.describe);
  const outcome = await runBounded(path, args, environment);
  if (!outcome.ok) return { found: false, reason: `${path}: ${outcome.reason}` };
  const state =
    program.describe === null ? readVersion(outcome.stdout, path) : readDescription(outcome.stdout, path);
  if (!state.found || program.minimum === null || isAtLeast(state.version, program.minimum)) return state;
  const needed = program.minimum.replace(/(\.0)+$/, '');
  return { found: false, reason: `found ${state.version}, needs ${needed} or newer` };
}

function describeArgs(describe: NonNullable<HostProgram['describe']>): string[] {
  return [...describe.args, describe.code.join('\n')];
}

function readVersion(output: string, path: string): HostProgramState {
  const version = /\d+\.\d+(\.\d+)?/.exec(output)?.[0];
  return version === undefined
    ? { found: false, reason: `${path}: it does not tell its version` }
    : { found: true, path, version, readable: [] };
}

/** Checks each field: the program that answered may be anything that bears the name. */
function readDescription(output: string, path: string): HostProgramState {
  const facts = parseObject(output);
  const { version, interpreter, readable } = facts;
  const wellFormed =
    typeof version === 'string' &&
    /^\d+\.\d+\.\d+$/.test(version) &&
    typeof interpreter === 'string' &&
    isAbsolute(interpreter) &&
    isExecutable(interpreter) &&
    Array.isArray(readable);
  if (!wellFormed) return { found: false, reason: `${path}: it does not describe itself as expected` };
  const files = readable.filter((file): file is string => typeof file === 'string' && isAbsolute(file));
  return { found: true, path: interpreter, version, readable: withoutNested(files) };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Drops repeats and what lies below another entry, whose grant covers it. */
function withoutNested(files: readonly string[]): string[] {
  const all = [...new Set(files)].sort();
  return all.filter((file) => !all.some((other) => other !== file && file.startsWith(other + sep)));
}

function isAtLeast(version: string, minimum: string): boolean {
  const have = version.split('.').map(Number);
  for (const [index, need] of minimum.split('.').map(Number).entries()) {
    const part = have[index] ?? 0;
    if (part !== need) return part > need;
  }
  return true;
}
