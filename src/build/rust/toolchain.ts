// The Rust toolchain of the host: Cargo and the compiler themselves behind what stands in for them (rustup), asked once.

import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildTools, PlanFault } from '../build-planner.ts';

export interface RustToolchain {
  readonly cargo: string;
  readonly rustc: string;
  /** All that a build reads of the toolchain. */
  readonly sysroot: string;
  /** Of the compiler, for example `1.95.0`. */
  readonly version: string;
  /** For example `x86_64-unknown-linux-gnu`. */
  readonly target: string;
}

const probeTimeoutMs = 5_000;
const run = promisify(execFile);

const known = new WeakMap<BuildTools, Promise<RustToolchain>>();

/** @throws PlanFault when Cargo or the compiler is missing */
export function findRust(tools: BuildTools): Promise<RustToolchain> {
  const before = known.get(tools);
  if (before !== undefined) return before;
  const found = probe(tools);
  known.set(tools, found);
  // What is missing may be installed while we run.
  found.catch(() => known.delete(tools));
  return found;
}

async function probe(tools: BuildTools): Promise<RustToolchain> {
  const state = await tools.find('FN_CARGO_BIN');
  if (!state.found)
    throw new PlanFault(
      state.reason === 'not found' ? 'cargo not found in PATH' : `cargo cannot be used: ${state.reason}`,
    );
  const compiler = join(dirname(state.path), 'rustc');
  const sysroot = await answerOf(compiler, ['--print', 'sysroot']);
  const facts = await answerOf(compiler, ['-vV']);
  const version = /^release: (\S+)/m.exec(facts)?.[1];
  const target = /^host: (\S+)/m.exec(facts)?.[1];
  if (version === undefined || target === undefined || sysroot === '')
    throw new PlanFault('cargo found, but no rustc beside it that works');
  const own = (name: string, fallback: string) => {
    const file = join(sysroot, 'bin', name);
    return existsSync(file) ? realpathSync(file) : fallback;
  };
  return {
    cargo: own('cargo', state.path),
    rustc: own('rustc', compiler),
    sysroot: realpathSync(sysroot),
    version,
    target,
  };
}

/** In our own environment: rustup finds its toolchains by HOME, RUSTUP_HOME and settings of the operator's. */
async function answerOf(file: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(file, args, { cwd: '/', timeout: probeTimeoutMs });
    return stdout.trim();
  } catch {
    return '';
  }
}
