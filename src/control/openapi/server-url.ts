// Where the API is, for the document. What a client says of itself is repeated only where a trusted proxy vouches for it or
// the name is this host's own; else the document says `/`, which is wherever it came from.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ControlDeps } from '../control-deps.ts';

const authority = /^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?$/;

type Deps = Pick<ControlDeps, 'clientAddress' | 'isSecure' | 'settings'>;

export function serverUrl(request: IncomingMessage, deps: Deps): string {
  const { publicBaseUrl } = deps.settings.docs;
  if (publicBaseUrl !== null) return publicBaseUrl;
  const host = trustedHost(request, deps);
  return host === null ? '/' : `${deps.isSecure(request) ? 'https' : 'http'}://${host}`;
}

function trustedHost(request: IncomingMessage, deps: Deps): string | null {
  const forwarded = request.headers['x-forwarded-host'];
  if (typeof forwarded === 'string' && deps.clientAddress(request).via === 'trusted') {
    const [first = ''] = forwarded.split(',');
    return authority.test(first.trim()) ? first.trim() : null;
  }
  const { host = '' } = request.headers;
  return authority.test(host) && isOwn(host, request) ? host : null;
}

/** Loopback, or the very address that the client has reached. */
function isOwn(host: string, { socket }: IncomingMessage): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))/.exec(host) ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  if (name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))) return true;
  const reached = socket.localAddress?.replace(/^::ffff:/, '') ?? '';
  return reached !== '' && name === reached;
}
