// Runs attack programs that are no functions: through the real launcher as the "interpreter" itself (Go, Rust) or with one
// (PHP), and first as plain child processes. Compiles what needs compiling, into a folder that goes with the runner.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, realpathSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { AttackClass, AttackLevel, Outcomes } from '../../src/prove/attack-class.ts';
import { type AttackWorld, createAttackWorld } from '../../src/prove/attack-world.ts';
import { planAtLevel } from '../../src/prove/jail-level.ts';
import { policyWith, runJailed, scratchFolder } from './jail-harness.ts';

const corpus = join(import.meta.dirname, '..', '..', 'fixtures', 'attacks');

type ProgramLanguage = 'go' | 'rust' | 'php';

interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** Beside the host's own libraries. */
  readonly read: readonly string[];
}

function onPath(name: string): string | null {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return found.find((file) => existsSync(file)) ?? null;
}

/** Real file behind version managers' shims; null when it cannot be asked. */
function answerOf(file: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync(file, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** PHP's own walls, as its worker sets them; the kernel's are behind them. */
const phpGuard = (world: AttackWorld, tempDir: string): string[] => [
  ...['-d', `open_basedir=${join(world.root, 'attacker')}:${tempDir}`],
  '-d',
  'disable_functions=exec,shell_exec,system,passthru,popen,proc_open,pcntl_exec,pcntl_fork,mail,putenv,dl,posix_kill,symlink,link',
  ...['-d', 'ffi.enable=0'],
];

export class ProgramRunner {
  readonly #folder = scratchFolder();
  readonly #programs = new Map<ProgramLanguage, Program>();
  #runs = 0;

  /** Compiles or finds the program; returns why that cannot be done on this host, or null. */
  prepare(language: ProgramLanguage): string | null {
    const made = { go: () => this.#go(), rust: () => this.#rust(), php: () => this.#php() }[language]();
    if (typeof made === 'string') return made;
    this.#programs.set(language, made);
    return null;
  }

  async run(
    attack: AttackClass<ProgramLanguage>,
    level: AttackLevel,
    attempts: readonly string[],
  ): Promise<Outcomes> {
    const program = this.#programs.get(attack.language);
    if (program === undefined) throw new Error(`cannot run ${attack.language}: it was not prepared`);
    this.#runs += 1;
    const world = await createAttackWorld({
      folder: join(this.#folder, `w${this.#runs}`),
      attacker: {},
      sibling: {},
      readableByAll: false,
    });
    try {
      const met = await (level === 'none'
        ? runPlain(program, world, attempts)
        : runInJail(program, world, level, attempts));
      return Object.fromEntries(Object.entries(met).filter(([name]) => attempts.includes(name)));
    } finally {
      await world.close();
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #go(): Program | string {
    if (onPath('go') === null) return 'this host has no Go';
    const file = join(this.#folder, 'attack-go');
    const env = {
      PATH: process.env['PATH'],
      HOME: this.#folder,
      GOCACHE: join(this.#folder, 'go-cache'),
      ...{ GO111MODULE: 'off', CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GOTELEMETRY: 'off' },
    };
    return this.#compiled(file, 'go', ['build', '-o', file, join(corpus, 'go', 'main.go')], env);
  }

  #rust(): Program | string {
    if (onPath('rustc') === null) return 'this host has no Rust';
    const file = join(this.#folder, 'attack-rust');
    return this.#compiled(
      file,
      'rustc',
      ['--edition', '2021', '-o', file, join(corpus, 'rust', 'main.rs')],
      process.env,
    );
  }

  #compiled(
    file: string,
    compiler: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Program | string {
    const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8', env, cwd: this.#folder });
    if (status !== 0) throw new Error(`cannot compile with ${compiler}: ${stderr}`);
    return { file, args: [], read: [] };
  }

  #php(): Program | string {
    const found = onPath('php');
    if (found === null) return 'this host has no PHP';
    const folder = answerOf(found, ['-r', 'echo ini_get("extension_dir");']);
    const script = join(this.#folder, 'handler.php');
    copyFileSync(join(corpus, 'php', 'handler.php'), script);
    const extensions = ['FFI', 'pcntl', 'posix', 'shmop', 'sysvmsg', 'sysvsem']
      .filter((name) => folder !== null && existsSync(join(folder, `${name.toLowerCase()}.so`)))
      .flatMap((name) => ['-d', `extension=${name.toLowerCase()}`]);
    // Without php.ini, so that every host's is alike; a mail program that is there on every host.
    const args = [
      '-n',
      ...extensions,
      '-d',
      'ffi.enable=1',
      '-d',
      'sendmail_path=/bin/true',
      '-d',
      'display_errors=stderr',
      script,
    ];
    return { file: realpathSync(found), args, read: [script, ...(folder === null ? [] : [folder])] };
  }
}

function environmentFor(world: AttackWorld, attempts: readonly string[]): Record<string, string> {
  const calls = world.facts['calls'] as Record<string, number>;
  const needed = ['unshare', 'ptrace', 'keyctl', 'io_uring_setup', 'chroot', 'memfd_create', 'faccessat'];
  return {
    ATTACK_ALONE: '1',
    ATTACK_WORLD: JSON.stringify({ ...world.facts, calls: {}, only: attempts }),
    ATTACK_CODE: String(world.facts['code']),
    ATTACK_SECRET: join(world.root, 'attacker', 'fn.env.json'),
    ATTACK_TRUE: String(world.facts['trueProgram']),
    ...Object.fromEntries(needed.map((name) => [`CALL_${name}`, String(calls[name] ?? -1)])),
  };
}

function parse(output: string, errors: string): Outcomes {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Outcomes;
  } catch {
    throw new Error(`cannot read the outcomes: ${output} ${errors}`);
  }
}

async function runPlain(
  program: Program,
  world: AttackWorld,
  attempts: readonly string[],
): Promise<Outcomes> {
  const tempDir = world.tempDir;
  const child = spawn(program.file, program.args, {
    cwd: tempDir,
    detached: true,
    env: { PATH: '/usr/bin:/bin', TMPDIR: tempDir, ...environmentFor(world, attempts) },
  });
  const parts: [string[], string[]] = [[], []];
  child.stdout.on('data', (data) => parts[0].push(String(data)));
  child.stderr.on('data', (data) => parts[1].push(String(data)));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return parse(parts[0].join(''), parts[1].join(''));
}

async function runInJail(
  program: Program,
  world: AttackWorld,
  level: Exclude<AttackLevel, 'none'>,
  attempts: readonly string[],
): Promise<Outcomes> {
  const own = ['data.txt', 'truncate.txt', 'deletable.txt', 'renamable.txt'].map((name) =>
    join(world.root, 'attacker', name),
  );
  const policy = policyWith({
    namespace: level === 'namespace',
    files: {
      read: [...own, ...program.read, ...world.planted],
      list: [join(world.root, 'attacker')],
      execute: [program.file],
    },
  });
  const run = await runJailed({
    file: program.file,
    args: program.args,
    env: environmentFor(world, attempts),
    policy,
    alter: (plan) => {
      const altered = planAtLevel(plan, level);
      return level === 'guarded'
        ? { ...altered, args: [...phpGuard(world, plan.workingDir), ...altered.args] }
        : altered;
    },
  });
  return parse(run.stdout, run.stderr);
}
