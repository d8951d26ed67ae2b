// Puts the programs of launchers and workers in place and says how each is started, for all three forms of the product.
// The caller owns the folder they are written to: private (0700), removed when the gateway ends.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getAsset, getAssetKeys } from 'node:sea';
import type { Layout } from './layout.ts';
import { roleWords } from './role-words.ts';
import { stripProgram } from './stripped-program.ts';

/** The launcher's system calls go through node:ffi, which prints a warning in this version of Node. */
const quiet = '--disable-warning=ExperimentalWarning';

export interface ProgramCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export interface ProgramFiles {
  /** Complete command line of a spare launcher. */
  readonly launcher: ProgramCommand;
  /**
   * Command line of a Node worker. `flags` are Node's own (`--permission`, `--allow-fs-read=…`, `--max-old-space-size=…`),
   * each with its value after `=`; any characters but NUL are safe in them.
   */
  nodeWorker(flags: readonly string[]): ProgramCommand;
  /** Holds `<runtime>/runtime.json` and, but for Node, the worker programs. */
  readonly runtimesDir: string;
  /** What a Node worker must be able to read, in the jail and in Node's permission model, before it loads a function. */
  readonly nodeReadable: readonly string[];
}

/** Assets of the binary with this prefix are files of `runtimes/`. */
const runtimeAssets = 'runtimes/';

/** Node splits `--node-options` at spaces outside double quotes; inside them a backslash keeps the next character. */
export function quoteNodeOption(flag: string): string {
  return `"${flag.replace(/["\\]/g, '\\$&')}"`;
}

function installForBinary(layout: Layout, privateDir: string): ProgramFiles {
  for (const key of getAssetKeys().filter((name) => name.startsWith(runtimeAssets))) {
    const file = join(privateDir, key);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, Buffer.from(getAsset(key)), { mode: 0o444 });
  }
  return Object.freeze({
    launcher: { file: layout.node, args: [roleWords.launcher] },
    nodeWorker: (flags: readonly string[]) => ({
      file: layout.node,
      args: [`--node-options=${flags.map(quoteNodeOption).join(' ')}`, roleWords.nodeWorker],
    }),
    runtimesDir: join(privateDir, 'runtimes'),
    nodeReadable: [layout.node],
  });
}

interface ScriptForm {
  readonly launcher: string;
  readonly nodeWorker: string;
  readonly runtimesDir: string;
  readonly nodeReadable: readonly string[];
}

function installForCheckout(codeRoot: string, privateDir: string): ScriptForm {
  const target = join(privateDir, 'programs');
  mkdirSync(target, { recursive: true, mode: 0o755 });
  // The nearest package.json decides how Node reads a .js file; without ours it would search up to the root folder.
  writeFileSync(join(target, 'package.json'), '{ "type": "module" }\n', { mode: 0o444 });
  return {
    launcher: stripProgram(join(codeRoot, 'src/sandbox/launcher/main.ts'), codeRoot, target),
    nodeWorker: stripProgram(join(codeRoot, 'runtimes/node/main.ts'), codeRoot, target),
    runtimesDir: join(codeRoot, 'runtimes'),
    nodeReadable: [target],
  };
}

function filesOfPackage(codeRoot: string, packageRoot: string): ScriptForm {
  return {
    launcher: join(codeRoot, 'src/sandbox/launcher/main.js'),
    nodeWorker: join(codeRoot, 'runtimes/node/main.js'),
    runtimesDir: join(codeRoot, 'runtimes'),
    nodeReadable: [join(codeRoot, 'runtimes/node'), join(packageRoot, 'package.json')],
  };
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
    nodeWorker: (flags: readonly string[]) => ({ file: node, args: [quiet, ...flags, form.nodeWorker] }),
    runtimesDir: form.runtimesDir,
    nodeReadable: [node, ...form.nodeReadable],
  });
}
