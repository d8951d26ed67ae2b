// What the files beside a handler say of its dependencies, in the words of contract/control-plane.md 6.1: manifests that are
// there, what they ask for, and what the last installation came to.

import { join } from 'node:path';
import type { DependencyState } from '../build/state-file.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { isObject } from '../discovery/checked-document.ts';
import { readTreeFile } from './tree-file.ts';

type Json = Readonly<Record<string, unknown>>;
type Report = Record<string, unknown>;

/** What the operator lets happen by itself. */
export interface Upkeep {
  /** Whether missing packages of the function's language are installed. */
  readonly autoInstall: boolean;
  /** Whether a change of the files is picked up without being asked for. */
  readonly hotReload: boolean;
}

const maxManifestBytes = 1_048_576;

/** One block named after the language, and `dependency_resolution` where something was installed. */
export async function dependencyReport(
  unit: FunctionUnit,
  resolution: DependencyState | null,
  upkeep: Upkeep,
): Promise<Report> {
  return {
    [unit.runtime]: await reporters[unit.runtime](unit, upkeep),
    ...(resolution === null ? {} : { dependency_resolution: resolution }),
  };
}

type Reporter = (unit: FunctionUnit, upkeep: Upkeep) => Promise<Report>;

const reporters: Readonly<Record<FunctionUnit['runtime'], Reporter>> = {
  python: async (unit, upkeep) => ({ requirements: await pythonRequirements(unit, upkeep) }),
  node: nodeReport,
  php: phpReport,
  lua: luaReport,
  rust: rustReport,
  go: goReport,
};

async function pythonRequirements(unit: FunctionUnit, upkeep: Upkeep): Promise<Report> {
  const [file, source] = [await readText(unit, 'requirements.txt'), await readText(unit, unit.entry)];
  const entries = (file ?? '')
    .split(/\r?\n/)
    .map((line) => line.replace(/\s*#.*$/, '').trim())
    .filter((line) => line !== '');
  const inline = [...(source ?? '').matchAll(/^#@requirements[ \t]+(.+)$/gm)].flatMap(([, list = '']) =>
    list.split(/[\s,]+/).filter((entry) => entry !== ''),
  );
  return {
    inline,
    file_path: join(unit.home, 'requirements.txt'),
    file_exists: file !== null,
    file_truncated: false,
    file_entries: entries,
    auto_install_enabled: upkeep.autoInstall,
  };
}

async function nodeReport(unit: FunctionUnit, upkeep: Upkeep): Promise<Report> {
  const manifest = await readJson(unit, 'package.json');
  const dependencies = keysOf(manifest?.['dependencies']);
  const devDependencies = keysOf(manifest?.['devDependencies']);
  const lock = await firstThere(unit, ['package-lock.json', 'npm-shrinkwrap.json']);
  return {
    package_json_path: join(unit.home, 'package.json'),
    package_json_exists: manifest !== null,
    ...(typeof manifest?.['name'] === 'string' ? { package_name: manifest['name'] } : {}),
    ...(lock === null ? {} : { lock_file: lock }),
    dependency_count: dependencies.length,
    dependencies,
    dev_dependency_count: devDependencies.length,
    dev_dependencies: devDependencies,
    auto_install_enabled: upkeep.autoInstall,
  };
}

async function phpReport(unit: FunctionUnit, upkeep: Upkeep): Promise<Report> {
  const manifest = await readJson(unit, 'composer.json');
  const dependencies = keysOf(manifest?.['require']);
  const devDependencies = keysOf(manifest?.['require-dev']);
  return {
    composer_json_path: join(unit.home, 'composer.json'),
    composer_json_exists: manifest !== null,
    composer_lock_exists: (await readText(unit, 'composer.lock')) !== null,
    dependency_count: dependencies.length,
    dependencies,
    dev_dependency_count: devDependencies.length,
    dev_dependencies: devDependencies,
    auto_install_enabled: upkeep.autoInstall,
  };
}

async function rustReport(unit: FunctionUnit, upkeep: Upkeep): Promise<Report> {
  const manifest = await readText(unit, 'Cargo.toml');
  const table = /^\[dependencies\][ \t]*$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(manifest ?? '')?.[1] ?? '';
  const dependencies = [...table.matchAll(/^[ \t]*([A-Za-z0-9_-]+)[ \t]*=/gm)].map(([, name = '']) => name);
  return {
    cargo_toml_path: join(unit.home, 'Cargo.toml'),
    cargo_toml_exists: manifest !== null,
    cargo_lock_exists: (await readText(unit, 'Cargo.lock')) !== null,
    dependency_count: dependencies.length,
    dependencies,
    hot_reload_enabled: upkeep.hotReload,
  };
}

async function luaReport(unit: FunctionUnit): Promise<Report> {
  const source = (await readText(unit, unit.entry)) ?? '';
  const required = [...source.matchAll(/\brequire[ \t]*\(?[ \t]*(["'])([^"'\r\n]+)\1/g)].map(
    ([, , name]) => name,
  );
  // FastFN runs Lua inside its gateway; here it has a process of its own.
  return { sandbox: 'process', requires: [...new Set(required)].sort() };
}

async function goReport(unit: FunctionUnit): Promise<Report> {
  return {
    go_mod_path: join(unit.home, 'go.mod'),
    go_mod_exists: (await readText(unit, 'go.mod')) !== null,
    go_sum_exists: (await readText(unit, 'go.sum')) !== null,
  };
}

/** null for a file that is missing, too long, or no file. */
async function readText(unit: FunctionUnit, name: string): Promise<string | null> {
  try {
    const path = name.startsWith('/') ? name : join(unit.home, name);
    return (await readTreeFile(path, maxManifestBytes))?.toString('utf8') ?? null;
  } catch {
    return null;
  }
}

async function readJson(unit: FunctionUnit, name: string): Promise<Json | null> {
  try {
    const value: unknown = JSON.parse((await readText(unit, name)) ?? 'null');
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

async function firstThere(unit: FunctionUnit, names: readonly string[]): Promise<string | null> {
  for (const name of names) if ((await readText(unit, name)) !== null) return name;
  return null;
}

function keysOf(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : [];
}
