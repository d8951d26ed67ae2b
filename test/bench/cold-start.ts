// The first call of a function that no worker serves yet, with a spare launcher ready and its program built, against
// starting what the language starts without us: the bare interpreter with an empty program, or a program that ends at once.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchLanguage } from './languages.ts';
import { type BenchRow, median } from './row.ts';
import type { Server } from './servers.ts';

/** The program itself: a version manager's `python3` is a script that costs more than what it starts. */
function realPython(): string {
  const found = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  if (found.status !== 0) throw new Error('cannot find python3');
  return found.stdout.trim();
}

const node = { file: process.execPath, args: ['-e', '0'], what: 'Node with an empty program' };
/** `true` stands for any compiled program that does nothing. */
const program = { file: '/bin/true', args: [], what: 'a program that ends at once' };

function baselineOf(language: string): typeof node {
  switch (language) {
    case 'python':
      return { file: realPython(), args: ['-I', '-c', '0'], what: 'Python with an empty program' };
    case 'php':
      return { file: 'php', args: ['-n', '-r', '0;'], what: 'PHP with an empty program' };
    case 'go':
    case 'rust':
      return program;
    default:
      return node;
  }
}

export async function measureColdStart(gateway: Server, language: BenchLanguage): Promise<BenchRow[]> {
  const { name, label, coldCalls } = language;
  if (coldCalls === 0) return [];
  const baseline = baselineOf(name);
  const cold: number[] = [];
  const bare: number[] = [];
  for (let index = 0; index < coldCalls; index++) {
    // A pause between calls: the spare launcher that a cold start used is replaced in it.
    await sleep(400);
    cold.push(await timeFirstCall(`${gateway.url}/${name}-cold${index}`));
    bare.push(timeProgram(baseline));
  }
  return [
    {
      what: `cold first call, ${label}`,
      connections: 1,
      ours: `${median(cold).toFixed(0)} ms`,
      baseline: `${median(bare).toFixed(0)} ms (${baseline.what})`,
      ratios: cold.map((value, index) => value / (bare[index] ?? Number.NaN)),
      failures: 0,
    },
  ];
}

async function timeFirstCall(url: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(url);
  await response.text();
  if (response.status !== 200) throw new Error(`cannot measure ${url}: status ${response.status}`);
  return performance.now() - began;
}

function timeProgram({ file, args }: typeof node): number {
  const began = performance.now();
  const done = spawnSync(file, args, { stdio: 'ignore' });
  if (done.status !== 0) throw new Error(`cannot run ${file}: status ${done.status}`);
  return performance.now() - began;
}
