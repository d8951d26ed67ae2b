// `fn.env.json` as the control plane shows and changes it: secrets are never shown, what is not mentioned stays, and a value
// that is a secret does not stop being one without a new value. Source: contract/control-plane.md 7.

import { isObject } from '../discovery/checked-document.ts';
import { isSecretName } from '../discovery/function-env.ts';
import { badRequest } from './bad-request.ts';

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
    const reference = referenceOf(raw);
    if (reference !== null) return [[name, { is_secret: true, value: hiddenValue, ...reference }] as const];
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
      throw badRequest('env keys must be non-empty strings');
    // What stands elsewhere is kept like a value that is hidden.
    if (isHidden(change) && referenceOf(file[name]) !== null) continue;
    const entry = changed(name, change, readEntry(name, file[name]));
    if (entry === null) next.delete(name);
    else next.set(name, entry);
  }
  if (next.size > maxKeys) throw badRequest(`env: at most ${maxKeys} keys`);
  return Object.fromEntries(next);
}

function isHidden(change: unknown): boolean {
  return change === hiddenValue || (isObject(change) && change['value'] === hiddenValue);
}

/** A value of the operator's store or of a file: named here, read by whoever starts the worker. */
type Reference = { readonly secret: string } | { readonly value_file: string };

function referenceOf(raw: unknown): Reference | null {
  if (!isObject(raw)) return null;
  const { secret, value_file: file } = raw;
  if (typeof secret === 'string') return { secret };
  return typeof file === 'string' ? { value_file: file } : null;
}

const maxPathLength = 1024;

/** null where the change names none. @throws GatewayError bad_request */
function newReference(name: string, change: Json): Reference | null {
  if (!('secret' in change || 'value_file' in change)) return null;
  const other = Object.keys(change).find((key) => !['secret', 'value_file'].includes(key));
  const reference = referenceOf(change);
  const text = reference === null ? '' : Object.values(reference).join('');
  if (other !== undefined || reference === null || Object.keys(change).length !== 1) {
    throw badRequest(`env ${name}: secret or value_file must be one text and stand alone`);
  }
  if ('secret' in reference && !/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(text)) {
    throw badRequest(`env ${name}: secret must match ^[A-Za-z_][A-Za-z0-9_]*$`);
  }
  if (text === '' || text.length > maxPathLength || text.includes('\0')) {
    throw badRequest(`env ${name}: value_file must be a path`);
  }
  return reference;
}

function readEntry(name: string, raw: unknown): EnvEntry | null {
  if (name === '$schema') return null;
  const value = isObject(raw) ? raw['value'] : raw;
  const isMarked = isObject(raw) && raw['is_secret'] === true;
  return isScalar(value) ? { value, is_secret: isMarked || isSecretName(name) } : null;
}

/** null: the key goes, or is not made. */
function changed(name: string, change: unknown, before: EnvEntry | null): EnvEntry | Reference | null {
  if (change === null) return null;
  if (isScalar(change)) {
    if (change === hiddenValue) return before;
    return { value: checked(name, change), is_secret: before?.is_secret ?? isSecretName(name) };
  }
  if (!isObject(change)) throw badRequest(shapeText);
  const reference = newReference(name, change);
  if (reference !== null) return reference;
  const unknown = Object.keys(change).find((key) => key !== 'value' && key !== 'is_secret');
  if (unknown !== undefined) throw badRequest(`env ${name}: unknown key: ${unknown.slice(0, 100)}`);
  if (!('value' in change)) throw badRequest('env entry objects must include value');
  const { value, is_secret: flag } = change;
  if (flag !== undefined && typeof flag !== 'boolean')
    throw badRequest(`env ${name}: is_secret must be boolean`);
  if (value === null) return null;
  if (!isScalar(value)) throw badRequest(valueText);
  const isSecret = flag ?? before?.is_secret ?? false;
  if (value === hiddenValue) {
    if (before?.is_secret === true && !isSecret)
      throw badRequest(`env ${name}: to show a secret, give it a new value`);
    return before === null ? null : { ...before, is_secret: isSecret || isSecretName(name) };
  }
  return { value: checked(name, value), is_secret: isSecret || isSecretName(name) };
}

function checked(name: string, value: Scalar): Scalar {
  if (typeof value === 'string' && (value.length > maxValueLength || value.includes('\0'))) {
    throw badRequest(`env ${name}: a value is at most ${maxValueLength} characters, without zero bytes`);
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
