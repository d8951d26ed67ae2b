// Address blocks as people write them: `10.0.0.0/8`, `fd00::/8`, or one address.

import { isIP } from 'node:net';

/** True for an IPv4 or IPv6 address, alone or with the length of its prefix. */
export function isCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}
