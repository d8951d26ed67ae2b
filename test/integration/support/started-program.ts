// A program under test as a child process: what it printed, how it ended. Whoever starts one ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string;
  /** Longest that it may take, so that a hanging one fails its test and not the whole run. Default 60 s. */
  readonly limitMs?: number;
}

const usualLimitMs = 60_000;

export class StartedProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<ProgramEnd>;
  #stdout = '';
  #stderr = '';

  constructor(file: string, args: readonly string[], options: ProgramOptions = {}) {
    this.child = spawn(file, args, { stdio: 'pipe', cwd: options.cwd, env: options.env ?? process.env });
    this.child.stdout?.on('data', (chunk) => {
      this.#stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    this.child.stdin?.end(options.input ?? '');
    this.ended = this.#end(options.limitMs ?? usualLimitMs);
  }

  /** Resolves with the match once standard output has it; rejects if the program ends first. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const exit = this.ended.then((end) => {
      throw new Error(`ended before it printed ${pattern}: ${JSON.stringify(end)}`);
    });
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match !== null) return match;
      if (this.child.stdout === null) throw new Error('cannot read the output');
      await Promise.race([once(this.child.stdout, 'data'), exit]);
    }
  }

  async #end(limitMs: number): Promise<ProgramEnd> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), limitMs);
    try {
      const [code, signal] = await once(this.child, 'close');
      return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Runs a program to its end. */
export function runProgram(
  file: string,
  args: readonly string[],
  options?: ProgramOptions,
): Promise<ProgramEnd> {
  return new StartedProgram(file, args, options).ended;
}
