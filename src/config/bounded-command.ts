// Runs one short command of the host and waits for it, within bounds: time, output, environment. The command gets a
// process group of its own, which is ended as a whole, because version managers start programs through scripts.

import { spawn } from 'node:child_process';
import type { Environment } from './settings.ts';

export type CommandOutcome =
  | { readonly ok: true; readonly stdout: string }
  /** In words, for example `it did not end within 5000 ms`. */
  | { readonly ok: false; readonly reason: string };

const timeoutMs = 5000;
const maxOutputBytes = 64 * 1024;

/** Enough for a program and for the version managers (pyenv, asdf, mise) that stand in front of one. */
const passedOn = /^(PATH|HOME|LANG|LC_ALL|PYENV_\w+|ASDF_\w+|MISE_\w+|RUSTUP_HOME|CARGO_HOME|GOROOT)$/;

/** Variables of `environment` that a probed program may see; never an `FN_` one, where the secrets are. */
export function probeEnvironment(environment: Environment): Record<string, string> {
  const kept = Object.entries(environment).filter(
    ([name, value]) => passedOn.test(name) && value !== undefined,
  );
  // A Go told to fetch its own successor would download it; GOTOOLCHAIN=local keeps a version question local.
  return { ...Object.fromEntries(kept), GOTOOLCHAIN: 'local' } as Record<string, string>;
}

/** Never rejects; standard error is dropped. */
export function runBounded(
  file: string,
  args: readonly string[],
  environment: Environment,
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      env: probeEnvironment(environment),
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let reason: string | null = null;
    const stop = (why: string) => {
      reason ??= why;
      killGroup(child.pid);
      child.stdout.destroy();
    };
    const timer = setTimeout(() => stop(`it did not end within ${timeoutMs} ms`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutputBytes) stop(`it printed more than ${maxOutputBytes} bytes`);
      else chunks.push(chunk);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ ok: false, reason: `it cannot be run (${'code' in error ? error.code : error.message})` });
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) reason ??= `it ended with ${signal ?? `status ${code}`}`;
      resolve(
        reason === null
          ? { ok: true, stdout: Buffer.concat(chunks).toString('utf8') }
          : { ok: false, reason },
      );
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself in the meantime.
  }
}
