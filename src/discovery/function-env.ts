// Reads `fn.env.json`: the environment of one function, and which of its values must never be shown. Numbers and booleans
// become their JSON text; anything else is left out with a fault that names the key and never the value.
// Source: contract/invocation.md 3.7, contract/control-plane.md 7.1.

import type { Fault } from '../policy/fault.ts';
import { readBoundedText } from './bounded-file.ts';
import { checkDocument, type DocumentKind, isObject, typeName } from './checked-document.ts';
import schema from './schema/fn.env.schema.json' with { type: 'json' };

export interface FunctionEnv {
  readonly env: Readonly<Record<string, string>>;
  /** Values to mask wherever text leaves the gateway; each once, never empty. Very short ones make poor masks. */
  readonly secrets: readonly string[];
  /** Variables whose values are somewhere else. */
  readonly references: ReadonlyMap<string, EnvReference>;
  /** Variables that the file itself calls secrets; the operator's store may hold them too. */
  readonly declared: readonly string[];
  readonly faults: readonly Fault[];
}

/** Where a value is: in the operator's store, or in a file that the operator allows. */
export type EnvReference =
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

const kind: DocumentKind = { schema, showValues: false };

const maxVariables = 1_000;
/** A floor: a variable of such a name is a secret even where the file says otherwise. */
const secretName = /secret|token|password|passwd|pwd|api_?key|private_key|auth|credential/i;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/**
 * Reads the file at `path`; a function whose file cannot be read gets no variables and a fault. Never throws.
 * @param file name for faults, relative to the functions root; default: the base name
 */
export function loadFunctionEnv(path: string, file = 'fn.env.json'): FunctionEnv {
  const reading = readBoundedText(path);
  if (reading.kind === 'ok') return parseFunctionEnv(reading.text, file);
  const fault: Fault = { file, key: '', found: reading.found, accepted: reading.accepted, severity: 'error' };
  return { env: {}, secrets: [], references: new Map(), declared: [], faults: [fault] };
}

export function parseFunctionEnv(text: string, file: string): FunctionEnv {
  const { value, faults: schemaFaults, lineOf } = checkDocument(text, file, kind);
  const faults = [...schemaFaults];
  const env = new Map<string, string>();
  const secrets = new Set<string>();
  const references = new Map<string, EnvReference>();
  const declared: string[] = [];
  for (const [name, entry] of Object.entries(value ?? {})) {
    if (name === '$schema') continue;
    const accepted = acceptedName(name, env.size);
    if (accepted !== null) {
      const line = lineOf([name]);
      const place = { file, key: name.slice(0, 100), ...(line === undefined ? {} : { line }) };
      faults.push({ ...place, found: typeName(entry), accepted, severity: 'error' });
      continue;
    }
    const reference = isObject(entry) ? referenceOf(entry) : null;
    if (reference !== null) references.set(name, reference);
    if (isObject(entry) && entry['is_secret'] === true) declared.push(name);
    const plain = isObject(entry) ? entry['value'] : entry;
    if (plain === null || plain === undefined) continue;
    const shown = typeof plain === 'string' ? plain : JSON.stringify(plain);
    env.set(name, shown);
    const secret = isSecretName(name) || (isObject(entry) && entry['is_secret'] === true);
    if (secret && shown !== '') secrets.add(shown);
  }
  // fromEntries defines own properties: a variable called __proto__ stays a variable.
  return { env: Object.fromEntries(env), secrets: [...secrets], references, declared, faults };
}

function referenceOf(entry: Readonly<Record<string, unknown>>): EnvReference | null {
  const { secret, value_file: path } = entry;
  if (typeof secret === 'string') return { kind: 'secret', name: secret };
  return typeof path === 'string' ? { kind: 'file', path } : null;
}

/** An environment holds `name=value` strings that end in a zero byte (environ(7)). */
function acceptedName(name: string, known: number): string | null {
  if (name === '' || /[=\0]/.test(name)) return "a name that is not empty, without '=' and zero byte";
  return known >= maxVariables ? `at most ${maxVariables} variables` : null;
}
