// Reads a functions tree and says what is in it: walk (facts), plan (pure decisions), units (policies and views), catalog.
// Gives way to the event loop between folders. Never throws for what lies in the tree: that becomes warnings and faults.

import { basename, resolve } from 'node:path';
import type { Fault } from '../policy/fault.ts';
import type { BrowserDefaults } from '../policy/resolve-policy.ts';
import { type RuntimeName, runtimeNames } from '../policy/runtime-name.ts';
import { defaultSandboxRules, type SandboxRules } from '../policy/sandbox-rules.ts';
import type { Catalog, FunctionUnit, Route } from './catalog.ts';
import { planFolder } from './file-plan.ts';
import { type Folder, folderAt } from './folder.ts';
import { findGrouped, planGrouped, planLooseFiles } from './grouped-plan.ts';
import { type NamedFunction, registerNamed } from './named-function.ts';
import { type Claim, type Draft, Plan, searchDepth } from './plan.ts';
import { type SettledClaims, settleClaims } from './precedence.ts';
import { assetsInTree, planSite } from './site.ts';
import { startTimeSlice } from './time-slice.ts';
import { readTree, type Tree } from './tree.ts';
import { makeUnits } from './units.ts';

export interface ScanOptions {
  /** Functions root; made absolute. */
  readonly root: string;
  /** Enabled runtimes in order of preference; null = those that have a folder of their name in the root, or all. */
  readonly runtimes: readonly RuntimeName[] | null;
  readonly defaults: {
    readonly timeoutMs: number;
    readonly maxConcurrency: number;
    readonly maxBodyBytes: number;
    readonly browser?: BrowserDefaults;
  };
  /** Policy routes beat everything, as if each config said `force-url`. */
  readonly forceUrl: boolean;
  /** Parts of a name in the runtime-grouped layout, 1 to 5. */
  readonly namespaceDepth: number;
  /** Folder names that are not searched, besides the fixed list and the root config's. */
  readonly ignoreDirs: readonly string[];
  readonly strictFs: { readonly enabled: boolean; readonly locked: boolean };
  /** What functions may ask for at most, and what this kernel can hold. Default: all that FastFN allows anybody. */
  readonly sandbox?: SandboxRules;
  /** Number of this catalog: 1, 2, 3 … per process. */
  readonly generation: number;
  /** The gateway's own folder; never part of the tree. */
  readonly stateDir: string;
}

// FastFN leaves Rust and Go out until they are named; here they work like the others, so they are found like the others.
const defaultRuntimes = [...runtimeNames].sort();
const alwaysIgnored = [
  'node_modules',
  'vendor',
  '__pycache__',
  '.fastfn',
  '.deps',
  '.rust-build',
  'target',
  'src',
];

export async function scanFunctions(options: ScanOptions): Promise<Catalog> {
  const root = resolve(options.root);
  const slice = startTimeSlice();
  const sandbox = options.sandbox ?? defaultSandboxRules;
  const tree = await readTree(root, [resolve(options.stateDir)], slice, sandbox);
  const runtimes = Object.freeze([...(options.runtimes ?? presentRuntimes(tree.root))]);
  if (tree.root === null) return emptyCatalog(options, root, runtimes, tree);
  const site = planSite(tree.root, { root, stateDir: resolve(options.stateDir) });
  const served = assetsInTree(site.assets, root);
  const assets = served === null ? null : folderAt(tree.root, served);
  const plan = makePlan(tree.root, options, runtimes, { name: basename(root), assets });
  const pause = slice.pause();
  if (pause !== null) await pause;
  const settled = settleClaims(plan.claims.map((claim) => ({ ...claim, draft: plan.settle(claim.draft) })));
  const defaults = { ...options.defaults, strictFs: options.strictFs, sandbox };
  const units = await makeUnits(plan, { root, defaults, slice });
  remarkOutcome(plan, settled, units);
  const catalog: Catalog = {
    generation: options.generation,
    generatedAt: Date.now(),
    root,
    runtimes,
    functions: new Map([...units.values()].map((unit) => [unit.key, unit])),
    routes: settled.claims.map((claim) => toRoute(claim, units)),
    conflicts: settled.conflicts.map((conflict) => ({
      ...conflict,
      claimants: conflict.claimants.map((claim) => ({
        functionKey: keyOf(claim, units),
        source: claim.source,
      })),
    })),
    versions: versionKeys(plan, units),
    assets: site.assets,
    home: site.home,
    secretInodes: tree.secretInodes,
    warnings: [...tree.warnings, ...site.warnings, ...plan.warnings],
    faults: [...tree.faults, ...plan.faults],
  };
  return Object.freeze(catalog);
}

