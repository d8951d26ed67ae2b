// Adds to an answer what the policy wants browsers to know: CORS and security headers. An answer's own headers win.

import type { IncomingMessage } from 'node:http';
import type { InvocationReply } from '../invocation/invocation.ts';
import type { BrowserDefaults } from '../policy/resolve-policy.ts';
import { corsHeaders } from './cors.ts';

/** @param isHttps as far as the connection or a trusted proxy says */
export function withBrowserHeaders(
  reply: InvocationReply,
  { cors, securityHeaders }: BrowserDefaults,
  request: IncomingMessage,
  isHttps: () => boolean,
): InvocationReply {
  const { hsts, headers } = securityHeaders;
  let names = reply.headers;
  if (cors !== null) names = corsHeaders(names, cors, request);
  for (const name in headers) names = { [name]: headers[name] ?? '', ...names };
  // RFC 6797 7.2: never over plain http, where anybody could have put it in.
  if (hsts !== null && isHttps()) names = { 'strict-transport-security': hsts, ...names };
  return names === reply.headers ? reply : { ...reply, headers: names };
}
