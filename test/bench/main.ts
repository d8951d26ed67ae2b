// `npm run bench`: every figure is a ratio inside this run against a named baseline, because this machine is not yours.
// `-- --json` prints the rows for machines; `-- --quick` takes shorter runs and says so; `-- --only=cold,crowd` and
// `-- --languages=node,go` choose, `-- --rounds=2 --seconds=2` set the length.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { measureColdStart } from './cold-start.ts';
import { measureCrowd, measureProxy } from './crowd.ts';
import { measureDiscovery } from './discovery.ts';
import { writeBenchTree } from './functions.ts';
import { measureJail } from './jail.ts';
import { type BenchLanguage, languages } from './languages.ts';
import { hasWrk } from './load.ts';
import { measureStreamMemory, measureWorkerMemory } from './memory.ts';
import { type BenchRow, median } from './row.ts';
import { type Server, startBareFastify, startGateway } from './servers.ts';
import { casesOf, measureThroughput } from './throughput.ts';

const parts = ['cold', 'throughput', 'memory', 'crowd', 'proxy', 'jail', 'discovery'] as const;
/** Go and Rust functions are compiled first; a slow machine takes its time. */
const buildTimeoutMs = 600_000;

const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const chosen = flagValue('--only')?.split(',') ?? parts;
const languageNames = flagValue('--languages')?.split(',');

const plan = {
  seconds: Number(flagValue('--seconds') ?? (quick ? 2 : 4)),
  rounds: Number(flagValue('--rounds') ?? (quick ? 1 : 3)),
};
const rows: BenchRow[] = [];
const wants = (part: (typeof parts)[number]): boolean => chosen.includes(part);

if (parts.some((part) => part !== 'discovery' && part !== 'jail' && wants(part))) await measureServing();
if (wants('jail')) rows.push(...(await measureJail({ ...plan, seconds: 2, coldCalls: quick ? 3 : 8 })));
if (wants('discovery')) rows.push(...(await measureDiscovery()));

async function measureServing(): Promise<void> {
  const bare = await startBareFastify();
  const tree = writeBenchTree(bare.url);
  const gateway = await startGateway(tree, { FN_HTTP_MAX_CONNECTIONS: '8192' });
  try {
    const served = await whenBuilt(gateway);
    for (const language of served) {
      if (wants('cold')) rows.push(...(await measureColdStart(gateway, language)));
      const cases = casesOf(language);
      if (wants('throughput')) rows.push(...(await measureThroughput(bare, gateway, plan, cases)));
    }
    if (wants('memory')) {
      rows.push(...(await measureWorkerMemory(tree, served)));
      rows.push(await measureStreamMemory(gateway));
    }
    if (wants('proxy')) rows.push(await measureProxy(gateway, bare, plan));
    if (wants('crowd')) rows.push(...(await measureCrowd(gateway, plan)));
  } finally {
    await Promise.all([bare.stop(), gateway.stop()]);
    rmSync(tree, { recursive: true, force: true });
  }
}

/** The chosen languages that this host has, each with all its functions ready to be called. */
async function whenBuilt(gateway: Server): Promise<BenchLanguage[]> {
  const served: BenchLanguage[] = [];
  for (const language of languages) {
    if (languageNames !== undefined && !languageNames.includes(language.name)) continue;
    if (await isServed(`${gateway.url}/${language.name}-hello`)) served.push(language);
    else console.error(`left out: ${language.label} (not on this host)`);
  }
  await whenQuiet(gateway);
  return served;
}

/** The functions for cold calls are compiled too, and what compiles would take its share of what is measured. */
async function whenQuiet(gateway: Server): Promise<void> {
  const until = performance.now() + buildTimeoutMs;
  for (;;) {
    const health = await fetch(`${gateway.url}/_fn/health`);
    const { builds } = (await health.json()) as { builds: { summary: { building: number } } };
    if (builds.summary.building === 0) return;
    if (performance.now() > until) throw new Error(`cannot measure: ${JSON.stringify(builds)}`);
    await sleep(1_000);
  }
}

async function isServed(url: string): Promise<boolean> {
  const until = performance.now() + buildTimeoutMs;
  for (;;) {
    const answer = await fetch(url);
    const text = await answer.text();
    if (answer.status === 200) return true;
    if (!text.includes('not_built')) return false;
    if (performance.now() > until) throw new Error(`cannot measure ${url}: ${text}`);
    await sleep(1_000);
  }
}

function flagValue(flag: string): string | undefined {
  return process.argv.find((argument) => argument.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

const loader = (await hasWrk()) ? 'wrk' : 'autocannon';
if (json) console.log(JSON.stringify({ quick, loader, plan, rows }));
else print(rows);

function print(all: readonly BenchRow[]): void {
  console.log(
    `load by ${loader}; ${plan.rounds} rounds of ${plan.seconds} s; ratio = median of ours / baseline, pair by pair\n`,
  );
  console.log('| what | connections | ours | baseline | ratio |\n|---|---|---|---|---|');
  for (const row of all) {
    const ratio = row.ratios.length === 0 ? '' : median(row.ratios).toFixed(2);
    const note = row.failures === 0 ? '' : ` (${row.failures} failed answers)`;
    console.log(`| ${row.what}${note} | ${row.connections} | ${row.ours} | ${row.baseline} | ${ratio} |`);
  }
}
