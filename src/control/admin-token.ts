// The operator's token in `x-fn-admin-token`.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { headerValues } from './header-values.ts';

const header = 'x-fn-admin-token';

/** Constant time whatever was sent. Sent twice it is not accepted: two readers could take different ones. */
export function hasAdminToken(request: IncomingMessage, adminToken: string | null): boolean {
  if (adminToken === null || adminToken === '') return false;
  const sent = headerValues(request.rawHeaders, header);
  const [only = ''] = sent;
  const isEqual = timingSafeEqual(digest(only), digest(adminToken));
  return isEqual && sent.length === 1;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
