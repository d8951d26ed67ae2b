// A worker's result → what may be sent to a client (contract/policy.md 8, invocation.md 9.0). Promises headers that
// cannot break framing or split the answer, and no body where HTTP has none.

import { GatewayError } from '../errors.ts';
import { hopByHopHeaders } from './event-headers.ts';

export type ReplyHeaders = Record<string, string | readonly string[]>;

type LooseHeaders = Readonly<Record<string, unknown>>;

/** RFC 9110 5.6.2 token. */
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 5.5: CR, LF and NUL would split the answer; node:http refuses what is beyond one byte. */
const refusedInValue = /[^\t\x20-\x7e\x80-\xff]/;

const eventStream = /^text\/event-stream\s*(?:;|$)/i;

/** Answers that have no body whatever the handler says: RFC 9110 15.3.5, 15.4.5. */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * Lower-case names, checked values; hop-by-hop, framing and the gateway's own headers dropped.
 * @param contentType what to say when the handler said nothing; null for an empty body
 */
export function replyHeaders(headers: LooseHeaders, contentType: string | null): ReplyHeaders {
  const safe: ReplyHeaders = {};
  let listed: string | null = null;
  for (const given in headers) {
    const name = given.toLowerCase();
    const value = headerValue(headers[given]);
    if (value === null || !headerName.test(name)) continue;
    if (name === 'connection') listed = typeof value === 'string' ? value : value.join(',');
    if (isForwarded(name)) addHeader(safe, name, value);
  }
  if (listed !== null) removeListed(safe, listed);
  if (contentType !== null) safe['content-type'] ??= contentType;
  const type = safe['content-type'];
  if (typeof type === 'string' && eventStream.test(type)) addEventHeaders(safe);
  return safe;
}

/** What events need in front of proxies and caches that would hold them back; a handler may say otherwise. In place. */
function addEventHeaders(headers: ReplyHeaders): void {
  headers['cache-control'] ??= 'no-cache';
  // nginx's word for "do not gather this"; others have taken it over.
  headers['x-accel-buffering'] ??= 'no';
}

/** Content-Length is computed again from the body; `x-fastfn-…` is the gateway's word, not a function's. */
function isForwarded(name: string): boolean {
  return (
    name !== 'content-length' &&
    name !== '__proto__' &&
    !hopByHopHeaders.has(name) &&
    !name.startsWith('x-fastfn-')
  );
}

/** null = not to be sent. */
function headerValue(value: unknown): string | readonly string[] | null {
  if (typeof value === 'string') return refusedInValue.test(value) ? null : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return null;
  const lines = value.map(headerValue).filter((line): line is string => typeof line === 'string');
  return lines.length === 0 ? null : lines;
}

/** `X-A` and `x-a` are two keys of one header: both are sent. */
function addHeader(headers: ReplyHeaders, name: string, value: string | readonly string[]): void {
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  headers[name] = before === undefined ? value : [before, value].flat();
}

function removeListed(headers: ReplyHeaders, listed: string): void {
  for (const part of listed.split(',')) delete headers[part.trim().toLowerCase()];
}

/** @throws GatewayError bad_worker_reply for 1xx: a client would wait for the answer behind it for ever */
export function checkStatus(status: number): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new GatewayError('bad_worker_reply', {
    cause: new Error(`cannot send status ${status} as an answer`),
  });
}
