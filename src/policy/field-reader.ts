// Reading the fields of one JSON block, whoever wrote it: a function's config or the operator's. What is wrong goes to a
// callback with its key; what is returned is safe to use.

import { parseNumberField } from './number-field.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Told of each field that cannot be used: key path inside the block, what was found, what would be accepted. */
export type FieldComplaint = (key: readonly string[], found: string, accepted: string) => void;

const maxFoundLength = 80;

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of texts, or one text with commas; null for anything else. Trimmed, none empty, each once. */
export function textList(value: unknown): readonly string[] | null {
  const items: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [null];
  if (!items.every((item) => typeof item === 'string')) return null;
  return [...new Set(items.map((item) => item.trim()).filter((item) => item !== ''))];
}

/** JSON text of a value, cut short. */
export function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= maxFoundLength ? text : `${text.slice(0, maxFoundLength)}…`;
}

export class FieldReader {
  readonly #block: Json;
  readonly #complain: FieldComplaint;

  constructor(block: Json, complain: FieldComplaint) {
    this.#block = block;
    this.#complain = complain;
  }

  /** Warns of keys that nothing reads; `known` are all that are read. */
  checkKeys(known: readonly string[]): void {
    for (const key of Object.keys(this.#block)) {
      if (!known.includes(key)) this.#complain([key], 'an unknown key', known.join(', '));
    }
  }

  refuse(key: string, accepted: string): void {
    this.#complain([key], shownValue(this.#block[key]), accepted);
  }

  has(key: string): boolean {
    return this.#block[key] !== undefined && this.#block[key] !== null;
  }

  raw(key: string): unknown {
    return this.#block[key];
  }

  flag(key: string): boolean {
    const value = this.#block[key];
    if (value !== undefined && typeof value !== 'boolean') this.refuse(key, 'true or false');
    return value === true;
  }

  number(key: string, fallback: number, max: number, min = 0): number {
    if (!this.has(key)) return fallback;
    const field = parseNumberField(this.#block[key], { min, max });
    if (field.kind !== 'ok') this.refuse(key, `a whole number from ${min} to ${max}`);
    return field.kind === 'bad' ? fallback : field.value;
  }

  /** The entries that `parse` takes; each of the others is named. null when the key is absent. */
  list(key: string, parse: (entry: string) => string | null, accepted: string): readonly string[] | null {
    if (!this.has(key)) return null;
    const entries = textList(this.#block[key]);
    if (entries === null) this.refuse(key, `a list of ${accepted}`);
    const parsed = (entries ?? []).map((entry) => ({ entry, value: parse(entry) }));
    for (const { entry, value } of parsed) {
      if (value === null) this.#complain([key], shownValue(entry), accepted);
    }
    return [...new Set(parsed.map(({ value }) => value).filter((value) => value !== null))];
  }
}
