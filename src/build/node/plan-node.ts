// The plan for a Node function's packages: its own and those of its shared packs, each in a folder of its own below one
// artifact, so that the function's come first. Source: contract/dependencies.md 3 and 8.

import { join } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import type { BuildPlan, DependencyReport } from '../build-plan.ts';
import type { BuildTools } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import { isFolder, shownPath } from '../function-files.ts';
import { withReportedFaults } from '../reported-faults.ts';
import { findPacks, type SharedPack, stampOfFolder } from '../shared-packs.ts';
import { findNpm } from './npm-facts.ts';
import { ownPackages } from './own-packages.ts';
import { readPackageJson } from './package-json.ts';
import { isMetByHand, type PackageSet, readPackageSet } from './package-set.ts';
import { type FolderPlan, planFolder } from './plan-folder.ts';

const emptyReport: DependencyReport = { mode: 'manifest', manifestPath: null, inferBackend: 'native' };

export const planNode = withReportedFaults('package.json', async (unit, tools) => {
  const packs = findPacks(unit, tools.functionsRoot);
  const own = await ownPackages(unit, packs, tools);
  const wanted = packs.flatMap(({ name, dir }) => {
    const set = packSet(dir, tools);
    return set === null ? [] : [{ prefix: `fastfn-packs/${name}/`, set }];
  });
  const byHand = packs.map(({ dir }) => join(dir, 'node_modules')).filter(isFolder);
  const asked = [...(own.set === null ? [] : [{ prefix: '', set: own.set }]), ...wanted];
  if (asked.length === 0 && byHand.length === 0)
    return own.report === null ? null : { kind: 'none', report: own.report };
  const npm =
    asked.length === 0
      ? null
      : await findNpm(tools, `npm install failed for ${shownPath(unit.dir, tools.functionsRoot)}`);
  const folders = npm === null ? [] : asked.map(({ set, prefix }) => planFolder(set, prefix, npm, tools));
  return assemble(unit, tools, folders, byHand, own.report ?? emptyReport);
});

/** What a pack asks npm for; null where it asks for nothing or has it already. */
function packSet(dir: SharedPack['dir'], { settings, functionsRoot }: BuildTools): PackageSet | null {
  const set = readPackageSet(readPackageJson(dir, functionsRoot), { readable: [dir] }, functionsRoot);
  return set === null || !settings.install.node || isMetByHand(set, functionsRoot) ? null : set;
}

function assemble(
  unit: FunctionUnit,
  tools: BuildTools,
  folders: readonly FolderPlan[],
  byHand: readonly string[],
  report: DependencyReport,
): BuildPlan {
  // Packages choose their compiled parts by platform and by the interface of Node's add-ons.
  const platform = `${process.versions.modules} ${process.platform} ${process.arch}`;
  return {
    key: contentKey([
      ['node', platform],
      ...folders.flatMap(({ keyParts }) => keyParts),
      ...byHand.map((path) => ['by hand', stampOfFolder(path, '.package-lock.json')] as const),
    ]),
    runtime: 'node',
    kind: 'dependencies',
    files: folders.flatMap(({ files }) => files),
    steps: folders.flatMap(({ steps }) => steps),
    output: {
      program: null,
      importPaths: folders.flatMap(({ importPaths }) => importPaths),
      sharedPaths: byHand,
    },
    failureText: `npm dependencies install failed for ${shownPath(unit.dir, tools.functionsRoot)}`,
    failureHint: 'Check inferred imports or add explicit dependencies in package.json.',
    report,
  };
}
