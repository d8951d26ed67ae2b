// Finds and reads fastfn.json: every fault with file, key and line, and the entries under their options' own keys.
// An unknown key is a warning with a guess; a wrong type, bad JSON or an unreadable `--config` file is an error.

import { dirname, join, resolve } from 'node:path';
import { didYouMean } from '../policy/did-you-mean.ts';
import { JsonSyntaxError, parseJsonDocument } from '../policy/json-document.ts';
import { type ConfigFault, foundText } from './config-fault.ts';
import { ignoredKeys, keyedOptions, keyOfSpelling, parentKeys } from './key-names.ts';

interface FileEntry {
  readonly value: unknown;
  /** As spelled in the file. */
  readonly spelled: string;
  readonly line: number | undefined;
}

export interface ConfigFile {
  /** Absolute; null when there is none. */
  readonly path: string | null;
  /** As the operator would write it, for faults. */
  readonly label: string;
  /** Folder that relative paths in the file start from. */
  readonly dir: string;
  /** Option's own key → entry. */
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly faults: readonly ConfigFault[];
}

export interface ConfigFileSources {
  /** `--config`; undefined: `fastfn.json` in `cwd`, if it is there. */
  readonly explicit: string | undefined;
  readonly cwd: string;
  /** Text of a file; null when it does not exist; throws when it cannot be read. */
  readonly readFile: (path: string) => string | null;
}

const maxFileBytes = 256 * 1024;

/** Reads the operator's file. Never throws for what the file holds. */
export async function readConfigFile(sources: ConfigFileSources): Promise<ConfigFile> {
  const label = sources.explicit ?? 'fastfn.json';
  const path = resolve(sources.cwd, label);
  const nothing = { label, dir: dirname(path), entries: new Map<string, FileEntry>() };
  const text = readText(path, label, sources);
  if (text === null) return { ...nothing, path: null, faults: tomlWarning(sources) };
  if (typeof text !== 'string') return { ...nothing, path, faults: [text] };
  try {
    const document = parseJsonDocument(text);
    const collected = collectEntries(document.value, label, document.lines);
    const repeats = document.repeated.map((pointer) => repeatedKey(label, pointer, document.lines));
    const wrongTypes = await validateTypes(collected.entries, label, document.lines);
    const faults = [...collected.faults, ...repeats, ...wrongTypes].sort(
      (a, b) => (a.line ?? 0) - (b.line ?? 0),
    );
    return { ...nothing, path, entries: collected.entries, faults };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { ...nothing, path, faults: [syntaxFault(label, error)] };
  }
}

function readText(path: string, label: string, sources: ConfigFileSources): string | ConfigFault | null {
  try {
    const text = sources.readFile(path);
    if (text === null)
      return sources.explicit === undefined ? null : wholeFile(label, 'no such file', 'a JSON file');
    const tooLong = Buffer.byteLength(text) > maxFileBytes;
    return tooLong ? wholeFile(label, 'a larger file', `at most ${maxFileBytes} bytes`) : text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return wholeFile(label, `cannot be read (${code})`, 'a readable JSON file');
  }
}

function wholeFile(label: string, found: string, accepted: string): ConfigFault {
  return { file: label, key: '', found, accepted, severity: 'error' };
}

function tomlWarning(sources: ConfigFileSources): readonly ConfigFault[] {
  try {
    if (sources.readFile(join(sources.cwd, 'fastfn.toml')) === null) return [];
  } catch {
    // Even a file that cannot be read is there and has no effect.
  }
  return [{ ...wholeFile('fastfn.toml', 'a TOML file', 'fastfn.json'), severity: 'warning' }];
}

function syntaxFault(label: string, error: JsonSyntaxError): ConfigFault {
  return { ...wholeFile(label, error.message, 'valid JSON'), line: error.line };
}

type Lines = ReadonlyMap<string, number>;

function pointerOf(spelled: string): string {
  return `/${spelled.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function collectEntries(value: unknown, label: string, lines: Lines) {
  const entries = new Map<string, FileEntry>();
  const faults: ConfigFault[] = [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { entries, faults: [wholeFile(label, foundText(value), 'a JSON object')] };
  }
  for (const member of flatten(value)) {
    const line = lines.get(member.pointer);
    const key = keyOfSpelling.get(member.spelled);
    const place = { file: label, key: member.spelled, ...(line === undefined ? {} : { line }) };
    if (key === undefined) {
      faults.push({ ...place, ...unknownKey(member.spelled), severity: 'warning' });
    } else if (entries.has(key)) {
      faults.push({
        ...place,
        found: 'the same setting twice',
        accepted: `only ${key}`,
        severity: 'warning',
      });
    } else {
      entries.set(key, { value: member.value, spelled: member.spelled, line });
    }
  }
  return { entries, faults };
}

interface Member {
  readonly spelled: string;
  readonly pointer: string;
  readonly value: unknown;
}

/** Top-level members; those of `force`, `openapi` and the like one level deeper, with a dotted name. */
function flatten(value: object): Member[] {
  return Object.entries(value).flatMap(([name, inner]): Member[] => {
    if (ignoredKeys.has(name)) return [];
    const isParent =
      parentKeys.has(name) && typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    if (!isParent) return [{ spelled: name, pointer: pointerOf(name), value: inner }];
    return Object.entries(inner).map(([leaf, leafValue]) => ({
      spelled: `${name}.${leaf}`,
      pointer: pointerOf(name) + pointerOf(leaf),
      value: leafValue,
    }));
  });
}

function unknownKey(spelled: string): Pick<ConfigFault, 'found' | 'accepted'> {
  const guess = didYouMean(spelled, keyOfSpelling.keys());
  const hint = guess === null ? '' : ` (did you mean ${guess}?)`;
  return {
    found: `unknown key ${JSON.stringify(spelled)}${hint}`,
    accepted: keyedOptions.map(({ key }) => key).join(', '),
  };
}

function repeatedKey(label: string, pointer: string, lines: Lines): ConfigFault {
  const key = pointer.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const line = lines.get(pointer);
  const place = { file: label, key, ...(line === undefined ? {} : { line }) };
  return {
    ...place,
    found: 'a repeated key',
    accepted: 'each key once (the last one is used)',
    severity: 'warning',
  };
}

/** Holds the entries to the schema; loaded only when there is something to check. */
async function validateTypes(entries: ReadonlyMap<string, FileEntry>, label: string, lines: Lines) {
  if (entries.size === 0) return [];
  const { findTypeFaults } = await import('./config-schema.ts');
  const document = Object.fromEntries([...entries].map(([key, entry]) => [key, entry.value]));
  return findTypeFaults(document).map(({ key, pointer, value }): ConfigFault => {
    const entry = entries.get(key);
    const option = keyedOptions.find((candidate) => candidate.key === key)?.option;
    const line = lines.get(pointerOf(entry?.spelled ?? key) + pointer) ?? entry?.line;
    const name = (entry?.spelled ?? key) + pointer.replaceAll('/', '.');
    const place = { file: label, key: name, ...(line === undefined ? {} : { line }) };
    return {
      ...place,
      found: foundText(value),
      accepted: option?.accepted ?? 'another type',
      severity: 'error',
    };
  });
}
