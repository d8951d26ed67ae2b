// Drives one URL with keep-alive connections and says what came out. wrk where the host has it (it costs the
// servers least on a small machine), autocannon otherwise; both arms of a ratio always use the same one.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';

const run = promisify(execFile);

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** POST with this many bytes of text; 0 = GET. */
  readonly bodyBytes: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and socket errors. A row with any is marked, never quoted silently. */
  readonly failures: number;
}

let wrkAvailable: Promise<boolean> | null = null;

export function hasWrk(): Promise<boolean> {
  wrkAvailable ??= run('wrk', ['--version']).then(
    () => true,
    // wrk exits 1 after printing its version; only "not found" means it is missing.
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return wrkAvailable;
}

export async function applyLoad(options: LoadOptions): Promise<LoadResult> {
  return (await hasWrk()) ? withWrk(options) : withAutocannon(options);
}

async function withWrk(options: LoadOptions): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'fastfn-bench-'));
  try {
    const script = join(folder, 'request.lua');
    await writeFile(script, wrkScript(options.bodyBytes));
    const args = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--latency', '-s', script];
    const { stdout } = await run('wrk', [...args, options.url], { timeout: (options.seconds + 20) * 1000 });
    return parseWrk(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wrkScript(bodyBytes: number): string {
  if (bodyBytes === 0) return 'wrk.method = "GET"\n';
  return `wrk.method = "POST"\nwrk.body = string.rep("x", ${bodyBytes})\nwrk.headers["Content-Type"] = "text/plain"\n`;
}

/** Reads wrk's report; throws when a figure is missing, so that a change of format cannot pass as a zero. */
function parseWrk(report: string): LoadResult {
  return {
    requestsPerSecond: Number(figure(report, /Requests\/sec:\s+([\d.]+)/)),
    medianMs: toMs(figure(report, /50%\s+([\d.]+\w+)/)),
    p99Ms: toMs(figure(report, /99%\s+([\d.]+\w+)/)),
    failures:
      Number(/Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0) +
      (/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report) ?? [])
        .slice(1)
        .reduce((sum, count) => sum + Number(count), 0),
  };
}

function figure(report: string, pattern: RegExp): string {
  const found = pattern.exec(report)?.[1];
  if (found === undefined) throw new Error(`cannot read ${pattern} in the load report:\n${report}`);
  return found;
}

function toMs(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('us')) return value / 1000;
  return text.endsWith('ms') ? value : value * 1000;
}

async function withAutocannon(options: LoadOptions): Promise<LoadResult> {
  const result = await autocannon({
    url: options.url,
    connections: options.connections,
    duration: options.seconds,
    ...(options.bodyBytes === 0
      ? {}
      : {
          method: 'POST' as const,
          body: 'x'.repeat(options.bodyBytes),
          headers: { 'content-type': 'text/plain' },
        }),
  });
  return {
    requestsPerSecond: result.requests.average,
    medianMs: result.latency.p50,
    p99Ms: result.latency.p99,
    failures: result.non2xx + result.errors + result.timeouts,
  };
}
