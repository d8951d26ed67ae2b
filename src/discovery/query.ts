// The query of a request as an object: `a=1&a=2` is a list, `a` alone is true, `a=` is an empty text
// (contract/routing.md 8). Too many pairs are refused, never dropped in silence.

import { decodeLoosely } from './percent-encoding.ts';

export type QueryValue = string | true | readonly (string | true)[];

export type ParsedQuery =
  | { readonly kind: 'ok'; readonly query: Readonly<Record<string, QueryValue>> }
  | { readonly kind: 'bad_request'; readonly reason: string };

const noQuery: ParsedQuery = Object.freeze({ kind: 'ok', query: Object.freeze({}) });

/** A key by which the public could once choose `context.user`; it never reaches a function. */
const forbiddenKey = '__fnctx';

/**
 * @param rawQuery as sent, without the `?`
 * @param maxPairs pairs beyond this make the request a bad one
 */
export function parseQuery(rawQuery: string, maxPairs: number): ParsedQuery {
  if (rawQuery === '') return noQuery;
  const values = new Map<string, string | true | (string | true)[]>();
  let pairs = 0;
  for (let start = 0; start <= rawQuery.length; ) {
    const next = rawQuery.indexOf('&', start);
    const end = next < 0 ? rawQuery.length : next;
    if (end > start && ++pairs > maxPairs) {
      return { kind: 'bad_request', reason: `the query holds more than ${maxPairs} pairs` };
    }
    if (end > start) addPair(values, rawQuery.slice(start, end));
    start = end + 1;
  }
  // fromEntries defines own properties: a key called __proto__ stays a key.
  return { kind: 'ok', query: Object.fromEntries(values) };
}

function addPair(values: Map<string, string | true | (string | true)[]>, pair: string): void {
  const equals = pair.indexOf('=');
  const key = decode(equals < 0 ? pair : pair.slice(0, equals));
  if (key === '' || key === forbiddenKey) return;
  const value = equals < 0 ? true : decode(pair.slice(equals + 1));
  const known = values.get(key);
  if (known === undefined) values.set(key, value);
  else if (Array.isArray(known)) known.push(value);
  else values.set(key, [known, value]);
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeLoosely(spaced);
  }
}
