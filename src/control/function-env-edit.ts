// `fn.env.json` as the control plane shows and changes it: secrets are never shown, what is not mentioned stays, and a value
// that is a secret does not stop being one without a new value. Source: contract/control-plane.md 7.

import { isObject } from '../discovery/checked-document.ts';
import { isSecretName } from '../discovery/function-env.ts';
import { GatewayError } from '../errors.ts';

type Json = Readonly<Record<string, unknown>>;
type Scalar = string | number | boolean;

interface EnvEntry {
  readonly value: Scalar;
  readonly is_secret: boolean;
}

/** What stands in the place of a secret; sent back, it means the secret that is there. */
export const hiddenValue = '<hidden>';

const maxKeys = 1_000;
const maxValueLength = 65_536;
const valueText = 'env value must be string|number|boolean|null';
const shapeText = 'env values must be string|number|boolean|null or {value,is_secret}';

/** For answers: what the file holds, without what nobody can read, which the function does not get either. */
export function maskEnv(file: Json): Record<string, unknown> {
  const shown = Object.entries(file).flatMap(([name, raw]) => {
    const entry = readEntry(name, raw);
    if (entry === null) return [];
    return [
      [name, { is_secret: entry.is_secret, value: entry.is_secret ? hiddenValue : entry.value }] as const,
    ];
  });
  return Object.fromEntries(shown);
}

/**
 * The whole file as it is to be: what the change does not name stays, values on their own become entries.
 * @throws GatewayError bad_request
 */
export function editEnv(file: Json, patch: Json): Json {
  const next = new Map<string, unknown>();
  for (const [name, raw] of Object.entries(file)) {
    next.set(name, isObject(raw) ? raw : (readEntry(name, raw) ?? raw));
  }
  for (const [name, change] of Object.entries(patch)) {
    if (name.trim() === '' || name === '$schema' || /[=\0]/.test(name))
      throw bad('env keys must be non-empty strings');
    const entry = changed(name, change, readEntry(name, file[name]));
    if (entry === null) next.delete(name);
    else next.set(name, entry);
  }
  if (next.size > maxKeys) throw bad(`env: at most ${maxKeys} keys`);
  return Object.fromEntries(next);
}

function readEntry(name: string, raw: unknown): EnvEntry | null {
  if (name === '$schema') return null;
  const value = isObject(raw) ? raw['value'] : raw;
  const isMarked = isObject(raw) && raw['is_secret'] === true;
  return isScalar(value) ? { value, is_secret: isMarked || isSecretName(name) } : null;
}

/** null: the key goes, or is not made. */
function changed(name: string, change: unknown, before: EnvEntry | null): EnvEntry | null {
  if (change === null) return null;
  if (isScalar(change)) {
    if (change === hiddenValue) return before;
    return { value: checked(name, change), is_secret: before?.is_secret ?? isSecretName(name) };
  }
  if (!isObject(change)) throw bad(shapeText);
  const unknown = Object.keys(change).find((key) => key !== 'value' && key !== 'is_secret');
  if (unknown !== undefined) throw bad(`env ${name}: unknown key: ${unknown.slice(0, 100)}`);
  if (!('value' in change)) throw bad('env entry objects must include value');
  const { value, is_secret: flag } = change;
  if (flag !== undefined && typeof flag !== 'boolean') throw bad(`env ${name}: is_secret must be boolean`);
  if (value === null) return null;
  if (!isScalar(value)) throw bad(valueText);
  const isSecret = flag ?? before?.is_secret ?? false;
  if (value === hiddenValue) {
    if (before?.is_secret === true && !isSecret)
      throw bad(`env ${name}: to show a secret, give it a new value`);
    return before === null ? null : { ...before, is_secret: isSecret || isSecretName(name) };
  }
  return { value: checked(name, value), is_secret: isSecret || isSecretName(name) };
}

function checked(name: string, value: Scalar): Scalar {
  if (typeof value === 'string' && (value.length > maxValueLength || value.includes('\0'))) {
    throw bad(`env ${name}: a value is at most ${maxValueLength} characters, without zero bytes`);
  }
  return value;
}

function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value))
  );
}

function bad(text: string): GatewayError {
  return new GatewayError('bad_request', { text });
}
