// The attack corpus as data: a class is one program with named attempts, a row says which layer of the jail alone stops the
// attempt and with which error. The programs are in fixtures/attacks/<class>/; what they met is compared by prove.ts and
// the tests, which also see each attempt succeed without a jail first.

/**
 * What is in force during a run. `none`: a plain child process. `process`: rlimits, clean environment, closed
 * descriptors. `capabilities`: beside those, every capability dropped and no_new_privs. `landlock`, `seccomp`,
 * `namespace`: beside those, that layer alone. `kernel`: all of it but the namespace, which functions get where it is asked
 * for. `guarded`: the language guard on top, as every function runs.
 */
export const attackLevels = [
  'none',
  'process',
  'capabilities',
  'landlock',
  'seccomp',
  'namespace',
  'kernel',
  'guarded',
] as const;
export type AttackLevel = (typeof attackLevels)[number];
export type JailLevel = Exclude<AttackLevel, 'none'>;

/** Level → what the attempt meets there; a level that alone does not stop the attempt is left out. */
export type AttackRow = Readonly<Partial<Record<JailLevel, string>>>;

/** Languages whose attacks run as functions, so that `prove` can make them on any host. */
export type ProvenLanguage = 'python' | 'node' | 'php' | 'lua';
export type AttackLanguage = ProvenLanguage | 'go' | 'rust';

export interface AttackClass<Language extends AttackLanguage = AttackLanguage> {
  /** Also the folder of its program. */
  readonly name: string;
  /** When one program serves several classes, what tells them apart. */
  readonly variant?: string;
  readonly language: Language;
  readonly rows: Readonly<Record<string, AttackRow>>;
  /** Attempts that must get through at every level: honest functions make them. */
  readonly honest?: readonly string[];
  /** `one-port`: outbound TCP to the world's first port only. `none`: no network at all. Default: all outbound. */
  readonly network?: 'one-port' | 'none';
  /** Each attempt may end its process: it gets one of its own, and dying is what stops it. */
  readonly fatal?: boolean;
  /** No language guard has a say in it, or there is none. */
  readonly unguarded?: boolean;
  /** Where nothing stops it, it takes much of the host or leaves something behind: left to the tests. */
  readonly intrusive?: boolean;
}

/** What an attempt met where it got through. */
export const gotThrough = 'ok';

/** Attempt → `ok`, the name of an error, `GUARD` (refused by the language guard) or `died`. */
export type Outcomes = Readonly<Record<string, string>>;

export const byLandlock = (error = 'EACCES'): AttackRow => ({ landlock: error, kernel: error });

export const bySeccomp = (error = 'EPERM'): AttackRow => ({ seccomp: error, kernel: error });

/** By a minimal root: what is outside of it is not there. */
export const byNamespace = (error = 'ENOENT'): AttackRow => ({ namespace: error });

/** By both; the system call filter is asked first. */
export const byBoth = (landlock = 'EACCES', seccomp = 'EPERM'): AttackRow => ({
  landlock,
  seccomp,
  kernel: seccomp,
});

/** What only root could do at all. */
export const bySeccompAndCapabilities = (error = 'EPERM', dropped = 'EPERM'): AttackRow => ({
  capabilities: dropped,
  ...bySeccomp(error),
});

export const byProcess = (error: string): AttackRow => ({ process: error, kernel: error });

/** The kernel does not mind: only the language guard stops it. */
export const byGuard: AttackRow = { guarded: 'GUARD' };

/** The same row for many attempts. */
export function rowsOf(row: AttackRow, attempts: readonly string[]): Record<string, AttackRow> {
  return Object.fromEntries(attempts.map((attempt) => [attempt, row]));
}

/** What an attempt may meet at a level, or null when that level alone does not stop it. The guard may answer before the kernel. */
export function expectedAt(row: AttackRow, level: JailLevel): readonly string[] | null {
  const error = row[level];
  if (level !== 'guarded') return error === undefined ? null : [error];
  const expected = [error, row.kernel].filter((each) => each !== undefined);
  return expected.length === 0 ? null : [...expected, 'GUARD'];
}

/** Attempts that a level alone must stop. */
export function attemptsAt(attack: AttackClass, level: JailLevel): string[] {
  if (attack.unguarded === true && level === 'guarded') return [];
  return Object.keys(attack.rows).filter((name) => expectedAt(attack.rows[name] ?? {}, level) !== null);
}
