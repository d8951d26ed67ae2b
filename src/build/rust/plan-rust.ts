// Plans the build of a Rust function: its file becomes the root of a program, with the worker's crate as a dependency. Crates
// are downloaded in a step that runs none of their code; build scripts and macros run in one without network.

import { basename, dirname, relative, sep } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import { type BuildPlan, type BuildStep, type WorkspaceFile, workspacePlaceholder } from '../build-plan.ts';
import { type BuildPlanner, type BuildTools, PlanFault } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import { harnessFiles } from '../harness-files.ts';
import { collectSources, type SourceFile, workspaceFile } from '../source-files.ts';
import { cargoManifest, hasOwnDependencies, programName, workerFolder } from './cargo-manifest.ts';
import { findRust, type RustToolchain } from './toolchain.ts';

/** Versions of what every function needs, for functions that bring no lock of their own. */
const commonLock = 'function.lock';
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface RustProject {
  /** Folder of Cargo.toml. */
  readonly base: string;
  /** The function's own files as they are: with `files`, what the key is made of. */
  readonly sources: readonly SourceFile[];
  readonly files: readonly WorkspaceFile[];
  readonly hasManifest: boolean;
}

/** @throws PlanFault when Rust is missing or unfit */
export const planRust: BuildPlanner = async (unit, tools) => {
  const toolchain = await findRust(tools);
  const project = await readProject(unit, tools, toolchain);
  const steps = planSteps(toolchain, tools);
  return {
    key: keyOf(project, toolchain, steps),
    runtime: 'rust',
    kind: 'program',
    files: project.files,
    steps,
    output: { program: `target/release/${programName}`, importPaths: [] },
    failureText: 'rust build failed',
    report: {
      mode: 'build',
      manifestPath: project.hasManifest ? `${project.base}/Cargo.toml` : null,
      lockfilePath: 'Cargo.lock',
    },
  } satisfies BuildPlan;
};

async function readProject(
  unit: FunctionUnit,
  tools: BuildTools,
  toolchain: RustToolchain,
): Promise<RustProject> {
  const base = baseOf(unit);
  const entry = relative(base, unit.entry).split(sep).join('/');
  const sources = await collectSources(base, unit.readable);
  const text = (path: string) =>
    sources.find((source) => source.path === path)?.bytes.toString('utf8') ?? null;
  const manifest = text('Cargo.toml');
  const lock = text('Cargo.lock');
  if (tools.settings.production && lock === null && manifest !== null && hasOwnDependencies(manifest))
    throw new PlanFault(
      'Cargo.lock is missing: in production only what is locked is installed (cargo generate-lockfile)',
    );
  const worker = await harnessFiles(tools.runtimesDir, 'rust');
  const common = worker.find(({ path }) => path === commonLock)?.bytes.toString('utf8') ?? '';
  const ours = new Set([entry, 'Cargo.toml', 'Cargo.lock']);
  return {
    base,
    sources,
    hasManifest: manifest !== null,
    files: [
      ...sources.filter(({ path }) => !ours.has(path)).map((source) => workspaceFile(base, source)),
      { path: entry, text: programText(text(entry) ?? '', unit.policy.handler, toolchain.version) },
      {
        path: 'Cargo.toml',
        text: cargoManifest({ entry, own: manifest, knowsAutolib: knowsAutolib(toolchain) }),
      },
      { path: 'Cargo.lock', text: lock ?? common },
      ...worker
        .filter(({ path }) => path !== commonLock)
        .map(({ path, bytes }) => ({ path: `${workerFolder}/${path}`, text: bytes.toString('utf8') })),
    ],
  };
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

function planSteps(toolchain: RustToolchain, tools: BuildTools): BuildStep[] {
  const crates = tools.cacheDir('cargo');
  const base = {
    env: {
      ...{ CARGO_HOME: crates, CARGO_TARGET_DIR: `${workspacePlaceholder}/target`, RUSTC: toolchain.rustc },
      ...{ CARGO_INCREMENTAL: '0', CARGO_TERM_COLOR: 'never', CARGO_NET_GIT_FETCH_WITH_CLI: 'false' },
    },
    timeoutMs: tools.settings.timeoutMs.rust,
  } as const;
  const command = (...args: string[]) => ({ file: toolchain.cargo, args });
  return [
    {
      ...base,
      tool: 'cargo fetch',
      command: command('fetch', '--quiet', '--target', toolchain.target),
      network: 'registry',
      toolchain: [toolchain.sysroot],
      caches: [crates],
    },
    {
      ...base,
      tool: 'cargo build',
      command: command('build', '--quiet', '--release', '--offline', '--locked', '--bin', programName),
      network: 'none',
      // Code of packages runs here: what others will be built of must be out of its reach.
      toolchain: [toolchain.sysroot, crates],
      caches: [],
    },
  ];
}

function keyOf(project: RustProject, toolchain: RustToolchain, steps: readonly BuildStep[]): string {
  return contentKey([
    ['rust', `${toolchain.version} ${toolchain.target}`],
    ['steps', JSON.stringify(steps.map(({ command }) => command.args))],
    ...project.files.flatMap((file) => ('text' in file ? [[file.path, file.text] as const] : [])),
    ...project.sources.map(({ path, bytes }) => [path, bytes] as const),
  ]);
}
