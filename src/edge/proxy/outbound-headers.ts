// The headers of a directive as they may be sent to an upstream: what frames the request or speaks of the connection is ours
// to say (contract/edge-proxy.md 5). A header that cannot be sent is left out.

import { hopByHopHeaders } from '../../invocation/event-headers.ts';
import { proxyRefusal } from './proxy-refusal.ts';

/** Names that the contract takes; `_` and the like are read differently by different servers. */
const headerName = /^[A-Za-z0-9-]{1,200}$/;
/** RFC 9110 5.5, one byte a character: anything else could split the request. */
const refusedInValue = /[^\t\x20-\x7e\x80-\xff]/;
const maxLines = 100;
const maxBytes = 32_768;

/** Set by whoever writes the request; `expect` would wait for an answer that nobody here gives. */
const framing: ReadonlySet<string> = new Set([
  ...hopByHopHeaders,
  'host',
  'content-length',
  'expect',
  'http2-settings',
]);

/** Tells a gateway that a request comes from the proxy of one: no such request may reach a control plane. */
export const proxiedMark = 'x-fastfn-proxied';

/**
 * Names and values in turn.
 * @throws GatewayError edge_proxy_failed when they are too many, or no object
 */
export function outboundHeaders(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') throw tooMuch();
  // PHP and Lua write an empty map as a list.
  const given = Array.isArray(value) ? [] : Object.entries(value);
  const named = connectionNames(given);
  const lines: string[] = [];
  for (const [name, content] of given) {
    const lower = name.toLowerCase();
    if (!headerName.test(name) || framing.has(lower) || named.has(lower) || lower.startsWith('x-fastfn-'))
      continue;
    for (const line of valuesOf(content)) lines.push(lower, line);
  }
  const bytes = lines.reduce((sum, part) => sum + part.length, 0);
  if (lines.length > 2 * maxLines || bytes > maxBytes) throw tooMuch();
  return lines;
}

/** What the directive's own `Connection` names is for this hop, and there is none that could use it. */
function connectionNames(given: readonly (readonly [string, unknown])[]): ReadonlySet<string> {
  const texts = given
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => valuesOf(value));
  return new Set(texts.flatMap((text) => text.split(',')).map((name) => name.trim().toLowerCase()));
}

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return [];
  const text = String(value);
  return refusedInValue.test(text) ? [] : [text];
}

function tooMuch() {
  return proxyRefusal('proxy.headers must be an object of at most 100 lines and 32768 bytes');
}
