// The file of secrets as data: every value sealed, the newest version first, a few earlier ones behind it to go back to.

import type { SealedValue } from './sealed-value.ts';

export interface SealedSecret {
  /** Epoch ms of the first version. */
  readonly created: number;
  /** Newest first, never empty. */
  readonly versions: readonly SealedValue[];
}

export type SecretDocument = ReadonlyMap<string, SealedSecret>;

/** A variable's name, as it may become one. */
export const secretName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
export const maxSecrets = 1_000;
/** Bytes of one value. */
export const maxSecretBytes = 65_536;
/** Versions that are kept, the present one among them. */
export const keptVersions = 5;

const format = 1;

export function toJson(document: SecretDocument): unknown {
  return { format, secrets: Object.fromEntries(document) };
}

/** @throws Error for anything that is not what `toJson` writes: to go on without it would lose what it holds */
export function fromJson(value: unknown): SecretDocument {
  if (value === null) return new Map();
  if (!isObject(value) || value['format'] !== format || !isObject(value['secrets']))
    throw new Error('cannot read the file of secrets: it is none of this version');
  const entries = Object.entries(value['secrets']).map(
    ([name, raw]) => [name, parseSecret(name, raw)] as const,
  );
  return new Map(entries);
}

function parseSecret(name: string, raw: unknown): SealedSecret {
  const versions = isObject(raw) && Array.isArray(raw['versions']) ? raw['versions'].filter(isSealed) : [];
  if (!secretName.test(name) || !isObject(raw) || typeof raw['created'] !== 'number' || versions.length === 0)
    throw new Error('cannot read the file of secrets: an entry is damaged');
  return { created: raw['created'], versions };
}

function isSealed(value: unknown): value is SealedValue {
  if (!isObject(value)) return false;
  const { version, created, key, nonce, data } = value;
  const numbers = [version, created].every((each) => typeof each === 'number');
  return numbers && [key, nonce, data].every((each) => typeof each === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
