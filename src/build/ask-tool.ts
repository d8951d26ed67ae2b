// One bounded question to a program of the host: its output, or why there is none. For facts that a plan needs (where pip
// is, what a source imports); packages are installed by build steps in their jail, never here.

import { spawn } from 'node:child_process';

export interface Question {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  /** Written to its standard input. */
  readonly input?: string;
  /** Beside a plain PATH; nothing of the gateway's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

export type Answer =
  | { readonly ok: true; readonly stdout: string }
  | { readonly ok: false; readonly reason: string; readonly stderr: string };

const maxOutputBytes = 4_194_304;
const maxErrorBytes = 16_384;

/** Never rejects. The whole process group is killed at the limit of time or output. */
export function askTool(question: Question): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(question.file, question.args, {
      // A home that nobody can make: a tool that is only asked must leave nothing behind.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/dev/null', ...question.env },
      cwd: question.cwd ?? '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = { chunks: [] as Buffer[], size: 0 };
    let stderr = '';
    let reason: string | null = null;
    const stop = (why: string): void => {
      reason ??= why;
      killGroup(child.pid);
    };
    const timer = setTimeout(
      () => stop(`it did not end within ${question.timeoutMs} ms`),
      question.timeoutMs,
    );
    const cancel = (): void => stop('it was cancelled');
    question.signal?.addEventListener('abort', cancel);
    if (question.signal?.aborted === true) cancel();
    child.stdout.on('data', (chunk: Buffer) => {
      output.size += chunk.length;
      if (output.size > maxOutputBytes) stop(`it printed more than ${maxOutputBytes} bytes`);
      else output.chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-maxErrorBytes);
    });
    // A program that ends without reading its input is not a fault of the question: EPIPE.
    child.stdin.on('error', () => {});
    child.stdin.end(question.input ?? '');
    const finish = (why: string | null): void => {
      clearTimeout(timer);
      question.signal?.removeEventListener('abort', cancel);
      const stdout = Buffer.concat(output.chunks).toString('utf8');
      resolve(why === null ? { ok: true, stdout } : { ok: false, reason: why, stderr });
    };
    child.once('error', (error) =>
      finish(`it cannot be run (${'code' in error ? error.code : error.message})`),
    );
    child.once('close', (code, signal) =>
      finish(reason ?? (code === 0 ? null : `it ended with ${signal ?? `status ${code}`}`)),
    );
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

/** The last lines of a tool's error output, as the contract shows them: joined by ` | `. */
export function lastLines(text: string, count = 4): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
