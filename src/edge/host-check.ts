// What two parties could read differently in a request that llhttp lets pass: its one Host (RFC 9112 3.2), and the coding
// of its body (RFC 9112 6.1).

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

/**
 * False for a coding under the chunks, which nobody here undoes: the body would not be what its sender meant. A last coding
 * other than chunked llhttp refuses itself.
 */
export function hasPlainCoding({ headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return coding === undefined || !/,\s*chunked$/i.test(coding);
}

/** @throws GatewayError bad_request */
export function checkCoding(request: IncomingMessage): void {
  if (!hasPlainCoding(request))
    throw new GatewayError('bad_request', { text: 'Transfer-Encoding must be chunked' });
}
