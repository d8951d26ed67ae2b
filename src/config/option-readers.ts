// The rules by which options read their text: switches, numbers with bounds, lists, addresses. Each returns an
// outcome and throws nothing. Boolean words are those of contract/config-cli.md.

import { isIP } from 'node:net';
import { isCidr } from '../policy/cidr.ts';
import { accept, ignore, type Outcome, reject } from './option.ts';

const offWords = new Set(['0', 'false', 'off', 'no']);
const onWords = new Set(['1', 'true', 'on', 'yes']);

function word(raw: unknown): string {
  return String(raw).trim().toLowerCase();
}

/** "bool-off": off for `0 false off no` in any case, on for anything else. */
export function readBoolOff(raw: unknown): Outcome<boolean> {
  return accept(!offWords.has(word(raw)));
}

/** "bool-strict": what is neither an on nor an off word leaves the default, with a warning. */
export function readBoolStrict(raw: unknown): Outcome<boolean> {
  const text = word(raw);
  if (onWords.has(text)) return accept(true);
  return offWords.has(text) ? accept(false) : ignore();
}

/** For switches where a mistyped word must not silently mean less safety: anything unclear is an error. */
export function readBoolExact(raw: unknown): Outcome<boolean> {
  const outcome = readBoolStrict(raw);
  return outcome.value === undefined ? reject() : outcome;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** `clamp`: a number outside is moved to the bound, with a warning. Default: an error. */
  readonly outside?: 'clamp';
}

function toNumber(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/.test(raw) ? Number(raw) : Number.NaN;
}

function within(value: number, bounds: Bounds, scale = 1): Outcome<number> {
  if (value >= bounds.min && value <= bounds.max) return accept(value * scale);
  if (bounds.outside !== 'clamp') return reject();
  const bound = value < bounds.min ? bounds.min : bounds.max;
  return accept(bound * scale, [
    { severity: 'warning', accepted: `${bounds.min} to ${bounds.max}; ${bound} is used` },
  ]);
}

/** A whole number within bounds, as number or text. */
export function readInteger(bounds: Bounds): (raw: unknown) => Outcome<number> {
  return (raw) => {
    const value = toNumber(raw);
    return Number.isSafeInteger(value) ? within(value, bounds) : reject();
  };
}

/** Seconds, fractions allowed, kept as whole milliseconds. Bounds are in seconds. */
export function readSecondsAsMs(bounds: Bounds): (raw: unknown) => Outcome<number> {
  return (raw) => {
    const value = toNumber(raw);
    if (!Number.isFinite(value)) return reject();
    const outcome = within(value, bounds, 1000);
    return outcome.value === undefined ? outcome : { ...outcome, value: Math.round(outcome.value) };
  };
}

/** Text of printable characters, trimmed, at most `maxLength` long. */
export function readText(maxLength: number): (raw: unknown) => Outcome<string> {
  return (raw) => {
    const text = String(raw).trim();
    return text !== '' && text.length <= maxLength && !hasControlCharacter(text) ? accept(text) : reject();
  };
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

export function readOneOf<T extends string>(words: readonly T[]): (raw: unknown) => Outcome<T> {
  return (raw) => {
    const found = words.find((candidate) => candidate === word(raw));
    return found === undefined ? reject() : accept(found);
  };
}

/** A JSON list or comma text → trimmed entries, no blanks, no repeats. */
export function toList(raw: unknown): string[] {
  const parts = Array.isArray(raw) ? raw.map(String) : String(raw).split(',');
  return [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ''))];
}

/** Address blocks as `10.0.0.0/8` or a single address; every wrong entry is named. */
export function readCidrs(raw: unknown): Outcome<readonly string[]> {
  const entries = toList(raw);
  const wrong = entries.filter((entry) => !isCidr(entry));
  if (wrong.length === 0) return accept(entries);
  return { problems: wrong.map((entry) => ({ severity: 'error', found: entry })) };
}

/** An IP address or a host name of RFC 1123 labels. */
export function readHost(raw: unknown): Outcome<string> {
  const host = word(raw);
  if (isIP(host) !== 0) return accept(host);
  const labels = host.split('.');
  // All digits and dots but no address (`300.1.1.1`): a typo, and no DNS name ends in a number.
  const named = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  return named && host.length <= 253 && !/^\d+$/.test(labels.at(-1) ?? '') ? accept(host) : reject();
}
