// `npm run attack`: runs the whole attack corpus on this host and prints it as a table, class by class and layer by layer,
// then what differs from it. Status 1 when anything got through. `--json` for machines.

import { textTable } from '../../src/cli/text-table.ts';
import type { JailLevel } from '../../src/prove/attack-class.ts';
import {
  type ClassResult,
  differencesOf,
  isShown,
  jailLevels,
  shownAt,
  throughAt,
  titleOf,
} from '../../src/prove/corpus-run.ts';
import { Corpus, corpusClasses, reasonNotToRun } from './corpus.ts';

const levelTitles: Readonly<Record<JailLevel, string>> = {
  process: 'limits',
  capabilities: 'capabilities',
  landlock: 'Landlock',
  seccomp: 'seccomp',
  namespace: 'minimal root',
  kernel: 'kernel layers',
  guarded: 'and guard',
};

interface LevelCount {
  readonly attempts: number;
  readonly held: number;
}

interface ClassRow {
  readonly class: string;
  readonly language: string;
  readonly attempts: number;
  readonly shown: number;
  readonly levels: Readonly<Record<JailLevel, LevelCount>>;
  readonly notShown: readonly string[];
  readonly differences: readonly string[];
}

interface Outcome {
  readonly rows: readonly ClassRow[];
  /** Class or layer → why it was left out. */
  readonly skipped: Readonly<Record<string, string>>;
}

function rowOf(result: ClassResult): ClassRow {
  const names = Object.keys(result.attack.rows);
  const count = (level: JailLevel): LevelCount => {
    const attempts = shownAt(result, level).length;
    return { attempts, held: attempts - throughAt(result, level).length };
  };
  return {
    class: titleOf(result.attack),
    language: result.attack.language,
    attempts: names.length,
    shown: names.filter((name) => isShown(result, name)).length,
    levels: Object.fromEntries(jailLevels.map((level) => [level, count(level)])) as ClassRow['levels'],
    notShown: names.filter((name) => !isShown(result, name)),
    differences: differencesOf(result),
  };
}

function totalOf(rows: readonly ClassRow[]): ClassRow {
  const sum = (value: (row: ClassRow) => number): number =>
    rows.reduce((total, row) => total + value(row), 0);
  const levels = jailLevels.map((level) => [
    level,
    { attempts: sum((row) => row.levels[level].attempts), held: sum((row) => row.levels[level].held) },
  ]);
  return {
    class: 'all',
    language: '',
    attempts: sum((row) => row.attempts),
    shown: sum((row) => row.shown),
    levels: Object.fromEntries(levels) as ClassRow['levels'],
    notShown: [],
    differences: [],
  };
}

function cells(row: ClassRow): string[] {
  const held = jailLevels.map((level) => {
    const { attempts, held: count } = row.levels[level];
    return attempts === 0 ? '·' : `${count}/${attempts}`;
  });
  return [row.class, row.language, String(row.attempts), String(row.shown), ...held];
}

function printText({ rows, skipped }: Outcome): void {
  const header = ['class', 'language', 'attempts', 'work without a jail'];
  const titles = jailLevels.map((level) => levelTitles[level]);
  const lines = [
    textTable([...header, ...titles], [...rows, totalOf(rows)].map(cells)),
    '',
    'Columns after the fourth: stopped by this layer alone, of those it is there to stop.',
    ...Object.entries(skipped).map(([name, reason]) => `left out on this host: ${name}: ${reason}`),
    ...rows.flatMap((row) => row.notShown.map((name) => `not shown on this host: ${row.class}: ${name}`)),
    ...rows.flatMap((row) => row.differences.map((line) => `FAILED ${line}`)),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function attackAll(): Promise<Outcome> {
  const corpus = await Corpus.open();
  const rows: ClassRow[] = [];
  const skipped: Record<string, string> = {};
  try {
    for (const attack of corpusClasses) {
      const missing = corpus.missing(attack);
      if (missing === null) rows.push(rowOf(await corpus.run(attack)));
      else skipped[titleOf(attack)] = missing;
    }
    if (corpus.namespaceMissing !== null) skipped[levelTitles.namespace] = corpus.namespaceMissing;
  } finally {
    await corpus.close();
  }
  return { rows, skipped };
}

const reason = reasonNotToRun();
if (reason !== null) {
  process.stderr.write(`cannot run the corpus: ${reason}\n`);
  process.exitCode = 1;
} else {
  const outcome = await attackAll();
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  else printText(outcome);
  if (outcome.rows.some((row) => row.differences.length > 0)) process.exitCode = 1;
}
