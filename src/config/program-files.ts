// Puts the programs of launchers and workers in place and says how each is started, for all three forms of the product.
// The caller owns the folder they are written to: private (0700), removed when the gateway ends.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { getAsset, getAssetKeys } from 'node:sea';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { Layout } from './layout.ts';
import { roleWords } from './role-words.ts';
import { runtimeRows } from './runtime-rows.ts';
import { stripPrograms } from './stripped-program.ts';

/** The launcher's system calls go through node:ffi, which prints a warning in this version of Node. */
const quiet = '--disable-warning=ExperimentalWarning';

export interface ProgramCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** A worker program that our own Node runs. */
export interface NodeProgram {
  /**
   * Its command line. `flags` are Node's own (`--permission`, `--allow-fs-read=…`, `--max-old-space-size=…`), each with its
   * value after `=`; any characters but NUL are safe in them. `args` follow the paths of the language's package files.
   */
  command(flags: readonly string[], args?: readonly string[]): ProgramCommand;
  /** What it must be able to read, in the jail and in Node's permission model, before it loads a function. */
  readonly readable: readonly string[];
}

export interface ProgramFiles {
  /** Complete command line of a spare launcher. */
  readonly launcher: ProgramCommand;
  /** A start of our own Node that ends at once, and what it must be able to read: for trying out a jail. */
  readonly idle: ProgramCommand & { readonly readable: readonly string[] };
  /** By language; those that need nothing on the host. */
  readonly nodePrograms: ReadonlyMap<RuntimeName, NodeProgram>;
  /** Holds `<runtime>/runtime.json` and the worker programs of all other languages. */
  readonly runtimesDir: string;
}

/** Assets of the binary with this prefix are files of `runtimes/`. */
const runtimeAssets = 'runtimes/';
/** Those with this one are files of packages, by the name of their import. */
export const packageAssets = 'packages/';

/** Languages whose worker our Node runs, and what that worker is given. */
const hosted = [
  { name: 'node', role: 'node-worker', row: runtimeRows.node },
  { name: 'lua', role: 'lua-worker', row: runtimeRows.lua },
] as const satisfies readonly { name: RuntimeName; role: keyof typeof roleWords; row: unknown }[];

/** Node splits `--node-options` at spaces outside double quotes; inside them a backslash keeps the next character. */
export function quoteNodeOption(flag: string): string {
  return `"${flag.replace(/["\\]/g, '\\$&')}"`;
}

function nodePrograms(
  programOf: (language: (typeof hosted)[number]) => NodeProgram,
): ReadonlyMap<RuntimeName, NodeProgram> {
  return new Map(hosted.map((language) => [language.name, Object.freeze(programOf(language))]));
}

function installForBinary(layout: Layout, privateDir: string): ProgramFiles {
  const isFile = (key: string) => key.startsWith(runtimeAssets) || key.startsWith(packageAssets);
  for (const key of getAssetKeys().filter(isFile)) {
    const file = join(privateDir, key);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, Buffer.from(getAsset(key)), { mode: 0o444 });
  }
  return Object.freeze({
    launcher: { file: layout.node, args: [roleWords.launcher] },
    // A launcher without a plan.
    idle: { file: layout.node, args: [roleWords.launcher], readable: [layout.node] },
    nodePrograms: nodePrograms(({ role, row }) => {
      const files = (row.packageFiles ?? []).map((name) => join(privateDir, packageAssets, name));
      return {
        command: (flags, args = []) => ({
          file: layout.node,
          args: [
            `--node-options=${flags.map(quoteNodeOption).join(' ')}`,
            roleWords[role],
            ...files,
            ...args,
          ],
        }),
        readable: [layout.node, ...files],
      };
    }),
    runtimesDir: join(privateDir, 'runtimes'),
  });
}

interface ScriptForm {
  readonly launcher: string;
  /** In the order of `hosted`. */
  readonly workers: readonly string[];
  readonly runtimesDir: string;
  /** Where all of the workers' own files lie. */
  readonly readable: readonly string[];
}

function installForCheckout(codeRoot: string, privateDir: string): ScriptForm {
  const target = join(privateDir, 'programs');
  mkdirSync(target, { recursive: true, mode: 0o755 });
  // The nearest package.json decides how Node reads a .js file; without ours it would search up to the root folder.
  writeFileSync(join(target, 'package.json'), '{ "type": "module" }\n', { mode: 0o444 });
  const entries = hosted.map(({ row }) => join(codeRoot, 'runtimes', row.program ?? ''));
  const sources = [join(codeRoot, 'src/sandbox/launcher/main.ts'), ...entries];
  const [launcher = '', ...workers] = stripPrograms(sources, codeRoot, target);
  return { launcher, workers, runtimesDir: join(codeRoot, 'runtimes'), readable: [target] };
}

function filesOfPackage(codeRoot: string, packageRoot: string): ScriptForm {
  const runtimesDir = join(codeRoot, 'runtimes');
  return {
    launcher: join(codeRoot, 'src/sandbox/launcher/main.js'),
    workers: hosted.map(({ row }) => join(runtimesDir, (row.program ?? '').replace(/\.ts$/, '.js'))),
    runtimesDir,
    readable: [...hosted.map(({ name }) => join(runtimesDir, name)), join(packageRoot, 'package.json')],
  };
}

/** The real path of a file of one of our dependencies, wherever the installer put it. */
function packageFile(name: string): string {
  return createRequire(import.meta.url).resolve(name);
}

/**
 * Makes every program startable, writing to `privateDir` what the form lacks: stripped JavaScript in a checkout (about
 * 60 ms, once), the other languages' programs for the binary, nothing for the npm package. `privateDir` is created 0700
 * if missing; call once for each folder. Throws on a file error.
 */
export function installPrograms(layout: Layout, privateDir: string): ProgramFiles {
  mkdirSync(privateDir, { recursive: true, mode: 0o700 });
  chmodSync(privateDir, 0o700);
  const { codeRoot, packageRoot, node } = layout;
  if (codeRoot === null || packageRoot === null) return installForBinary(layout, privateDir);
  const form =
    layout.kind === 'checkout'
      ? installForCheckout(codeRoot, privateDir)
      : filesOfPackage(codeRoot, packageRoot);
  return Object.freeze({
    launcher: { file: node, args: [quiet, form.launcher] },
    idle: { file: node, args: ['--version'], readable: [node] },
    nodePrograms: nodePrograms((language) => {
      const program = form.workers[hosted.indexOf(language)] ?? '';
      const files = (language.row.packageFiles ?? []).map(packageFile);
      return {
        command: (flags, args = []) => ({ file: node, args: [quiet, ...flags, program, ...files, ...args] }),
        readable: [node, ...form.readable, ...files],
      };
    }),
    runtimesDir: form.runtimesDir,
  });
}
