// Runs classes of attacks at their levels and keeps what each attempt met. Without a jail first: an attempt that fails even
// there shows nothing on this host and is not made again. What the outcomes mean for people is others' affair.

import {
  type AttackClass,
  type AttackLevel,
  attackLevels,
  attemptsAt,
  expectedAt,
  gotThrough,
  type JailLevel,
  type Outcomes,
} from './attack-class.ts';

export type RunAttempts = (level: AttackLevel, attempts: readonly string[]) => Promise<Outcomes>;

export interface ClassResult {
  readonly attack: AttackClass;
  /** What the attempts met without a jail. */
  readonly baseline: Outcomes;
  readonly met: ReadonlyMap<JailLevel, Outcomes>;
  /** Levels at which the program did not answer, with the reason. */
  readonly unanswered: ReadonlyMap<AttackLevel, string>;
}

export const jailLevels: readonly JailLevel[] = attackLevels.filter((level) => level !== 'none');

/** For lines to people: the name, and what tells it from another of the same program. */
export function titleOf({ name, variant }: AttackClass): string {
  return variant === undefined ? name : `${name} (${variant})`;
}

export const isShown = ({ baseline }: ClassResult, attempt: string): boolean =>
  baseline[attempt] === gotThrough;

/** Levels at which honest attempts are made too: those that functions run at. */
const wholeLevels: ReadonlySet<JailLevel> = new Set<JailLevel>(['kernel', 'guarded']);

/** @param levels those that are run beside the one without a jail; default all */
export async function runClass(
  attack: AttackClass,
  run: RunAttempts,
  levels: readonly JailLevel[] = jailLevels,
): Promise<ClassResult> {
  const unanswered = new Map<AttackLevel, string>();
  const tryRun = async (level: AttackLevel, attempts: readonly string[]): Promise<Outcomes> => {
    if (attempts.length === 0) return {};
    try {
      return await run(level, attempts);
    } catch (error) {
      unanswered.set(level, error instanceof Error ? error.message : String(error));
      return {};
    }
  };
  const honest = attack.honest ?? [];
  const baseline = await tryRun('none', [...Object.keys(attack.rows), ...honest]);
  const met = new Map<JailLevel, Outcomes>();
  for (const level of levels) {
    const wanted = [...attemptsAt(attack, level), ...(wholeLevels.has(level) ? honest : [])];
    met.set(
      level,
      await tryRun(
        level,
        wanted.filter((name) => baseline[name] === gotThrough),
      ),
    );
  }
  return { attack, baseline, met, unanswered };
}

/** Attempts of a level that got through, or that the level did not answer for. */
export function throughAt(result: ClassResult, level: JailLevel): string[] {
  const outcomes = result.met.get(level) ?? {};
  return shownAt(result, level).filter((name) => (outcomes[name] ?? gotThrough) === gotThrough);
}

/** Attempts that a level must stop and that work on this host without a jail. */
export function shownAt(result: ClassResult, level: JailLevel): string[] {
  return attemptsAt(result.attack, level).filter((name) => isShown(result, name));
}

/** Outcomes that differ from the table, as lines; for the tests, where the kernel is known. */
export function differencesOf(result: ClassResult): string[] {
  const { attack, met } = result;
  const title = titleOf(attack);
  const unexpected = jailLevels.flatMap((level) =>
    shownAt(result, level).flatMap((name) => {
      const expected = expectedAt(attack.rows[name] ?? {}, level) ?? [];
      const outcome = met.get(level)?.[name] ?? 'nothing';
      return expected.includes(outcome)
        ? []
        : [`${title}: ${name} met ${outcome}, expected ${expected.join(' or ')} (${level})`];
    }),
  );
  const refused = [...wholeLevels].flatMap((level) =>
    (attack.honest ?? [])
      .filter((name) => isShown(result, name) && met.get(level)?.[name] !== gotThrough)
      .map((name) => `${title}: ${name} is honest but met ${met.get(level)?.[name]} (${level})`),
  );
  const silent = [...result.unanswered].map(([level, reason]) => `${title}: ${reason} (${level})`);
  return [...unexpected, ...refused, ...silent];
}
