// Follows what a handler imports through the function's own files, and gathers the specifiers that packages must answer.
// Source: contract/dependencies.md 3.2, with helper modules included.

import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readBoundedText } from '../../discovery/bounded-file.ts';
import { isInView, type View } from '../function-files.ts';
import { readImports } from './read-imports.ts';

/** Modules of one function that are looked at, and bytes of one. */
const maxModules = 200;
const maxSourceBytes = 1_048_576;

const maxKept = 2_000;
/** By content, so that an unchanged file is parsed once. */
const kept = new Map<string, string[]>();

/** Reads the imports of one source; a backend of the operator's choice may take the parser's place. */
export type ReadSource = (source: string, isTypeScript: boolean) => string[] | Promise<string[]>;

/** Every specifier that the entry or a module of the function below it imports; sorted. */
export async function importedSpecifiers(
  entry: string,
  view: View,
  read: ReadSource = parseKept,
): Promise<string[]> {
  const found = new Set<string>();
  const seen = [entry];
  for (const file of seen) {
    const source = readBoundedText(file, maxSourceBytes);
    const specifiers = source.kind === 'ok' ? await read(source.text, file.endsWith('ts')) : [];
    for (const specifier of specifiers) {
      found.add(specifier);
      const local = localFile(file, specifier, view);
      if (local !== null && !seen.includes(local) && seen.length < maxModules) seen.push(local);
    }
  }
  return [...found].sort();
}

function parseKept(source: string, isTypeScript: boolean): string[] {
  const hash = createHash('sha256').update(`${isTypeScript}\0${source}`).digest('base64');
  const specifiers = kept.get(hash) ?? readImports(source, isTypeScript);
  if (kept.size >= maxKept) kept.clear();
  kept.set(hash, specifiers);
  return specifiers;
}

/** As CommonJS looks for it; ES modules name the whole file. */
function localFile(from: string, specifier: string, view: View): string | null {
  if (!/^\.{1,2}(\/|$)/.test(specifier)) return null;
  const path = resolve(dirname(from), specifier);
  const endings = ['', '.js', '.ts', '.mjs', '.cjs', '.mts', '.cts', '/index.js', '/index.ts'];
  const file = endings.map((ending) => path + ending).find(isFile);
  return file !== undefined && /\.[cm]?[jt]s$/.test(file) && isInView(view, file) ? file : null;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
