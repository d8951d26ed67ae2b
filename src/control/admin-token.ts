// The operator's token, in `x-fn-admin-token` or as a bearer token (RFC 6750 2.1).

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { headerValues } from './header-values.ts';

const header = 'x-fn-admin-token';

/** Constant time whatever was sent. Sent twice it is not accepted: two readers could take different ones. */
export function hasAdminToken(request: IncomingMessage, adminToken: string | null): boolean {
  if (adminToken === null || adminToken === '') return false;
  const sent = [...headerValues(request.rawHeaders, header), ...bearerTokens(request.rawHeaders)];
  const [only = ''] = sent;
  const isEqual = timingSafeEqual(digest(only), digest(adminToken));
  return isEqual && sent.length === 1;
}

function bearerTokens(rawHeaders: readonly string[]): string[] {
  return headerValues(rawHeaders, 'authorization').flatMap((value) => {
    const token = /^bearer +(\S.*)$/i.exec(value)?.[1];
    return token === undefined ? [] : [token.trimEnd()];
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
