// Which file of a folder runs when the folder is a function. One list of names for every language, decided once, here.
// Source: contract/routing.md 2.1, contract/invocation.md 4.

import { type RuntimeName, runtimeNames } from '../policy/runtime-name.ts';
import { runtimeOfFile } from './file-name.ts';
import { type FileFact, type Folder, fileAt } from './folder.ts';

export interface Entry {
  readonly folder: Folder;
  readonly file: FileFact;
  readonly runtime: RuntimeName;
}

/** `handler` before `main` before `index`; of one name JavaScript before TypeScript. Case counts. */
const entryNames: readonly string[] = ['handler', 'main', 'index'].flatMap((stem) =>
  ['js', 'ts', 'py', 'php', 'lua', 'rs', 'go'].map((extension) => `${stem}.${extension}`),
);
const entryOrder: ReadonlyMap<string, number> = new Map(entryNames.map((name, index) => [name, index]));

/** Entry files by default name, best first. */
export function defaultEntries(folder: Folder): Entry[] {
  const found: Entry[] = [];
  for (const file of folder.files) {
    const runtime = entryOrder.has(file.name) ? runtimeOfFile(file.name) : null;
    if (runtime !== null) found.push({ folder, file, runtime });
  }
  return found.sort((a, b) => orderOf(a) - orderOf(b));
}

function orderOf(entry: Entry): number {
  return entryOrder.get(entry.file.name) ?? entryOrder.size;
}

/** The file that the folder's `entrypoint` names, or null when it names none or a file that is not there. */
function configuredEntry(folder: Folder): Entry | null {
  const path = folder.config?.entrypoint?.replace(/^(?:\.\/)+/, '') ?? '';
  if (path === '' || path.split('/').includes('..') || path.startsWith('/')) return null;
  const found = fileAt(folder, path);
  const runtime = found === null ? null : runtimeOfFile(found.file.name);
  return found === null || runtime === null ? null : { ...found, runtime };
}

/** True when the folder as a whole is one function: its other files are then private unless they say otherwise. */
export function isSingleEntry(folder: Folder): boolean {
  return configuredEntry(folder) !== null || folder.files.some((file) => entryOrder.has(file.name));
}

/** The entry for one language: as configured, else by default name. */
export function entryFor(folder: Folder, runtime: RuntimeName): Entry | null {
  const configured = configuredEntry(folder);
  if (configured?.runtime === runtime) return configured;
  return defaultEntries(folder).find((entry) => entry.runtime === runtime) ?? null;
}

/** The language of a folder that names none: of its `entrypoint`, else the first in alphabetical order with an entry. */
export function guessRuntime(folder: Folder): RuntimeName | null {
  const configured = configuredEntry(folder);
  if (configured !== null) return configured.runtime;
  const present = new Set(defaultEntries(folder).map((entry) => entry.runtime));
  return [...runtimeNames].sort().find((runtime) => present.has(runtime)) ?? null;
}

/** Compiled beside its source: `handler.ts` next to `handler.js` is not a second claim. */
export function isShadowedEntry(folder: Folder, name: string): boolean {
  return (
    /^(?:handler|main|index)\.ts$/.test(name) &&
    folder.files.some((file) => file.name === `${name.slice(0, -3)}.js`)
  );
}

/** `v2`, `v1.4-beta`, `2024-05`: what a folder must be called to be a version. */
export function isVersionName(name: string): boolean {
  return /^v?\d[\w.-]{0,99}$/.test(name);
}
