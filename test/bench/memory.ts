// What one idle worker of a language holds, and whether a large streamed answer passes through the gateway without being held.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchLanguage } from './languages.ts';
import type { BenchRow } from './row.ts';
import { type Server, startGateway } from './servers.ts';

const mebibyte = 1024 * 1024;

/** Worker of the language, after one call, against a worker of Node. */
export async function measureWorkerMemory(
  tree: string,
  languages: readonly BenchLanguage[],
): Promise<BenchRow[]> {
  const gateway = await startGateway(tree, { FN_SPARE_LAUNCHERS: '0' });
  try {
    const sizes: number[] = [];
    for (const { name } of languages) {
      const before = childrenOf(gateway.pid);
      const answer = await fetch(`${gateway.url}/${name}-hello`);
      await answer.text();
      if (answer.status !== 200) throw new Error(`cannot measure ${name}: status ${answer.status}`);
      await sleep(500);
      const worker = childrenOf(gateway.pid).find((pid) => !before.includes(pid));
      sizes.push(worker === undefined ? Number.NaN : residentBytes(worker));
    }
    const [base = Number.NaN] = sizes;
    return languages.map(({ label }, index) => ({
      what: `memory of an idle worker, ${label}`,
      connections: '–',
      ours: `${((sizes[index] ?? Number.NaN) / mebibyte).toFixed(0)} MiB`,
      baseline: `${(base / mebibyte).toFixed(0)} MiB (${languages[0]?.label})`,
      ratios: [(sizes[index] ?? Number.NaN) / base],
      failures: 0,
    }));
  } finally {
    await gateway.stop();
  }
}

/** Most that the gateway holds while 100 MB pass through it, against what it held before. */
export async function measureStreamMemory(gateway: Server): Promise<BenchRow> {
  const before = gateway.residentBytes();
  let most = before;
  let bytes = 0;
  const answer = await fetch(`${gateway.url}/stream`);
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    most = Math.max(most, gateway.residentBytes());
  }
  if (bytes < 100_000_000) throw new Error(`cannot measure the stream: ${bytes} bytes came`);
  return {
    what: 'gateway memory while 100 MB are streamed',
    connections: 1,
    ours: `${(most / mebibyte).toFixed(0)} MiB`,
    baseline: `${(before / mebibyte).toFixed(0)} MiB (before)`,
    ratios: [most / before],
    failures: 0,
  };
}

/** proc_pid_stat(5): the fourth field is the parent. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return -1;
  }
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
