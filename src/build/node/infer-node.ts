// Packages that a Node function needs by what it imports: by our parser, or by detective where the operator says so.
// Source: contract/dependencies.md 3.2.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import { askTool, lastLines } from '../ask-tool.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import type { Inference } from '../inference.ts';
import { importedSpecifiers, type ReadSource } from './local-modules.ts';
import { findNpm } from './npm-facts.ts';
import { packageOfSpecifier } from './package-of-specifier.ts';

/** @throws PlanFault where the backend is unknown, missing or fails */
export async function inferNode(unit: FunctionUnit, tools: BuildTools): Promise<Inference> {
  const backend = tools.settings.inference.backend.node;
  const start = performance.now();
  const specifiers = await importedSpecifiers(unit.entry, unit, await readerOf(backend, tools));
  const named = specifiers.map((specifier) => ({ specifier, named: packageOfSpecifier(specifier) }));
  const outside = named.filter((each) => each.named.kind !== 'none');
  const packages = outside.flatMap((each) => (each.named.kind === 'package' ? [each.named.name] : []));
  return {
    backend,
    durationMs: performance.now() - start,
    imports: outside.map(({ specifier }) => specifier),
    packages: [...new Set(packages)],
    unresolved: outside.filter((each) => each.named.kind === 'unresolved').map(({ specifier }) => specifier),
  };
}

async function readerOf(backend: string, tools: BuildTools): Promise<ReadSource | undefined> {
  if (backend === 'native') return undefined;
  if (backend === 'detective') return await detective(tools);
  if (backend === 'require-analyzer') return await requireAnalyzer(tools);
  throw new PlanFault(
    `node dependency inference backend unsupported: ${backend}. Supported values: native, detective, require-analyzer.`,
  );
}

const detectiveScript =
  "const text = require('fs').readFileSync(0, 'utf8'); console.log(JSON.stringify(require(process.argv[1])(text)));";
const detectiveTimeoutMs = 20_000;

async function detective(tools: BuildTools): Promise<ReadSource> {
  const { node, folder } = await globalPackage('detective', tools);
  return async (source) => {
    const args = ['-e', detectiveScript, folder];
    const asked = { file: node, args, input: source, timeoutMs: detectiveTimeoutMs, signal: tools.signal };
    const answer = await askTool(asked);
    if (answer.ok) return readList('detective', answer.stdout);
    const tail = lastLines(answer.stderr) || answer.reason;
    throw new PlanFault(`node dependency inference via detective failed: ${tail}`);
  };
}

function readList(backend: string, text: string): string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list.filter((item) => typeof item === 'string');
  } catch {
    // Told below, like any other answer that is no list.
  }
  throw new PlanFault(`node dependency inference via ${backend} returned invalid JSON`);
}

/** It finds imports by loading the program, which no process outside a jail may do. */
async function requireAnalyzer(tools: BuildTools): Promise<never> {
  await globalPackage('require-analyzer', tools);
  throw new PlanFault(
    'node dependency inference via require-analyzer failed: it would run the function outside its sandbox; ' +
      'switch FN_NODE_INFER_BACKEND=native',
  );
}

async function globalPackage(name: string, tools: BuildTools): Promise<{ node: string; folder: string }> {
  // Without npm there are no global packages either, and that is what the operator wants to hear.
  const npm = await findNpm(tools, name).catch(() => null);
  const folder = npm === null ? '' : join(npm.globalModules, name);
  const node = npm?.node ?? null;
  if (node !== null && existsSync(join(folder, 'package.json'))) return { node, folder };
  throw new PlanFault(
    `node dependency inference backend '${name}' is unavailable. ` +
      `Install it with 'npm install -g ${name}' or switch FN_NODE_INFER_BACKEND=native.`,
  );
}
