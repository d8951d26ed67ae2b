// What both languages' inference have in common: the result, and whether it may be acted on. An import is a word in the code
// of whoever wrote it; on the index anybody may own that word. So nothing is installed that the operator has not let in.
// Source: contract/dependencies.md 2.2, 3.2.

import type { InferenceSettings } from '../policy/build-settings.ts';
import type { DependencyReport } from './build-plan.ts';
import { PlanFault } from './build-planner.ts';

export interface Inference {
  readonly backend: string;
  readonly durationMs: number;
  /** Names as imported, without what is the language's or the function's own; sorted. */
  readonly imports: readonly string[];
  /** Packages to install for them. */
  readonly packages: readonly string[];
  /** Imports that name no package. */
  readonly unresolved: readonly string[];
}

export interface InferenceTerms {
  readonly label: 'python' | 'node';
  /** Where packages are named by hand, for the error's text. */
  readonly manifestWords: string;
  readonly settings: InferenceSettings;
  readonly production: boolean;
  /** Somebody has named dependencies by hand. */
  readonly explicit: boolean;
  isLocked(name: string): boolean;
  readonly lockName: string;
  sameName(one: string, other: string): boolean;
}

/** The fields of the state file that inference knows. */
export function reportOf(inference: Inference | null): Partial<DependencyReport> {
  if (inference === null) return { inferBackend: 'native' };
  return {
    inferBackend: inference.backend,
    inferenceDurationMs: Math.round(inference.durationMs),
    inferredImports: inference.imports,
    resolvedPackages: inference.packages,
    unresolvedImports: inference.unresolved,
  };
}

/**
 * @param missing packages that nobody has named by hand
 * @throws PlanFault where an import names no package and nothing else says what is meant, and where the operator has not
 * let a package in
 */
export function admitInference(
  inference: Inference,
  missing: readonly string[],
  terms: InferenceTerms,
  report: DependencyReport,
): void {
  const { label, settings } = terms;
  if (inference.unresolved.length > 0 && settings.strict && !terms.explicit) {
    throw new PlanFault(
      `${label} dependency inference failed: unresolved imports ${inference.unresolved.join(', ')}. ` +
        `Add explicit ${terms.manifestWords} or disable FN_AUTO_INFER_STRICT.`,
      report,
    );
  }
  const refused = missing.filter((name) => !isAdmitted(name, terms));
  if (refused.length === 0) return;
  const reason = settings.allow === null ? 'FN_PRODUCTION is on and' : 'FN_AUTO_INFER_ALLOW is set and';
  throw new PlanFault(
    `${label} dependency inference refused: ${reason} ${refused.join(', ')} is neither in FN_AUTO_INFER_ALLOW nor in ` +
      `${terms.lockName}. Add explicit ${terms.manifestWords}.`,
    report,
  );
}

function isAdmitted(name: string, terms: InferenceTerms): boolean {
  const { allow } = terms.settings;
  if (allow === null && !terms.production) return true;
  return terms.isLocked(name) || (allow ?? []).some((allowed) => terms.sameName(allowed, name));
}
