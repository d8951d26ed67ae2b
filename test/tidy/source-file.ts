// The repository's files as data for the house rules, and what a file imports. Reading is done here once; the rules
// themselves are pure functions over these values, so that each can be shown to fail.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  /** Only types: gone when the program runs. */
  readonly typeOnly: boolean;
}

export const repositoryRoot = join(import.meta.dirname, '..', '..');

const binaryFile = /\.(?:png|ico|woff2?|bin|wasm|gz|so)$/;

/** Every file that is committed or would be: tracked and untracked, but not ignored. */
export function repositoryFiles(): SourceFile[] {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return [...new Set(listing.split('\0'))]
    .filter((path) => path !== '' && !binaryFile.test(path) && existsSync(join(repositoryRoot, path)))
    .map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), 'utf8') }));
}

/** Comments out of a script; good enough for files that a formatter has laid out, where imports start a line. */
export function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '').replace(/^\s*\/\/.*$/gm, '');
}

const staticImport = /^(?:import|export)\s+(type\s+)?(?:[\w*${}\s,]+?\sfrom\s+)?['"]([^'"\n]+)['"]/gm;
const dynamicImport = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;

/** True when every name in `import { … }` carries its own `type`. */
function namesOnlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  const listed = (names ?? '').split(',').map((name) => name.trim());
  const real = listed.filter((name) => name !== '');
  return real.length > 0 && real.every((name) => name.startsWith('type ')) && !/^import\s+\w/.test(statement);
}

export function importsOf(file: SourceFile): Import[] {
  const script = withoutComments(file.text);
  const found: Import[] = [];
  for (const [statement, typeWord, specifier] of script.matchAll(staticImport)) {
    if (specifier === undefined) continue;
    found.push({ specifier, typeOnly: typeWord !== undefined || namesOnlyTypes(statement) });
  }
  for (const [, specifier] of script.matchAll(dynamicImport)) {
    if (specifier !== undefined) found.push({ specifier, typeOnly: false });
  }
  return found;
}

/** The repository path that a relative import means; null for packages and built-in modules. */
export function targetOf(file: SourceFile, specifier: string): string | null {
  return specifier.startsWith('.') ? normalize(join(dirname(file.path), specifier)) : null;
}
