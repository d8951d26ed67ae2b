// What a Rust function consists of, and the workspace that it is compiled in.

import { basename, dirname, relative, sep } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import type { WorkspaceFile } from '../build-plan.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import { harnessFiles } from '../harness-files.ts';
import { collectSources, type SourceFile, workspaceFile } from '../source-files.ts';
import { cargoManifest, hasOwnDependencies, workerFolder } from './cargo-manifest.ts';
import type { RustToolchain } from './toolchain.ts';

const manifestName = 'Cargo.toml';
export const lockName = 'Cargo.lock';
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface RustProject {
  /** Relative path of the handler file. */
  readonly entry: string;
  /** The function's own files as they are. */
  readonly sources: readonly SourceFile[];
  /** The worker's crate. */
  readonly worker: readonly SourceFile[];
  /** Of the workspace. */
  readonly files: readonly WorkspaceFile[];
  /** Absolute path of the function's own Cargo.toml; null: it needs nothing but what every function has. */
  readonly manifestPath: string | null;
}

/** @throws PlanFault for a handler name that is none, and in production for packages that are not locked */
export async function readProject(
  unit: FunctionUnit,
  tools: BuildTools,
  toolchain: RustToolchain,
): Promise<RustProject> {
  const base = baseOf(unit);
  const entry = relative(base, unit.entry).split(sep).join('/');
  const sources = await collectSources(base, unit.readable);
  const worker = await harnessFiles(tools.runtimesDir, 'rust');
  const manifest = textOf(sources, manifestName);
  const lock = textOf(sources, lockName);
  if (tools.settings.production && lock === null && manifest !== null && hasOwnDependencies(manifest))
    throw new PlanFault(
      'Cargo.lock is missing: in production only what is locked is installed (cargo generate-lockfile)',
    );
  const ours = new Set([entry, manifestName, lockName]);
  const program = programText(textOf(sources, entry) ?? '', unit.policy.handler, toolchain.version);
  return {
    entry,
    sources,
    worker,
    manifestPath: manifest === null ? null : `${base}/${manifestName}`,
    files: [
      ...sources.filter(({ path }) => !ours.has(path)).map((source) => workspaceFile(base, source)),
      { path: entry, text: program },
      ...(manifest === null ? [] : packageFiles(entry, manifest, lock, worker, toolchain)),
    ],
  };
}

/** For a function with packages of its own: the worker's crate becomes one of them. */
function packageFiles(
  entry: string,
  manifest: string,
  lock: string | null,
  worker: readonly SourceFile[],
  toolchain: RustToolchain,
): WorkspaceFile[] {
  const ownManifest = cargoManifest({ entry, own: manifest, knowsAutolib: knowsAutolib(toolchain) });
  return [
    { path: manifestName, text: ownManifest },
    // Where it has no lock, at least what every function has stays at the versions that it was tried with.
    { path: lockName, text: lock ?? textOf(worker, lockName) ?? '' },
    ...worker
      .filter(({ path }) => path !== lockName)
      .map(({ path, bytes }) => ({ path: `${workerFolder}/${path}`, text: bytes.toString('utf8') })),
  ];
}

function textOf(files: readonly SourceFile[], path: string): string | null {
  return files.find((file) => file.path === path)?.bytes.toString('utf8') ?? null;
}

/** A library's layout has its sources in `src`. */
function baseOf({ entry, dir }: FunctionUnit): string {
  return basename(entry) === 'lib.rs' && basename(dir) === 'src' ? dirname(dir) : dir;
}

/** What makes the file a program goes behind its text, so that line numbers stay. */
function programText(source: string, handler: string, version: string): string {
  if (!identifier.test(handler)) throw new PlanFault('invoke.handler must be a valid identifier');
  return `${source}
#[allow(unused_imports)]
#[macro_use]
extern crate fastfn;

fn main() {
    ::fastfn::serve(${handler}, "${version}")
}
`;
}

function knowsAutolib({ version }: RustToolchain): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || minor >= 83;
}
