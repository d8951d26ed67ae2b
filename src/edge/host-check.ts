// The one Host that a request must have (RFC 9112 3.2): without it, with two, or with no name in it two parties could read
// the request differently.

import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';
import type { EventHeaders } from '../invocation/event-headers.ts';
import { isAuthority } from './request-target.ts';
import { isHttp2 } from './tls/http2-request.ts';

/** @throws GatewayError bad_request */
export function checkHost(request: IncomingMessage, headers: EventHeaders): void {
  // llhttp takes 0.9 and 2.0 in a request line too, and we speak neither.
  if (request.httpVersionMajor !== 1 && !isHttp2(request)) throw new GatewayError('bad_request');
  const { host } = headers;
  const isValid =
    typeof host === 'string' ? isAuthority(host) : host === undefined && request.httpVersionMinor === 0;
  if (!isValid) throw new GatewayError('bad_request', { text: 'exactly one valid Host header is needed' });
}