function presentRuntimes(root: Folder | null): readonly RuntimeName[] {
  const present = defaultRuntimes.filter((name) => root?.folders.some((folder) => folder.name === name));
  return present.length > 0 ? present : defaultRuntimes;
}

function emptyCatalog(
  options: ScanOptions,
  root: string,
  runtimes: readonly RuntimeName[],
  tree: Tree,
): Catalog {
  const fault: Fault = {
    file: '',
    key: '',
    found: 'no readable folder',
    accepted: 'a folder of functions',
    severity: 'error',
  };
  return Object.freeze({
    generation: options.generation,
    generatedAt: Date.now(),
    root,
    runtimes,
    functions: new Map(),
    routes: [],
    conflicts: [],
    versions: new Map(),
    warnings: tree.warnings,
    faults: [fault],
  });
}

/** Every decision about routes, in the order of registration (contract/routing.md 7). */
function makePlan(
  root: Folder,
  options: ScanOptions,
  runtimes: readonly RuntimeName[],
  about: { readonly name: string; readonly assets: Folder | null },
): Plan {
  const configured = root.config?.ignoreDirs ?? [];
  const plan = new Plan({
    runtimes,
    ignored: new Set(
      [...alwaysIgnored, ...options.ignoreDirs, ...configured].map((name) => name.toLowerCase()),
    ),
    namespaceDepth: Math.min(5, Math.max(1, Math.floor(options.namespaceDepth))),
    forceUrl: options.forceUrl,
    rootName: about.name,
  });
  const groups = findGrouped(plan, root).filter(({ folder }) => folder !== about.assets);
  const closed = new Set(groups.map((group) => group.folder));
  // By its real place too: a link to it leaves the folder itself in the tree.
  if (about.assets !== null) closed.add(about.assets);
  const identities: NamedFunction[] = [];
  planFolder(plan, root, {
    prefix: [],
    mixed: false,
    mayBeNamed: true,
    deepest: searchDepth,
    closed,
    found: identities,
  });
  for (const group of groups) planLooseFiles(plan, group);
  const taken = new Set<string>();
  for (const runtime of [...runtimes].sort()) {
    const own = identities.filter((named) => named.runtime === runtime);
    own.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const named of own) registerNamed(plan, named, taken);
    for (const named of groups.find((group) => group.runtime === runtime)?.functions ?? []) {
      planGrouped(plan, named, taken);
    }
  }
  return plan;
}

function keyOf(claim: Claim, units: ReadonlyMap<Draft, FunctionUnit>): string {
  return units.get(claim.draft)?.key ?? '';
}

function toRoute(claim: Claim, units: ReadonlyMap<Draft, FunctionUnit>): Route {
  const { pattern, methods, hosts, rank, forced, source } = claim;
  return Object.freeze({ pattern, methods, hosts, functionKey: keyOf(claim, units), rank, forced, source });
}

function versionKeys(plan: Plan, units: ReadonlyMap<Draft, FunctionUnit>): ReadonlyMap<string, string> {
  const keys = [...plan.versions()].map(([path, draft]) => [path, units.get(draft)?.key ?? ''] as const);
  return new Map(keys.filter(([, key]) => key !== ''));
}

function remarkOutcome(plan: Plan, settled: SettledClaims, units: ReadonlyMap<Draft, FunctionUnit>): void {
  for (const { claim, by } of settled.shadowed) {
    plan.warn('shadowed_route', claim.source, `${claim.pattern} is taken by ${by.source}`);
  }
  for (const conflict of settled.conflicts) {
    const sources = conflict.claimants.map((claim) => claim.source).join(', ');
    const where = conflict.hosts === null ? '' : ` on ${conflict.hosts.join(', ')}`;
    const what = `${conflict.methods.join(', ')} ${conflict.pattern}${where}`;
    plan.warn(
      'route_conflict',
      conflict.claimants[0]?.source ?? '',
      `${what} answers 409: claimed by ${sources}`,
    );
  }
  for (const claim of settled.claims) {
    const allowed = units.get(claim.draft)?.policy.methods ?? [];
    if (!claim.methods.some((method) => allowed.includes(method))) {
      plan.warn(
        'unreachable_route',
        claim.source,
        `${claim.methods.join(', ')} ${claim.pattern}: invoke.methods allows only ${allowed.join(', ')}`,
      );
    }
  }
}
