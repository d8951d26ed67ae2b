// House rules about names, sizes and texts of files. Each takes files and returns one sentence for each fault.
import { basename } from 'node:path';
import type { SourceFile } from './source-file.ts';

const code = /\.(?:ts|js|cjs|mjs|py|php|lua|go|rs)$/;
/** Programs of ours, as opposed to fixtures, which are what users or attackers write. */
const ours = /^(?:src|runtimes|bin|test|\.ci)\//;

function isOurCode(file: SourceFile): boolean {
  return ours.test(file.path) && code.test(file.path);
}

const maxFileLines = 400;

/** No program is longer than the maximum, unless it is named here with the reason. */
export function fileLengthFaults(
  files: readonly SourceFile[],
  exemptions: Readonly<Record<string, string>>,
): string[] {
  const faults = Object.keys(exemptions)
    .filter(
      (path) => !files.some((file) => file.path === path && file.text.split('\n').length > maxFileLines),
    )
    .map((path) => `${path} is exempt from the length rule but does not need it`);
  for (const file of files.filter(isOurCode)) {
    const lines = file.text.trimEnd().split('\n').length;
    if (lines > maxFileLines && !(file.path in exemptions)) {
      faults.push(`${file.path} has ${lines} lines; the most is ${maxFileLines}`);
    }
  }
  return faults;
}

export const maxFunctionLines = 70;

/** Biome checks functions of TypeScript; this one those of Python: from `def` to the next line not deeper than it. */
export function pythonFunctionFaults(files: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  for (const file of files.filter((each) => ours.test(each.path) && each.path.endsWith('.py'))) {
    const lines = file.text.trimEnd().split('\n');
    for (const [start, line] of lines.entries()) {
      const head = /^(\s*)(?:async\s+)?def\s+(\w+)/.exec(line);
      if (head === null) continue;
      const depth = head[1]?.length ?? 0;
      const rest = lines.slice(start + 1);
      const end = rest.findIndex(
        (next) => next.trim() !== '' && !/^\s*\)/.test(next) && next.search(/\S/) <= depth,
      );
      const length = (end < 0 ? rest.length : end) + 1;
      if (length > maxFunctionLines)
        faults.push(`${file.path}: ${head[2]} has ${length} lines; the most is ${maxFunctionLines}`);
    }
  }
  return faults;
}

/** The environment is read in one place, so that the configuration is all there is to know. */
export function environmentFaults(files: readonly SourceFile[]): string[] {
  const allowed = /^src\/(?:config|release|sandbox\/launcher)\//;
  return files
    .filter((file) => /^src\/.*\.ts$/.test(file.path) && !allowed.test(file.path))
    .filter((file) =>
      /\bprocess\s*(?:\.\s*env\b|\[\s*['"]env['"])|\benv\b[^}\n]*\}\s*from\s*['"](?:node:)?process['"]/.test(
        file.text,
      ),
    )
    .map((file) => `${file.path} reads the environment; only src/config may`);
}

/** What may lie at the top of the repository; names that start with a dot are the tools' own. */
const topLevelEntries: ReadonlySet<string> = new Set([
  'LICENSE',
  'README.md',
  'bin',
  'fixtures',
  'package-lock.json',
  'package.json',
  'runtimes',
  'src',
  'test',
  'tsconfig.json',
]);

export function topLevelFaults(files: readonly SourceFile[]): string[] {
  const entries = new Set(files.map((file) => file.path.split('/')[0] ?? ''));
  return [...entries]
    .filter((entry) => !entry.startsWith('.') && !topLevelEntries.has(entry))
    .map((entry) => `${entry} has no place at the top of the repository`);
}

/** Names that tools look for as they are. */
const namedByTools: ReadonlySet<string> = new Set(['README.md', 'Cargo.toml', 'Cargo.lock']);

/** Kebab-case, with dots before endings; in Python programs what the language wants of a module's name. */
export function fileNameFaults(files: readonly SourceFile[]): string[] {
  const kebab = /^\.?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;
  const python = /^[a-z0-9_]+\.py$/;
  return files
    .filter((file) => ours.test(file.path) && !/\/fixtures\//.test(file.path))
    .filter((file) => !namedByTools.has(basename(file.path)) && !kebab.test(basename(file.path)))
    .filter((file) => !python.test(basename(file.path)))
    .map((file) => `${file.path}: file names are kebab-case`);
}

/** A program says at its top what it is for. */
export function openingCommentFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter(
      (file) => isOurCode(file) && !file.path.startsWith('test/') && basename(file.path) !== '__init__.py',
    )
    .filter((file) => !/^(?:#!.*\n|<\?php\n)?(?:\s*\n)*(?:\/\/|\/\*|#|"""|--)/.test(file.text))
    .map((file) => `${file.path} does not open with a comment that says what it is for`);
}

/** Nothing of one machine is committed: neither where the checkout lies nor the folder of who made it. */
export function machinePathFaults(files: readonly SourceFile[], folders: readonly string[]): string[] {
  const faults: string[] = [];
  for (const file of files) {
    // Attacks name what they are after.
    if (file.path.startsWith('fixtures/attacks/')) continue;
    for (const folder of folders) {
      if (file.text.includes(`${folder}/`))
        faults.push(`${file.path} names a path of one machine (${folder})`);
    }
  }
  return faults;
}

interface LockEntry {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * The lock names no registry, so that each user's npm asks the one it is set to; and it has an entry for every package of
 * every platform: `npm ci` refuses a lock from which those of other platforms were left out.
 */
export function lockFaults(files: readonly SourceFile[]): string[] {
  const lock = files.find((file) => file.path === 'package-lock.json');
  if (lock === undefined) return ['package-lock.json is missing'];
  const packages: Readonly<Record<string, LockEntry>> = JSON.parse(lock.text).packages;
  const faults: string[] = [];
  for (const [place, entry] of Object.entries(packages)) {
    if (entry.resolved !== undefined) faults.push(`${place} names the registry it came from`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const known = Object.keys(packages).some((other) => other.endsWith(`node_modules/${name}`));
      if (!known) faults.push(`${place || 'package.json'} may need ${name}, which has no entry in the lock`);
    }
  }
  return faults;
}

/** Nothing is left for later and nothing is silenced. The words are put together here so that this file passes too. */
export function leftoverFaults(files: readonly SourceFile[]): string[] {
  const words = ['TO' + 'DO', 'FIX' + 'ME', '@ts-' + 'ignore', '@ts-' + 'nocheck'];
  return files
    .filter(isOurCode)
    .flatMap((file) =>
      words.filter((word) => file.text.includes(word)).map((word) => `${file.path} holds ${word}`),
    );
}

/** A skipped test says why, and no test silences the others. */
export function skipFaults(files: readonly SourceFile[]): string[] {
  const silent = new RegExp(
    String.raw`\b(?:skip|todo|only):\s*true\b|\b(?:test|it|describe|t)\.(?:on` + String.raw`ly|todo)\(`,
  );
  return files
    .filter((file) => /^test\/.*\.ts$/.test(file.path) && silent.test(file.text))
    .map((file) => `${file.path} skips without a reason, or runs one test only`);
}
