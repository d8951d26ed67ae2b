// What a Python function itself asks pip for: its manifest, the hints in its handler, and what its imports say where inference
// is on. Writes the manifest where that is wanted. Source: contract/dependencies.md 2.1, 2.2.

import type { FunctionUnit } from '../../discovery/catalog.ts';
import type { DependencyReport } from '../build-plan.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import { admitInference, type Inference, reportOf } from '../inference.ts';
import { manifestFolder } from '../manifest-folder.ts';
import { writeManifest } from '../write-manifest.ts';
import { isMetByHand } from './by-hand.ts';
import { inferPython, isSame } from './infer-python.ts';
import { inlineHints } from './inline-hints.ts';
import { readSource } from './local-modules.ts';
import { nameOf } from './lock-choice.ts';
import { findPython } from './python-facts.ts';
import { parseRequirements } from './requirements-file.ts';
import { type RequirementsSet, readRequirements } from './requirements-set.ts';

export interface OwnRequirements {
  readonly set: RequirementsSet;
  /** Beside the manifest. */
  readonly extra: readonly string[];
  /** False: nothing has to be installed for them. */
  readonly wanted: boolean;
  /** null: there is nothing to tell. */
  readonly report: DependencyReport | null;
}

/** @throws PlanFault where they cannot be read or may not be installed */
export async function ownRequirements(unit: FunctionUnit, tools: BuildTools): Promise<OwnRequirements> {
  const { settings, functionsRoot: root } = tools;
  const read = () => readRequirements(manifestFolder(unit, 'requirements.txt'), unit, root);
  const hints = inlineHints(readSource(unit.entry));
  const option = hints.find((hint) => hint.startsWith('-'));
  if (option !== undefined)
    throw new PlanFault(`cannot use "${option}" in #requirements: it names packages, not options`);
  if (!settings.install.python) return switchedOff(read(), hints);
  const inferring = settings.inference.python;
  const inference = inferring ? await inferPython(unit, await findPython(tools), tools) : null;
  // From here to the end nothing is awaited: functions of one folder share its manifest, and none may undo what another adds.
  const set = read();
  const missing = missingPackages(set, hints, inference, tools);
  const written = missing.length > 0 && settings.inference.writeManifest && append(set, missing, inference);
  return conclude(written ? read() : set, written ? hints : [...hints, ...missing], inference);
}

function switchedOff(set: RequirementsSet, hints: readonly string[]): OwnRequirements {
  const isToldOf = set.manifestText !== null || hints.length > 0;
  const report = { ...describe(set, null), note: 'FN_AUTO_REQUIREMENTS is disabled' };
  return { set, extra: [], wanted: false, report: isToldOf ? report : null };
}

function conclude(
  set: RequirementsSet,
  extra: readonly string[],
  inference: Inference | null,
): OwnRequirements {
  const asked = set.manifest !== null || extra.length > 0;
  const files = [...(set.manifest === null ? [] : [set.manifest]), parseRequirements(extra.join('\n'))];
  const byHand = isMetByHand(set.dir, files);
  const why = asked ? 'installed by hand in .deps' : 'nothing to install';
  const wanted = asked && !byHand;
  const isToldOf = asked || set.manifestText !== null || (inference?.imports.length ?? 0) > 0;
  const report = { ...describe(set, inference), note: wanted ? null : why };
  return { set, extra, wanted, report: isToldOf ? report : null };
}

function describe(set: RequirementsSet, inference: Inference | null): DependencyReport {
  const inferred = inference !== null && inference.packages.length + inference.unresolved.length > 0;
  return {
    mode: inferred ? 'inferred' : 'manifest',
    manifestPath: set.manifestText === null ? null : set.manifestPath,
    manifestGenerated: set.manifestText?.startsWith(firstHeader) === true,
    ...reportOf(inference),
    lockfilePath: set.lock === null ? 'requirements.lock.txt' : set.lockPath,
  };
}

/** What the imports need and nobody has named; @throws PlanFault where that may not be installed. */
function missingPackages(
  set: RequirementsSet,
  hints: readonly string[],
  inference: Inference | null,
  { settings }: BuildTools,
): string[] {
  if (inference === null) return [];
  const named = [...set.names, ...hints.map(nameOf)];
  const missing = inference.packages.filter((name) => !named.some((other) => isSame(name, other)));
  const terms = {
    label: 'python',
    manifestWords: 'requirements.txt entries',
    settings: settings.inference,
    production: settings.production,
    explicit: set.manifest !== null || hints.length > 0,
    isLocked: (name: string) => set.lock?.pins.has(nameOf(name)) === true,
    lockName: 'requirements.lock.txt',
    sameName: isSame,
  } as const;
  admitInference(inference, missing, terms, describe(set, inference));
  return missing;
}

const firstHeader = '# Written by FastFN';

function append(set: RequirementsSet, missing: readonly string[], inference: Inference | null): boolean {
  const header = `${firstHeader} from what the functions of this folder import (backend: ${inference?.backend}).\n# Edit it as you like: FastFN only appends what is missing.\n`;
  const old = set.manifestText ?? header;
  const gap = old === '' || old.endsWith('\n') ? '' : '\n';
  return writeManifest(set.manifestPath, `${old}${gap}${missing.join('\n')}\n`);
}
