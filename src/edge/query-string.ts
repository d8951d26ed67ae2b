// The query of a request as handlers see it (contract/routing.md 8): `a=1&a=2` → ["1","2"], `a` → true, `a=` → "",
// `+` and `%XX` decoded. `__fnctx` is dropped: a public client must not be able to say who the user is.

import { GatewayError } from '../errors.ts';

export type QueryValue = string | true | readonly (string | true)[];

const none: Readonly<Record<string, QueryValue>> = Object.freeze({});

/** @throws GatewayError bad_request beyond `maxPairs`, and for a malformed `%` */
export function parseQuery(text: string, maxPairs: number): Readonly<Record<string, QueryValue>> {
  if (text === '') return none;
  const query: Record<string, QueryValue> = Object.create(null);
  let pairs = 0;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    pairs += 1;
    if (pairs > maxPairs)
      throw new GatewayError('bad_request', { text: `more than ${maxPairs} query pairs` });
    const at = pair.indexOf('=');
    const name = decode(at === -1 ? pair : pair.slice(0, at));
    if (name === '__fnctx') continue;
    const value = at === -1 ? true : decode(pair.slice(at + 1));
    const before = query[name];
    if (before === undefined) query[name] = value;
    else query[name] = typeof before === 'object' ? [...before, value] : [before, value];
  }
  return query;
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new GatewayError('bad_request', { text: 'malformed query', cause });
  }
}
