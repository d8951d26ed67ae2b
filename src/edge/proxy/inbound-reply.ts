// The head of an upstream's answer as it may go to the client: what frames it, speaks of the connection, or makes claims for
// the upstream's own origin is left out (contract/edge-proxy.md 5).

import { type ReplyHeaders, replyHeaders } from '../../invocation/result.ts';

/** HSTS and Alt-Svc would bind the gateway's host name; the id is the gateway's word. */
const dropped = ['server', 'alt-svc', 'strict-transport-security', 'public-key-pins', 'x-request-id'];

export function inboundHeaders(headers: Readonly<Record<string, unknown>>): ReplyHeaders {
  const safe = replyHeaders(headers, null);
  for (const name of dropped) delete safe[name];
  return safe;
}

/** Exact length of the body, or null where the upstream does not say. */
export function announcedLength(headers: Readonly<Record<string, unknown>>): number | null {
  if (headers['transfer-encoding'] !== undefined) return null;
  const length = headers['content-length'];
  return typeof length === 'string' && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/** Sent for as long as something happens: a browser waits for each event of it. */
export function isEventStream(headers: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof headers['content-type'] === 'string' && /^text\/event-stream\b/i.test(headers['content-type'])
  );
}
