// Where the host's npm is and how it is started: npm is a script, and the Node beside it runs it. Our own Node may be the
// single binary, which runs no scripts, and npm wants the Node that it came with.

import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { askTool } from '../ask-tool.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import { firstLine } from '../script-head.ts';

export interface NpmFacts {
  /** Real program, and what comes before npm's own arguments. */
  readonly file: string;
  readonly args: readonly string[];
  /** Files and folders of npm and its Node. */
  readonly toolchain: readonly string[];
  /** Folder of globally installed packages, npm's own neighbours. */
  readonly globalModules: string;
  /** Runs scripts; null where npm is no script of Node's. */
  readonly node: string | null;
}

const known = new Map<string, Promise<NpmFacts>>();

/**
 * @param what cannot be done without it, for example `npm install failed for api`
 * @throws PlanFault that says what to install where there is no npm
 */
export async function findNpm(tools: BuildTools, what: string): Promise<NpmFacts> {
  const tool = await tools.find('FN_NPM_BIN');
  if (!tool.found) {
    throw new PlanFault(
      `${what}: npm ${tool.reason}; install npm (Debian, Ubuntu: apt install npm), or set FN_NPM_BIN`,
    );
  }
  const facts = known.get(tool.path) ?? examine(tool.path);
  known.set(tool.path, facts);
  return facts;
}

async function examine(path: string): Promise<NpmFacts> {
  const real = realpathSync(path);
  const node = /^#!.*\bnode/.test(firstLine(real)) ? await nodeBeside(path) : null;
  const command = node === null ? { file: real, args: [] } : { file: node, args: [real] };
  const files = packageOf(real) ?? real;
  return {
    ...command,
    node,
    toolchain: [...(node === null ? [] : [node]), files],
    globalModules: dirname(files),
  };
}

/** The folder of npm itself; null for a program that is called npm and is no package: its folder may be anybody's. */
function packageOf(program: string): string | null {
  const home = dirname(dirname(program));
  return basename(dirname(program)) === 'bin' && existsSync(join(home, 'package.json')) ? home : null;
}

/** The Node in npm's folder, else the host's. */
async function nodeBeside(npm: string): Promise<string> {
  const beside = join(dirname(npm), 'node');
  if (existsSync(beside)) return realpathSync(beside);
  const answer = await askTool({
    file: '/usr/bin/env',
    args: ['node', '-p', 'process.execPath'],
    timeoutMs: 5_000,
  });
  if (answer.ok && answer.stdout.trim().startsWith('/')) return realpathSync(answer.stdout.trim());
  throw new PlanFault('npm is there but no node that could run it: install Node for npm, or set FN_NPM_BIN');
}
