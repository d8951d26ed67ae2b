// `npm run bench`: every figure is a ratio inside this run against a named baseline, because this machine is not yours.
// `-- --json` prints the rows for machines; `-- --quick` takes shorter runs and says so.
import { rmSync } from 'node:fs';
import { measureColdStart } from './cold-start.ts';
import { measureDiscovery } from './discovery.ts';
import { writeBenchTree } from './functions.ts';
import { hasWrk } from './load.ts';
import { type BenchRow, median } from './row.ts';
import { startBareFastify, startGateway } from './servers.ts';
import { measureThroughput } from './throughput.ts';

const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);

const plan = quick ? { seconds: 2, rounds: 1 } : { seconds: 4, rounds: 3 };
const rows: BenchRow[] = [];
const wanted = (part: string): boolean => only === undefined || only === part;

if (wanted('throughput') || wanted('cold')) {
  const tree = writeBenchTree();
  const bare = await startBareFastify();
  const gateway = await startGateway(tree, { FN_MAX_CONNECTIONS: '4096' });
  try {
    if (wanted('cold')) rows.push(...(await measureColdStart(gateway)));
    if (wanted('throughput')) rows.push(...(await measureThroughput(bare, gateway, plan)));
  } finally {
    await Promise.all([bare.stop(), gateway.stop()]);
    rmSync(tree, { recursive: true, force: true });
  }
}
if (wanted('discovery')) rows.push(...(await measureDiscovery()));

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
