// The operator's token in `x-fn-admin-token`.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const header = 'x-fn-admin-token';

/** Constant time whatever was sent. Sent twice it is not accepted: two readers could take different ones. */
export function hasAdminToken(request: IncomingMessage, adminToken: string | null): boolean {
  if (adminToken === null || adminToken === '') return false;
  const sent = valuesOf(request.rawHeaders);
  const [only = ''] = sent;
  const isEqual = timingSafeEqual(digest(only), digest(adminToken));
  return isEqual && sent.length === 1;
}

function valuesOf(rawHeaders: readonly string[]): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === header) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
