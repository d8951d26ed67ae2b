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
  readonly faults: readonly Fault[];
}

const kind: DocumentKind = { schema, showValues: false };

const maxVariables = 1_000;
/** A floor: a variable of such a name is a secret even where the file says otherwise. */
const secretName = /secret|token|password|passwd|pwd|api_?key|private_key|auth|credential/i;

/**
 * Reads the file at `path`; a function whose file cannot be read gets no variables and a fault. Never throws.
 * @param file name for faults, relative to the functions root; default: the base name
 */
export function loadFunctionEnv(path: string, file = 'fn.env.json'): FunctionEnv {
  const reading = readBoundedText(path);
  if (reading.kind === 'ok') return parseFunctionEnv(reading.text, file);
  const fault: Fault = { file, key: '', found: reading.found, accepted: reading.accepted, severity: 'error' };
  return { env: {}, secrets: [], faults: [fault] };
}

export function parseFunctionEnv(text: string, file: string): FunctionEnv {
  const { value, faults: schemaFaults, lineOf } = checkDocument(text, file, kind);
  const faults = [...schemaFaults];
  const env = new Map<string, string>();
  const secrets = new Set<string>();
  for (const [name, entry] of Object.entries(value ?? {})) {
    if (name === '$schema') continue;
    const accepted = acceptedName(name, env.size);
    if (accepted !== null) {
      const line = lineOf([name]);
      const place = { file, key: name.slice(0, 100), ...(line === undefined ? {} : { line }) };
      faults.push({ ...place, found: typeName(entry), accepted, severity: 'error' });
      continue;
    }
    const plain = isObject(entry) ? entry['value'] : entry;
    if (plain === null || plain === undefined) continue;
    const shown = typeof plain === 'string' ? plain : JSON.stringify(plain);
    env.set(name, shown);
    const secret = secretName.test(name) || (isObject(entry) && entry['is_secret'] === true);
    if (secret && shown !== '') secrets.add(shown);
  }
  // fromEntries defines own properties: a variable called __proto__ stays a variable.
  return { env: Object.fromEntries(env), secrets: [...secrets], faults };
}

/** An environment holds `name=value` strings that end in a zero byte (environ(7)). */
function acceptedName(name: string, known: number): string | null {
  if (name === '' || /[=\0]/.test(name)) return "a name that is not empty, without '=' and zero byte";
  return known >= maxVariables ? `at most ${maxVariables} variables` : null;
}
