// The plan for a Python function's packages: its own requirements and those of its shared packs, each in a folder of its own
// below one artifact, so that the function's come first. Source: contract/dependencies.md 2 and 8.

import { join } from 'node:path';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import type { BuildPlan, DependencyReport } from '../build-plan.ts';
import type { BuildTools } from '../build-planner.ts';
import { contentKey } from '../content-key.ts';
import { isFolder, shownPath } from '../function-files.ts';
import { withReportedFaults } from '../reported-faults.ts';
import { findPacks, stampOfFolder } from '../shared-packs.ts';
import { isMetByHand } from './by-hand.ts';
import { ownRequirements } from './own-requirements.ts';
import { type FolderPlan, planFolder } from './plan-folder.ts';
import { findPython } from './python-facts.ts';
import { type RequirementsSet, readRequirements } from './requirements-set.ts';

const emptyReport: DependencyReport = { mode: 'manifest', manifestPath: null, inferBackend: 'native' };

export const planPython = withReportedFaults('requirements.txt', async (unit, tools) => {
  const packs = findPacks(unit, tools.functionsRoot);
  const own = await ownRequirements(unit, tools);
  const wanted = packs
    .map(({ name, dir }) => ({ name, set: readRequirements(dir, { readable: [dir] }, tools.functionsRoot) }))
    .filter(({ set }) => tools.settings.install.python && isWanted(set));
  const byHand = packs.map(({ dir }) => join(dir, '.deps')).filter(isFolder);
  if (!own.wanted && wanted.length === 0 && byHand.length === 0)
    return own.report === null ? null : { kind: 'none', report: own.report };
  const folders: FolderPlan[] = [];
  const python = own.wanted || wanted.length > 0 ? await findPython(tools) : null;
  if (python !== null && own.wanted) folders.push(planFolder(own, '', python, tools));
  if (python !== null) {
    for (const { name, set } of wanted)
      folders.push(planFolder({ set, extra: [] }, `fastfn-packs/${name}/`, python, tools));
  }
  return assemble(unit, tools, {
    folders,
    byHand,
    abi: python?.abi ?? '',
    report: own.report ?? emptyReport,
  });
});

function isWanted(set: RequirementsSet): boolean {
  return set.manifest !== null && !isMetByHand(set.dir, [set.manifest]);
}

interface Parts {
  readonly folders: readonly FolderPlan[];
  readonly byHand: readonly string[];
  readonly abi: string;
  readonly report: DependencyReport;
}

function assemble(unit: FunctionUnit, tools: BuildTools, { folders, byHand, abi, report }: Parts): BuildPlan {
  return {
    key: contentKey([
      ['python', abi],
      ...folders.flatMap(({ keyParts }) => keyParts),
      ...byHand.map((path) => ['by hand', stampOfFolder(path)] as const),
    ]),
    runtime: 'python',
    kind: 'dependencies',
    files: folders.flatMap(({ files }) => files),
    steps: folders.flatMap(({ steps }) => steps),
    output: { program: null, importPaths: folders.map(({ importPath }) => importPath), sharedPaths: byHand },
    failureText: `pip dependencies install failed for ${shownPath(unit.dir, tools.functionsRoot)}`,
    failureHint: 'Check inferred imports or add explicit requirements.txt pins.',
    report,
  };
}
