// Starts and ends the servers that a benchmark compares; each is a child process that prints `listening on URL`.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Server {
  readonly url: string;
  readonly pid: number;
  /** From spawn to the line that says it listens. */
  readonly startMs: number;
  residentBytes(): number;
  stop(): Promise<void>;
}

export function startBareFastify(): Promise<Server> {
  return start([`${root}test/bench/bare-fastify.ts`], {});
}

/** The gateway as a user runs it: default jail, default logs; a port of its own. */
export function startGateway(functions: string, env: Record<string, string> = {}): Promise<Server> {
  return start([`${root}src/cli/main.ts`, 'serve', functions, '--port', '0'], env);
}

function start(args: readonly string[], env: Record<string, string>): Promise<Server> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    const early = (code: number | null) =>
      reject(new Error(`cannot start ${args[0]}: exit ${code}\n${output}`));
    const collect = (chunk: Buffer) => {
      if (output.length > 100_000) return;
      output += chunk.toString();
      const url = /listening on (http:\/\/[\d.]+:\d+)/.exec(output)?.[1];
      if (url === undefined) return;
      output = 'x'.repeat(100_001);
      child.off('exit', early);
      resolve(asServer(child, url, performance.now() - began));
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('exit', early);
  });
}

function asServer(child: ChildProcess, url: string, startMs: number): Server {
  const pid = child.pid ?? 0;
  return {
    url,
    pid,
    startMs,
    // proc_pid_status(5): VmRSS is in KiB.
    residentBytes: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}
