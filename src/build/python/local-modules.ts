// Follows what a handler imports through the function's own modules, and gathers what is left: the imports that packages
// must answer. Source: contract/dependencies.md 2.2, with helper modules included.

import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readBoundedText } from '../../discovery/bounded-file.ts';
import type { FunctionUnit } from '../../discovery/catalog.ts';
import { isInView } from '../function-files.ts';
import { type ImportedNames, readImports } from './read-imports.ts';

/** Modules of one function that are looked at, and bytes of one. */
const maxModules = 200;
const maxSourceBytes = 1_048_576;

/** First components of imports that are neither the language's nor the function's own nor there already; sorted. */
export async function foreignImports(
  unit: Pick<FunctionUnit, 'entry' | 'dir' | 'readable'>,
  python: string,
): Promise<string[]> {
  const own = basename(unit.entry, '.py');
  const foreign = new Set<string>();
  const seen = new Set([unit.entry]);
  for (let level = [unit.entry]; level.length > 0; ) {
    const sources = level.map(readSource);
    const imports = await readImports(python, sources);
    const next = level.flatMap((file, index) => localFiles(file, imports[index], unit));
    for (const name of imports.flatMap(({ absolute }) => absolute)) {
      const first = name.split('.')[0] ?? '';
      if (first !== own && !isLocal(first, unit.dir)) foreign.add(first);
    }
    level = [...new Set(next)].filter((file) => !seen.has(file)).slice(0, maxModules - seen.size);
    for (const file of level) seen.add(file);
  }
  return [...foreign].sort();
}

export function readSource(file: string): string {
  const read = readBoundedText(file, maxSourceBytes);
  return read.kind === 'ok' ? read.text : '';
}

/** A module or folder of the function, or a package that somebody put into its `.deps`. */
function isLocal(name: string, dir: string): boolean {
  const places = [dir, join(dir, '.deps')];
  return places.some((place) => exists(join(place, `${name}.py`)) || exists(join(place, name)));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Files of the function that the imports of `file` may load. */
function localFiles(
  file: string,
  imports: ImportedNames | undefined,
  unit: Pick<FunctionUnit, 'dir' | 'readable'>,
): string[] {
  const absolute = (imports?.absolute ?? []).map((name) => join(unit.dir, ...name.split('.')));
  const relative = (imports?.relative ?? []).map((name) => relativePath(file, name));
  return [...absolute, ...relative]
    .flatMap((path) => [`${path}.py`, join(path, '__init__.py')])
    .filter((path) => isInView(unit, path) && exists(path));
}

/** `.x` is beside the file, each further dot one folder up. */
function relativePath(file: string, name: string): string {
  const dots = /^\.*/.exec(name)?.[0].length ?? 0;
  const up = Array<string>(Math.max(0, dots - 1)).fill('..');
  return join(dirname(file), ...up, ...name.slice(dots).split('.'));
}
