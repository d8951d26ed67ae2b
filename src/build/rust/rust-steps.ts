// The steps of a Rust build. A function without packages of its own needs only the compiler: what all such functions have is
// compiled once for the host and kept. One with a Cargo.toml is Cargo's, from the first crate on.

import { join } from 'node:path';
import { type BuildStep, workspacePlaceholder } from '../build-plan.ts';
import type { BuildTools } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import type { SourceFile } from '../source-files.ts';
import { programName } from './cargo-manifest.ts';
import { linkerStep, linkerVariable, linksWithLld } from './linker.ts';
import type { RustToolchain } from './toolchain.ts';

interface StepBase {
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Cargo's folder of downloads. */
  readonly crates: string;
}

function baseOf(toolchain: RustToolchain, tools: BuildTools): StepBase {
  const crates = tools.cacheDir('cargo');
  const env = { CARGO_HOME: crates, RUSTC: toolchain.rustc, CARGO_TERM_COLOR: 'never' };
  return { env, crates, timeoutMs: tools.settings.timeoutMs.rust };
}

/** For a function with a Cargo.toml: its crates are fetched where none of their code runs, and compiled without network. */
export function packageSteps(toolchain: RustToolchain, tools: BuildTools): BuildStep[] {
  const { crates, env, timeoutMs } = baseOf(toolchain, tools);
  const linker = planLinker(toolchain, `${workspacePlaceholder}/.linker`, { caches: [], timeoutMs });
  const command = (...args: string[]) => ({ file: toolchain.cargo, args });
  return [
    fetchStep(toolchain, tools, []),
    ...linker.steps,
    {
      tool: 'cargo build',
      command: command('build', '--quiet', '--release', '--offline', '--locked', '--bin', programName),
      env: { ...env, ...linker.env, CARGO_TARGET_DIR: `${workspacePlaceholder}/target` },
      network: 'none',
      // Code of packages runs here: what others will be built of must be out of its reach.
      toolchain: [toolchain.sysroot, crates],
      caches: [],
      timeoutMs,
    },
  ];
}

/** For a function without one. @param worker the sources of the worker's crate, whose lock names all versions */
export function programSteps(
  entry: string,
  worker: readonly SourceFile[],
  toolchain: RustToolchain,
  tools: BuildTools,
): BuildStep[] {
  const { crates, env, timeoutMs } = baseOf(toolchain, tools);
  const libraries = tools.cacheDir('rust-libraries');
  const target = join(libraries, librariesKey(worker, toolchain));
  const linker = planLinker(toolchain, target, { caches: [libraries], timeoutMs });
  const workerCrate = join(tools.runtimesDir, 'rust');
  const manifest = ['--manifest-path', join(workerCrate, 'Cargo.toml')];
  const cargo = (...args: string[]) => ({ file: toolchain.cargo, args: [...args, ...manifest] });
  return [
    fetchStep(toolchain, tools, ['--locked', ...manifest]),
    ...linker.steps,
    {
      // Ours and what our lock names: the only code that may write where the libraries of all functions are.
      tool: 'cargo build',
      command: cargo('build', '--quiet', '--release', '--offline', '--locked'),
      env: { ...env, ...linker.env, CARGO_TARGET_DIR: target },
      network: 'none',
      // Their build scripts are compiled into that folder, and run there.
      toolchain: [toolchain.sysroot, crates, workerCrate, libraries],
      caches: [libraries],
      timeoutMs,
    },
    {
      tool: 'rustc',
      command: { file: toolchain.rustc, args: compilerArgs(entry, join(target, 'release/deps')) },
      env,
      network: 'none',
      toolchain: [toolchain.sysroot, libraries],
      caches: [],
      timeoutMs,
    },
  ];
}

/** @param folder where the script may lie, the same for all builds into one target folder */
function planLinker(
  toolchain: RustToolchain,
  folder: string,
  base: Pick<BuildStep, 'caches' | 'timeoutMs'>,
): { readonly steps: readonly BuildStep[]; readonly env: Readonly<Record<string, string>> } {
  if (linksWithLld(toolchain)) return { steps: [], env: {} };
  const file = join(folder, 'linker');
  return { steps: [linkerStep(file, base)], env: { [linkerVariable(toolchain.target)]: file } };
}

function fetchStep(toolchain: RustToolchain, tools: BuildTools, more: readonly string[]): BuildStep {
  const { crates, env, timeoutMs } = baseOf(toolchain, tools);
  return {
    tool: 'cargo fetch',
    command: { file: toolchain.cargo, args: ['fetch', '--quiet', '--target', toolchain.target, ...more] },
    // What an operator's settings may ask for: no other program has business here.
    env: { ...env, CARGO_NET_GIT_FETCH_WITH_CLI: 'false' },
    network: 'registry',
    toolchain: [toolchain.sysroot, join(tools.runtimesDir, 'rust')],
    caches: [crates],
    timeoutMs,
  };
}

function compilerArgs(entry: string, libraries: string): string[] {
  return [
    ...['--edition', '2021', '--crate-type', 'bin', '--crate-name', programName],
    ...['-C', 'opt-level=2', '-C', 'strip=symbols', '-C', 'panic=unwind'],
    // A warning would only push the error out of the text that is shown.
    ...['--cap-lints', 'allow'],
    ...['-L', `dependency=${libraries}`, '-L', `crate=${libraries}`],
    ...['--extern', 'fastfn', '--extern', 'serde_json', '--extern', 'serde'],
    ...['-o', `${workspacePlaceholder}/${programName}`, entry],
  ];
}

/** One folder holds one version of each crate, or the compiler could not choose. */
function librariesKey(worker: readonly SourceFile[], { version, target }: RustToolchain): string {
  const parts = worker.map(({ path, bytes }) => [path, bytes] as const);
  return contentKey([['rust', `${version} ${target}`], ...parts]).slice(0, 16);
}
