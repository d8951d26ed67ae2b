// A request header as it was sent: node:http drops or joins what comes twice, and the guards must know.

import type { IncomingMessage } from 'node:http';

/** Values of one header, in order; `name` in lower case. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

/** What the client calls us, wherever its protocol says it: `Host`, or `:authority` of HTTP/2 (RFC 9113 8.3.1). */
export function hostNamed({ headers }: IncomingMessage): string | undefined {
  const authority = headers[':authority'];
  return headers.host ?? (typeof authority === 'string' ? authority : undefined);
}
