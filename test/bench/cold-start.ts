// The first call of a function that no worker serves yet, with a spare launcher ready, against starting the bare
// interpreter with an empty program: what the language itself costs.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { coldFunctions } from './functions.ts';
import { type BenchRow, median } from './row.ts';
import type { Server } from './servers.ts';

/** The program itself: a version manager's `python3` is a script that costs more than what it starts. */
function realPython(): string {
  const found = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  if (found.status !== 0) throw new Error('cannot find python3');
  return found.stdout.trim();
}

const interpreters = {
  node: [process.execPath, ['-e', '0']],
  python: [realPython(), ['-I', '-c', '0']],
} as const;

export async function measureColdStart(gateway: Server): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const language of ['node', 'python'] as const) {
    const cold: number[] = [];
    const bare: number[] = [];
    for (let index = 0; index < coldFunctions; index++) {
      // A pause between calls: the spare launcher that a cold start used is replaced in it.
      await sleep(400);
      cold.push(await timeFirstCall(`${gateway.url}/cold${language}${index}`));
      bare.push(timeInterpreter(language));
    }
    rows.push({
      what: `cold first call, ${language}`,
      connections: 1,
      ours: `${median(cold).toFixed(0)} ms`,
      baseline: `${median(bare).toFixed(0)} ms (interpreter with an empty program)`,
      ratios: cold.map((value, index) => value / (bare[index] ?? Number.NaN)),
      failures: 0,
    });
  }
  return rows;
}

async function timeFirstCall(url: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(url);
  await response.text();
  if (response.status !== 200) throw new Error(`cannot measure ${url}: status ${response.status}`);
  return performance.now() - began;
}

function timeInterpreter(language: keyof typeof interpreters): number {
  const [file, args] = interpreters[language];
  const began = performance.now();
  const done = spawnSync(file, args, { stdio: 'ignore' });
  if (done.status !== 0) throw new Error(`cannot run ${file}: status ${done.status}`);
  return performance.now() - began;
}
