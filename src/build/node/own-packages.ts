// What a Node function itself asks npm for: the package.json that applies to it, and what its imports say where inference is
// on. Writes the manifest where that is wanted. Source: contract/dependencies.md 3.1, 3.2.

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import type { DependencyReport } from '../build-plan.ts';
import type { BuildTools } from '../build-planner.ts';
import { isFolder } from '../function-files.ts';
import { admitInference, type Inference, reportOf } from '../inference.ts';
import { manifestFolder } from '../manifest-folder.ts';
import type { SharedPack } from '../shared-packs.ts';
import { writeManifest } from '../write-manifest.ts';
import { inferNode } from './infer-node.ts';
import { latestRanges } from './latest-range.ts';
import { findNpm } from './npm-facts.ts';
import { hasDependencies, type PackageJson, readPackageJson } from './package-json.ts';
import { isMetByHand, lockedNames, type PackageSet, readPackageSet } from './package-set.ts';

export interface OwnPackages {
  /** null: nothing has to be installed for them. */
  readonly set: PackageSet | null;
  /** null: there is nothing to tell. */
  readonly report: DependencyReport | null;
}

/** @throws PlanFault where they cannot be read or may not be installed */
export async function ownPackages(
  unit: FunctionUnit,
  packs: readonly SharedPack[],
  tools: BuildTools,
): Promise<OwnPackages> {
  const { settings, functionsRoot: root } = tools;
  const manifest = nearestManifest(unit, root);
  if (!settings.install.node) {
    const report = { ...describe(manifest, null, null), note: 'FN_AUTO_NODE_DEPS is disabled' };
    return { set: null, report: manifest === null ? null : report };
  }
  const inference = settings.inference.node ? await inferNode(unit, tools) : null;
  const missing = missingPackages(unit, manifest, packs, inference, tools);
  const asked = missing.length === 0 ? manifest : await extend(unit, manifest, missing, tools);
  const set = readPackageSet(asked, unit, root);
  if (set === null) {
    const isToldOf = manifest !== null || (inference?.imports.length ?? 0) > 0;
    const note = manifest === null ? 'no package.json found' : 'nothing to install';
    return { set, report: isToldOf ? { ...describe(asked, set, inference), note } : null };
  }
  const byHand = isMetByHand(set, root);
  const note = byHand ? 'installed by hand in node_modules' : null;
  return { set: byHand ? null : set, report: { ...describe(asked, set, inference), note } };
}

/** As Node looks for packages: the nearest folder up to the functions root that names any; else the nearest manifest. */
function nearestManifest(unit: FunctionUnit, root: string): PackageJson | null {
  let nearest: PackageJson | null = null;
  for (let dir = unit.dir; dir === root || dir.startsWith(`${root}/`); dir = dirname(dir)) {
    const found = readPackageJson(dir, root);
    if (hasDependencies(found)) return found;
    nearest ??= found;
  }
  return nearest;
}

function describe(
  manifest: PackageJson | null,
  set: PackageSet | null,
  inference: Inference | null,
): DependencyReport {
  const inferred = inference !== null && inference.packages.length + inference.unresolved.length > 0;
  const path = manifest === null ? null : join(manifest.dir, 'package.json');
  const isThere = path !== null && existsSync(path);
  return {
    mode: inferred ? 'inferred' : 'manifest',
    manifestPath: isThere ? path : null,
    manifestGenerated: isThere && manifest?.document['name'] === generatedName(dirname(path)),
    ...reportOf(inference),
    lockfilePath: lockPathOf(manifest, set),
  };
}

function lockPathOf(manifest: PackageJson | null, set: PackageSet | null): string | null {
  if (manifest === null || set === null) return null;
  return set.lock === null ? 'package-lock.json' : join(manifest.dir, set.lock.name);
}

/** What the imports need and nobody has named or put there; @throws PlanFault where that may not be installed. */
function missingPackages(
  unit: FunctionUnit,
  manifest: PackageJson | null,
  packs: readonly SharedPack[],
  inference: Inference | null,
  { settings, functionsRoot: root }: BuildTools,
): string[] {
  if (inference === null) return [];
  const inPacks = packs.flatMap(({ dir }) => [...(readPackageJson(dir, root)?.required.keys() ?? [])]);
  const known = new Set([
    ...(manifest?.required.keys() ?? []),
    ...(manifest?.optional.keys() ?? []),
    ...packs.map(({ name }) => name),
    ...inPacks,
    String(manifest?.document['name'] ?? ''),
  ]);
  const folders = [...modulesAbove(unit.dir, root), ...packs.map(({ dir }) => join(dir, 'node_modules'))];
  const missing = inference.packages.filter(
    (name) => !known.has(name) && !folders.some((folder) => isFolder(join(folder, name))),
  );
  const set = readPackageSet(manifest, unit, root);
  const terms = {
    label: 'node',
    manifestWords: 'dependencies in package.json',
    settings: settings.inference,
    production: settings.production,
    explicit: hasDependencies(manifest),
    isLocked: (name: string) => lockedNames(set?.lock ?? null).has(name),
    lockName: 'package-lock.json',
    sameName: (one: string, other: string) => one === other,
  } as const;
  admitInference(inference, missing, terms, describe(manifest, set, inference));
  return missing;
}

function modulesAbove(dir: string, root: string): string[] {
  const folders: string[] = [];
  for (let at = dir; at === root || at.startsWith(`${root}/`); at = dirname(at))
    folders.push(join(at, 'node_modules'));
  return folders;
}

/** The manifest with the missing packages in it, on disk where that is wanted and possible. */
async function extend(
  unit: FunctionUnit,
  manifest: PackageJson | null,
  missing: readonly string[],
  tools: BuildTools,
): Promise<PackageJson> {
  const { writeManifest: isWritten } = tools.settings.inference;
  const dir = manifest?.dir ?? manifestFolder(unit, 'package.json');
  const ranges = isWritten
    ? await latestRanges(missing, await findNpm(tools, 'node dependency inference failed'), tools)
    : new Map<string, string>();
  // As it is now: functions of one folder share its manifest, and another one may have added to it meanwhile.
  const current = readPackageJson(dir, tools.functionsRoot);
  const held = current?.required ?? new Map<string, string>();
  const added = missing.filter((name) => !held.has(name));
  const required = new Map([...held, ...added.map((name) => [name, ranges.get(name) ?? '*'] as const)]);
  const base = current?.document ?? { name: generatedName(dir), private: true, version: '1.0.0' };
  const document = { ...base, dependencies: Object.fromEntries(required) };
  const text = `${JSON.stringify(document, null, indentOf(current?.text))}\n`;
  if (isWritten) writeManifest(join(dir, 'package.json'), text);
  return { dir, text, document, required, optional: current?.optional ?? new Map() };
}

function generatedName(dir: string): string {
  const slug = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `fastfn-${slug || 'function'}`;
}

/** Of the first member, so that a manifest keeps the look that its author gave it. */
function indentOf(text: string | undefined): string {
  return /^\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? '  ';
}
