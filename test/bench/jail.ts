// What the jail costs: throughput and cold first calls with every layer, with one kernel layer fewer and with none, on
// gateways that run side by side, in turn (A B C D A B C D …), so that a drift of the machine's speed falls on all.
import { silentLog } from '../../src/log.ts';
import { type Capabilities, probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { startTestGateway, type TestGateway } from '../integration/support/gateway.ts';
import { applyLoad } from './load.ts';
import { type BenchRow, median } from './row.ts';

interface JailPlan {
  readonly seconds: number;
  readonly rounds: number;
  readonly coldCalls: number;
}

interface Variant {
  readonly name: string;
  readonly gateway: TestGateway;
}

const kernel = probeCapabilities();

/** Layer by layer; the first is what the others are compared with. Capabilities go and limits hold in all of them. */
const variants: readonly (readonly [
  name: string,
  offers: Partial<Capabilities>,
  strict: '0' | '1',
  namespace?: 'auto',
])[] = [
  ['no jail', {}, '0'],
  ['language guard alone', { landlockAbi: 0, seccomp: false }, '1'],
  ['guard and Landlock', { seccomp: false }, '1'],
  ['guard and seccomp', { landlockAbi: 0 }, '1'],
  ['all layers', {}, '1'],
  ['all layers and a minimal root', {}, '1', 'auto'],
];

const hello = {
  node: "exports.handler = () => ({ message: 'Hello, World' });\n",
  python: 'def handler(event):\n    return {"message": "Hello, World"}\n',
} as const;

const languages = ['node', 'python'] as const;
type Language = (typeof languages)[number];

/** System calls are what a filter adds its cost to: here 200 a call. */
const busy = {
  node: "const fs = require('node:fs');\nexports.handler = () => { for (let i = 0; i < 200; i++) fs.statSync(__filename); return { done: true }; };\n",
  python:
    'import os\ndef handler(event):\n    for i in range(200):\n        os.stat(__file__)\n    return {"done": True}\n',
} as const;

function tree(coldCalls: number): Record<string, string> {
  const files: Record<string, string> = {
    'fn.config.json': JSON.stringify({ max_concurrency: 0, timeout_ms: 30_000 }),
    'get.node.js': hello.node,
    'get.python.py': hello.python,
    'get.busynode.js': busy.node,
    'get.busypython.py': busy.python,
  };
  for (let index = 0; index < coldCalls; index += 1) {
    files[`get.coldnode${index}.js`] = hello.node;
    files[`get.coldpython${index}.py`] = hello.python;
  }
  return files;
}

async function openVariants(coldCalls: number): Promise<Variant[]> {
  const open: Variant[] = [];
  for (const [name, offers, strict, namespace = 'off'] of variants) {
    const variables = {
      FN_STRICT_FS: strict,
      FN_SANDBOX_NAMESPACE: namespace,
      FN_MAX_CONNECTIONS: '4096',
    };
    const capabilities = { ...kernel, ...offers };
    open.push({
      name,
      gateway: await startTestGateway(tree(coldCalls), variables, silentLog, { capabilities }),
    });
  }
  return open;
}

/** Rounds × variants, in turn. */
async function inTurn(
  open: readonly Variant[],
  rounds: number,
  measure: (one: Variant, round: number) => Promise<number>,
): Promise<number[][]> {
  const figures = open.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, variant] of open.entries()) figures[index]?.push(await measure(variant, round));
  }
  return figures;
}

function rowsOf(
  what: string,
  connections: number,
  unit: string,
  open: readonly Variant[],
  figures: readonly (readonly number[])[],
): BenchRow[] {
  const [base = [], ...others] = figures;
  const shown = (values: readonly number[]): string =>
    `${median(values).toFixed(unit === 'ms' ? 1 : 0)} ${unit}`;
  return others.map((values, index) => ({
    what: `${what}: ${open[index + 1]?.name}`,
    connections,
    ours: shown(values),
    baseline: `${shown(base)} (no jail)`,
    ratios: values.map((value, round) => value / (base[round] ?? Number.NaN)),
    failures: 0,
  }));
}

async function throughputOf(open: readonly Variant[], path: string, plan: JailPlan): Promise<BenchRow[]> {
  const connections = 16;
  const load = { connections, bodyBytes: 0 };
  for (const { gateway } of open) await applyLoad({ ...load, url: gateway.url + path, seconds: 1 });
  const figures = await inTurn(open, plan.rounds, async ({ gateway }) => {
    const result = await applyLoad({ ...load, url: gateway.url + path, seconds: plan.seconds });
    if (result.failures > 0) throw new Error(`cannot measure ${path}: ${result.failures} answers failed`);
    return result.requestsPerSecond;
  });
  return rowsOf(`throughput ${path.slice(1)}`, connections, 'req/s', open, figures);
}

async function coldOf(open: readonly Variant[], language: Language, plan: JailPlan): Promise<BenchRow[]> {
  const figures = await inTurn(open, plan.coldCalls, async ({ gateway }, round) => {
    // The spare launcher that the last cold call took is replaced in this time.
    await new Promise((resolve) => setTimeout(resolve, 400));
    const began = performance.now();
    const response = await fetch(`${gateway.url}/cold${language}${round}`);
    await response.text();
    if (response.status !== 200) throw new Error(`cannot measure a cold call: status ${response.status}`);
    return performance.now() - began;
  });
  return rowsOf(`cold first call ${language}`, 1, 'ms', open, figures);
}

/** Ratios are jailed / not jailed: throughput below 1 is a cost, time above 1 is one. */
export async function measureJail(plan: JailPlan): Promise<BenchRow[]> {
  const open = await openVariants(plan.coldCalls);
  const rows: BenchRow[] = [];
  try {
    for (const language of languages) rows.push(...(await coldOf(open, language, plan)));
    for (const language of languages) rows.push(...(await throughputOf(open, `/${language}`, plan)));
    for (const language of languages) rows.push(...(await throughputOf(open, `/busy${language}`, plan)));
  } finally {
    for (const { gateway } of open) await gateway.close();
  }
  return rows;
}
