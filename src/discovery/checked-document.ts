// Reads the text of one JSON file that a person wrote, against its schema: a value with every bad field taken out, and a
// fault for each of them, with key, line, what was found and what is accepted. Never throws.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { didYouMean } from '../policy/did-you-mean.ts';
import type { Fault } from '../policy/fault.ts';
import { JsonSyntaxError, parseJsonDocument } from '../policy/json-document.ts';

export interface CheckedDocument {
  /** The object without its bad fields; null when the text is no JSON object at all. */
  readonly value: Readonly<Record<string, unknown>> | null;
  /** The object as it was written; null as above. */
  readonly written: Readonly<Record<string, unknown>> | null;
  readonly faults: readonly Fault[];
  /** 1-based line of a key; read once, and only when somebody asks. */
  readonly lineOf: (path: KeyPath) => number | undefined;
}

export interface DocumentKind {
  readonly schema: Readonly<Record<string, unknown>>;
  /** False for files of secrets: a fault then names the type of what was found, never the value. */
  readonly showValues: boolean;
}

/** Adds a fault at a key of the file that is being read. */
export type Complain = (
  key: readonly string[],
  found: string,
  accepted: string,
  severity?: Fault['severity'],
) => void;

type Json = Record<string, unknown>;
/** Keys and list positions from the top. */
type KeyPath = readonly string[];

/** As deep as the reader of lines goes. */
const maxDepth = 64;
const maxFaults = 100;
const maxFoundLength = 80;

const validators = new WeakMap<DocumentKind, ValidateFunction>();

/** @param file name that faults carry, relative to the functions root */
export function checkDocument(text: string, file: string, kind: DocumentKind): CheckedDocument {
  const written = parseObject(text);
  const lineOf = lineReader(text);
  if (written === null) return { value: null, written: null, faults: [unreadable(text, file, kind)], lineOf };
  const validate = validatorOf(kind);
  if (validate(written)) return { value: written, written, faults: [], lineOf };
  const problems = problemsOf(validate.errors ?? []);
  const value = structuredClone(written);
  for (const problem of problems) if (!problem.unknown) remove(value, problem.path);
  const faults = problems.slice(0, maxFaults).map((problem) => toFault(problem, written, file, kind, lineOf));
  return { value, written, faults, lineOf };
}

function lineReader(text: string): CheckedDocument['lineOf'] {
  let lines: ReadonlyMap<string, number> | null = null;
  return (path) => {
    lines ??= linesOf(text);
    return lines.get(pointerOf(path));
  };
}

/** Short JSON text for a fault. */
export function foundText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= maxFoundLength ? text : `${text.slice(0, maxFoundLength)}…`;
}

function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) && !tooDeep(value) ? value : null;
  } catch {
    return null;
  }
}

/** What recurses over the value later (cloning, quoting) must not run out of stack on a hostile file. */
function tooDeep(value: Json): boolean {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((item) => Object.values(item).filter(isComposite));
  }
  return false;
}

function isComposite(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(text: string, file: string, kind: DocumentKind): Fault {
  const base = { file, key: '', accepted: 'a JSON object', severity: 'error' } as const;
  try {
    return { ...base, found: typeName(parseJsonDocument(text).value) };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) return { ...base, found: 'text that is not JSON' };
    // The parser's words quote a character of the file, which in a file of secrets may be part of one.
    return { ...base, line: error.line, found: kind.showValues ? error.message : 'text that is not JSON' };
  }
}

function validatorOf(kind: DocumentKind): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary(['accepted']);
  const validate = ajv.compile(kind.schema);
  validators.set(kind, validate);
  return validate;
}

interface Problem {
  readonly path: KeyPath;
  readonly accepted: string;
  /** A key that nothing reads: kept, and only warned of. */
  readonly unknown: boolean;
}

/** Ajv reports every branch of an `anyOf`; people want one line per field: the outermost that says what is accepted. */
function problemsOf(errors: readonly ErrorObject[]): Problem[] {
  const byPath = new Map<string, Problem>();
  for (const error of errors) {
    const found = problemOf(error);
    const id = pointerOf(found.path);
    const known = byPath.get(id);
    if (known === undefined || known.accepted === '') byPath.set(id, found);
  }
  const whole = [...byPath.values()].filter((problem) => !problem.unknown).map((problem) => problem.path);
  return [...byPath.values()]
    .filter(
      ({ path }) =>
        !whole.some((other) => other.length < path.length && other.every((key, i) => key === path[i])),
    )
    .map((problem) => (problem.accepted === '' ? { ...problem, accepted: 'another value' } : problem));
}

function problemOf(error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const schema = isObject(error.parentSchema) ? error.parentSchema : {};
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    const guess = didYouMean(key, Object.keys(isObject(schema['properties']) ? schema['properties'] : {}));
    const accepted = guess === null ? 'a known key' : `a known key, such as ${guess}`;
    return { path: [...path, key], accepted, unknown: true };
  }
  const accepted = typeof schema['accepted'] === 'string' ? schema['accepted'] : '';
  return { path, accepted, unknown: false };
}

function toFault(
  problem: Problem,
  written: Json,
  file: string,
  kind: DocumentKind,
  lineOf: CheckedDocument['lineOf'],
): Fault {
  const line = lineOf(problem.path);
  const value = valueAt(written, problem.path);
  return {
    file,
    key: problem.path.join('.'),
    ...(line === undefined ? {} : { line }),
    found: problem.unknown ? 'an unknown key' : kind.showValues ? foundText(value) : typeName(value),
    accepted: problem.accepted,
    severity: problem.unknown ? 'warning' : 'error',
  };
}

function linesOf(text: string): ReadonlyMap<string, number> {
  try {
    return parseJsonDocument(text).lines;
  } catch {
    return new Map();
  }
}

function pointerOf(path: KeyPath): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function unescapePointer(text: string): string {
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}

/** Removes the field; of a list with a bad item the whole list goes, because the rest may mean something else. */
function remove(root: Json, path: KeyPath): void {
  const inList = path.findIndex((_, index) => Array.isArray(valueAt(root, path.slice(0, index))));
  const whole = inList > 0 ? path.slice(0, inList) : path;
  const parent = valueAt(root, whole.slice(0, -1));
  const key = whole.at(-1);
  if (isObject(parent) && key !== undefined) delete parent[key];
}

/** Trimmed, or null when it is no text or nothing is left. */
export function textOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? null : text;
}

export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? 'an object'
    : typeof value === 'undefined'
      ? 'nothing'
      : `a ${typeof value}`;
}
