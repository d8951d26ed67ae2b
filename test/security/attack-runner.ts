// Runs one class of attacks at one sandbox level and returns what each attempt met: "ok" when it got through, else the
// name of the error. The level `none` is a plain child process, to show that an attempt works where nothing stops it.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodePermissionFlags } from '../../src/sandbox/language-guard.ts';
import type { LaunchPlan } from '../../src/sandbox/launch-plan.ts';
import { loadSystemGrants } from '../../src/sandbox/system-grants.ts';
import { createAttackWorld } from './attack-world.ts';
import { nodeProgram, policyWith, runJailed, scratchFolder } from './jail-harness.ts';

/** `full` = kernel layers; `guarded` = kernel layers and the language guard (Node only). */
export type AttackLevel = 'none' | 'landlock' | 'seccomp' | 'full' | 'guarded';

export type Outcomes = Readonly<Record<string, string>>;

interface Interpreter {
  readonly file: string;
  readonly read: readonly string[];
}

const fixtures = fileURLToPath(new URL('./fixtures/attacks', import.meta.url));

/** The real interpreter behind version managers' shims, or null when this host has no Python. */
export function findPython(): Interpreter | null {
  const question = 'import os,sys;print(os.path.realpath(sys.executable));print(sys.base_prefix)';
  try {
    const [file, prefix] = execFileSync('python3', ['-c', question], { encoding: 'utf8' }).trim().split('\n');
    return file === undefined || prefix === undefined ? null : { file, read: [realpathSync(prefix)] };
  } catch {
    return null;
  }
}

export const python = findPython();

function withoutLayers(level: AttackLevel): (plan: LaunchPlan) => LaunchPlan {
  return (plan) => {
    if (plan.jail === null) return plan;
    const { landlock, seccomp } = plan.jail;
    if (level === 'landlock') return { ...plan, jail: { landlock, seccomp: null } };
    if (level === 'seccomp') return { ...plan, jail: { landlock: null, seccomp } };
    return plan;
  };
}

interface PlainRun {
  readonly file: string;
  readonly args: readonly string[];
}

/** Without any sandbox, with one descriptor too many and a secret in the environment, as a careless host would. */
async function runPlain({ file, args }: PlainRun): Promise<{ stdout: string; stderr: string }> {
  const folder = scratchFolder();
  const tempDir = join(folder, 'tmp');
  mkdirSync(tempDir);
  const extra = openSync('/dev/null', 'r');
  try {
    const child = spawn(file, args, {
      env: { PATH: '/usr/bin:/bin', TMPDIR: tempDir, SECRET_OF_THE_GATEWAY: 'seen' },
      stdio: ['pipe', 'pipe', 'pipe', extra, extra],
    });
    const parts: [string[], string[]] = [[], []];
    child.stdout?.on('data', (data) => parts[0].push(String(data)));
    child.stderr?.on('data', (data) => parts[1].push(String(data)));
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    return { stdout: parts[0].join(''), stderr: parts[1].join('') };
  } finally {
    closeSync(extra);
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface AttackRun {
  readonly attackClass: string;
  readonly level: AttackLevel;
  readonly network?: Parameters<typeof policyWith>[0]['network'];
  /** Limits the network to the world's first port. */
  readonly firstPortOnly?: boolean;
  /** Attempts to make; default all of the class. */
  readonly only?: readonly string[];
}

function parseOutcomes(attackClass: string, run: { stdout: string; stderr: string }): Outcomes {
  try {
    return JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as Outcomes;
  } catch {
    throw new Error(`cannot read the outcomes of ${attackClass}: ${run.stdout} ${run.stderr}`);
  }
}

export async function runAttacks(run: AttackRun): Promise<Outcomes> {
  const isNode = run.attackClass === 'node';
  const interpreter = isNode ? nodeProgram : python;
  if (interpreter === null) throw new Error('cannot run Python attacks: this host has no python3');
  const world = await createAttackWorld(run.level !== 'none');
  try {
    const program = join(fixtures, run.attackClass, `${run.attackClass}.${isNode ? 'mjs' : 'py'}`);
    const facts = JSON.stringify(run.only === undefined ? world.facts : { ...world.facts, only: run.only });
    const policy = policyWith({
      files: { read: [fixtures, ...interpreter.read, ...world.read], list: world.list },
      network: run.firstPortOnly === true ? { outboundTcp: [world.port] } : (run.network ?? {}),
    });
    const flags = run.level === 'guarded' ? nodePermissionFlags(policy, loadSystemGrants()) : [];
    const args = [...(isNode ? flags : ['-B']), program, facts];
    if (run.level === 'none')
      return parseOutcomes(run.attackClass, await runPlain({ file: interpreter.file, args }));
    const extra = openSync('/dev/null', 'r');
    try {
      const alter = withoutLayers(run.level);
      const jailed = await runJailed({
        file: interpreter.file,
        args,
        policy,
        alter,
        inherit: [extra, extra],
      });
      return parseOutcomes(run.attackClass, jailed);
    } finally {
      closeSync(extra);
    }
  } finally {
    await world.close();
  }
}
