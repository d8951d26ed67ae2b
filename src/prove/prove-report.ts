// What a run of the corpus says about this host, language by language and layer by layer, as plain data for people and
// machines. Nothing is counted as held that was not first seen to work.

import { gotThrough, type JailLevel, type ProvenLanguage } from './attack-class.ts';
import { type ClassResult, isShown, jailLevels, shownAt, throughAt, titleOf } from './corpus-run.ts';

export interface LayerReport {
  readonly layer: JailLevel;
  /** Why the layer is not there at all on this host; null when it is. */
  readonly missing: string | null;
  /** Attempts that this layer is there to stop and that work on this host without a jail. */
  readonly attempts: number;
  readonly held: number;
  /** `<class>: <attempt>`. */
  readonly through: readonly string[];
}

export interface LanguageReport {
  readonly language: ProvenLanguage;
  readonly version: string;
  /** Why the language was not tried; null when it was. */
  readonly skipped: string | null;
  readonly attempts: number;
  /** Attempts that fail on this host even without a jail, and so prove nothing. */
  readonly notApplicable: readonly string[];
  readonly layers: readonly LayerReport[];
  /** What honest functions do and could not. */
  readonly refused: readonly string[];
  /** Runs that came to no answer. */
  readonly unanswered: readonly string[];
}

export interface ProveReport {
  /** Nothing got through, nothing honest was refused, every run was answered, and something was tried. */
  readonly proven: boolean;
  readonly languages: readonly LanguageReport[];
}

export interface LanguageRun {
  readonly language: ProvenLanguage;
  readonly version: string;
  readonly results: readonly ClassResult[];
  /** Layer → why it is not there. */
  readonly missing: ReadonlyMap<JailLevel, string>;
}

export function reportLanguage({ language, version, results, missing }: LanguageRun): LanguageReport {
  const named = (result: ClassResult, names: readonly string[]): string[] =>
    names.map((name) => `${titleOf(result.attack)}: ${name}`);
  const namesOf = (result: ClassResult): string[] => Object.keys(result.attack.rows);
  return {
    language,
    version,
    skipped: null,
    attempts: results.reduce((sum, result) => sum + namesOf(result).length, 0),
    notApplicable: results.flatMap((result) =>
      named(
        result,
        namesOf(result).filter((name) => !isShown(result, name)),
      ),
    ),
    layers: jailLevels.map((layer) => {
      const reason = missing.get(layer) ?? null;
      const counted = reason === null ? results : [];
      const attempts = counted.reduce((sum, result) => sum + shownAt(result, layer).length, 0);
      const through = counted.flatMap((result) => named(result, throughAt(result, layer)));
      return { layer, missing: reason, attempts, held: attempts - through.length, through };
    }),
    refused: results.flatMap((result) => named(result, refusedOf(result))),
    unanswered: results.flatMap((result) =>
      [...result.unanswered].map(([level, reason]) => `${titleOf(result.attack)} (${level}): ${reason}`),
    ),
  };
}

export function skippedLanguage(language: ProvenLanguage, reason: string): LanguageReport {
  const nothing = { attempts: 0, notApplicable: [], layers: [], refused: [], unanswered: [] };
  return { language, version: '', skipped: reason, ...nothing };
}

export function summarise(languages: readonly LanguageReport[]): ProveReport {
  const tried = languages.filter(({ skipped }) => skipped === null);
  const clean = ({ layers, refused, unanswered }: LanguageReport): boolean =>
    layers.every(({ through }) => through.length === 0) && refused.length + unanswered.length === 0;
  const held = tried.some(({ layers }) => layers.some(({ held: count }) => count > 0));
  return { proven: held && tried.every(clean), languages };
}

function refusedOf({ attack, baseline, met }: ClassResult): string[] {
  const levels: readonly JailLevel[] = ['kernel', 'guarded'];
  return (attack.honest ?? []).filter(
    (name) =>
      baseline[name] === gotThrough &&
      levels.some((level) => (met.get(level)?.[name] ?? gotThrough) !== gotThrough),
  );
}
