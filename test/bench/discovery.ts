// 1,000 functions and no worker: memory of the gateway against one with a single function, and the time to discover
// them against reading the same folders with nothing done to them.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scanFunctions } from '../../src/discovery/scan.ts';
import { writeManyFunctions } from './functions.ts';
import { type BenchRow, median } from './row.ts';
import { startGateway } from './servers.ts';

const count = 1000;
const mebibyte = 1024 * 1024;

export async function measureDiscovery(): Promise<BenchRow[]> {
  const many = writeManyFunctions(count);
  const one = mkdtempSync(join(tmpdir(), 'fastfn-one-'));
  writeFileSync(join(one, 'get.hello.js'), 'exports.handler = () => 1;\n');
  try {
    return [await compareMemory(many, one), await compareTime(many)];
  } finally {
    for (const folder of [many, one]) rmSync(folder, { recursive: true, force: true });
  }
}

async function compareMemory(many: string, one: string): Promise<BenchRow> {
  const sizes: number[] = [];
  for (const folder of [many, one]) {
    const server = await startGateway(folder);
    sizes.push(server.residentBytes());
    await server.stop();
  }
  const [ours = Number.NaN, base = Number.NaN] = sizes;
  return {
    what: `gateway memory, ${count} functions, no worker`,
    connections: '–',
    ours: `${(ours / mebibyte).toFixed(0)} MiB`,
    baseline: `${(base / mebibyte).toFixed(0)} MiB (one function)`,
    ratios: [ours / base],
    failures: 0,
  };
}

async function compareTime(root: string): Promise<BenchRow> {
  const ours: number[] = [];
  const base: number[] = [];
  for (let round = 0; round < 5; round++) {
    let began = performance.now();
    const catalog = await scanFunctions({
      root,
      runtimes: null,
      defaults: { timeoutMs: 2500, maxConcurrency: 20, maxBodyBytes: mebibyte },
      forceUrl: false,
      namespaceDepth: 3,
      ignoreDirs: [],
      strictFs: { enabled: true, locked: true },
      generation: 1,
      stateDir: join(root, '.fastfn'),
    });
    ours.push(performance.now() - began);
    if (catalog.functions.size !== count)
      throw new Error(`cannot measure: ${catalog.functions.size} functions found`);
    began = performance.now();
    for (const entry of readdirSync(root, { recursive: true })) statSync(join(root, String(entry)));
    base.push(performance.now() - began);
  }
  return {
    what: `discovery of ${count} functions`,
    connections: '–',
    ours: `${median(ours).toFixed(0)} ms`,
    baseline: `${median(base).toFixed(0)} ms (list and stat the same files)`,
    ratios: ours.map((value, index) => value / (base[index] ?? Number.NaN)),
    failures: 0,
  };
}
