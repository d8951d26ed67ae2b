// Requests per second and median latency, product and bare Fastify in turn (A B A B …), so that a drift of the
// machine's speed falls on both.
import type { BenchLanguage } from './languages.ts';
import { applyLoad, type LoadOptions, type LoadResult } from './load.ts';
import { type BenchRow, median } from './row.ts';
import type { Server } from './servers.ts';

export interface Plan {
  readonly seconds: number;
  readonly rounds: number;
}

export interface Case {
  readonly what: string;
  readonly path: string;
  readonly barePath: string;
  readonly bodyBytes: number;
}

/** What is measured of one language. */
export function casesOf({ name, label }: BenchLanguage): readonly Case[] {
  const echo = { path: `/${name}-echo`, barePath: '/echo' };
  return [
    { what: `${label} hello, JSON`, path: `/${name}-hello`, barePath: '/hello', bodyBytes: 0 },
    { what: `${label} echo 1 KiB`, ...echo, bodyBytes: 1024 },
    { what: `${label} echo 256 KiB`, ...echo, bodyBytes: 262_144 },
  ];
}

export async function measureThroughput(
  bare: Server,
  gateway: Server,
  plan: Plan,
  cases: readonly Case[],
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const one of cases) {
    const warm = { connections: 16, seconds: 1, bodyBytes: one.bodyBytes };
    await applyLoad({ ...warm, url: gateway.url + one.path });
    await applyLoad({ ...warm, url: bare.url + one.barePath });
    for (const connections of [1, 16, 64]) {
      const load = { connections, seconds: plan.seconds, bodyBytes: one.bodyBytes };
      rows.push(...(await compare(one, load, bare, gateway, plan.rounds)));
    }
  }
  return rows;
}

async function compare(
  one: Case,
  load: Omit<LoadOptions, 'url'>,
  bare: Server,
  gateway: Server,
  rounds: number,
): Promise<BenchRow[]> {
  const pairs: { ours: LoadResult; base: LoadResult }[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await applyLoad({ ...load, url: gateway.url + one.path });
    const base = await applyLoad({ ...load, url: bare.url + one.barePath });
    pairs.push({ ours, base });
  }
  const failures = pairs.reduce((sum, pair) => sum + pair.ours.failures + pair.base.failures, 0);
  const rate = (pick: (pair: (typeof pairs)[number]) => LoadResult): string =>
    `${Math.round(median(pairs.map((pair) => pick(pair).requestsPerSecond)))} req/s`;
  const throughput: BenchRow = {
    what: `${one.what}: throughput`,
    connections: load.connections,
    ours: rate((pair) => pair.ours),
    baseline: `${rate((pair) => pair.base)} (bare Fastify)`,
    ratios: pairs.map((pair) => pair.ours.requestsPerSecond / pair.base.requestsPerSecond),
    failures,
  };
  if (load.connections !== 1) return [throughput];
  return [throughput, addedLatency(one, pairs)];
}

function addedLatency(one: Case, pairs: readonly { ours: LoadResult; base: LoadResult }[]): BenchRow {
  const ours = median(pairs.map((pair) => pair.ours.medianMs));
  const base = median(pairs.map((pair) => pair.base.medianMs));
  return {
    what: `${one.what}: median latency (added ${(ours - base).toFixed(3)} ms)`,
    connections: 1,
    ours: `${ours.toFixed(3)} ms`,
    baseline: `${base.toFixed(3)} ms (bare Fastify)`,
    ratios: pairs.map((pair) => pair.ours.medianMs / pair.base.medianMs),
    failures: 0,
  };
}
