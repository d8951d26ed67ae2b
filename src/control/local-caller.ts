// Whether a request comes from the operator's own machine (contract/control-plane.md 2, Better). A browser on that machine
// does not count when another site made it ask: Host, Origin and Sec-Fetch-Site tell.

import type { IncomingMessage } from 'node:http';
import type { ControlDeps } from './control-deps.ts';
import { hostNamed } from './header-values.ts';

/** 127/8 and ::1; private networks are other machines. */
const loopbackAddress = /^(?:127(?:\.\d{1,3}){3}|::1)$/;
/** DNS rebinding: a foreign name that resolves to loopback is not in here. */
const loopbackHost = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/;

/**
 * What a caller from a named network may call us: an address, or a name without a dot as container networks have them.
 * Neither can be a name of the public DNS that an attacker makes lead here.
 */
const networkHost = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|[a-z0-9-]+)(?::\d{1,5})?$/;

export function isLocalCaller(
  request: IncomingMessage,
  deps: Pick<ControlDeps, 'clientAddress' | 'isLocalAddress' | 'isFunctionPeer'>,
): boolean {
  const { ip, via } = deps.clientAddress(request);
  const isLoopback = loopbackAddress.test(ip);
  if (via === 'claimed' || !(isLoopback || deps.isLocalAddress?.(ip) === true)) return false;
  if (deps.isFunctionPeer?.(request) === true) return false;
  const host = hostNamed(request);
  if (host !== undefined && !isExpectedHost(host.toLowerCase(), isLoopback)) return false;
  return isSameSite(request) && isOwnOrigin(request);
}

/** False when a browser says, or lets see, that a page of another site has made it ask. */
export function isSameSite(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  // The browser itself says so; behind a proxy our Host need not be the one it knows.
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return isOwnOrigin(request);
}

function isOwnOrigin(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  const host = hostNamed(request);
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host?.toLowerCase());
}

function isExpectedHost(host: string, isLoopback: boolean): boolean {
  return loopbackHost.test(host) || (!isLoopback && networkHost.test(host));
}
