// Which of a client's headers a function gets to see (contract/policy.md 7): lower-case names, repeated ones as arrays,
// without those that end at this hop and without the gateway's own credentials.

type HeaderValue = string | readonly string[];
export type EventHeaders = Readonly<Record<string, HeaderValue>>;

/**
 * RFC 9110 7.6.1 and the older list of RFC 2616 13.5.1: they speak about this connection. Headers that a client names in
 * its own `Connection` stay: else it could take away what a proxy in front has added (`X-Forwarded-For`).
 */
export const hopByHopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The operator's token must not reach user code; `__proto__` is no header anybody means. */
const withheld: ReadonlySet<string> = new Set([...hopByHopHeaders, 'x-fn-admin-token', '__proto__']);

/** Cookie of the operator's console, over http and over https. */
const consoleCookie = /^\s*(?:__Host-)?fastfn_session\s*$/;

/** @param raw names and values in turn, as node:http gives them in `rawHeaders` */
export function eventHeaders(raw: readonly string[]): EventHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (!withheld.has(name)) addHeader(headers, name, raw[i + 1] ?? '');
  }
  if (headers.cookie !== undefined) withoutConsoleCookie(headers);
  return headers;
}

function addHeader(headers: Record<string, string | string[]>, name: string, value: string): void {
  // A name such as `constructor` finds the prototype's member, hence `hasOwn` behind the cheap test.
  const before = headers[name];
  if (before === undefined || !Object.hasOwn(headers, name)) headers[name] = value;
  else if (typeof before === 'string') headers[name] = [before, value];
  else before.push(value);
}

function withoutConsoleCookie(headers: Record<string, string | string[]>): void {
  const cookie = headers.cookie;
  const text = Array.isArray(cookie) ? cookie.join('; ') : cookie;
  if (text?.includes('fastfn_session') !== true) return;
  const kept = text.split(';').filter((piece) => !consoleCookie.test(piece.split('=', 1)[0] ?? ''));
  const rest = kept.join(';').trim();
  if (rest === '') delete headers.cookie;
  else headers.cookie = rest;
}
