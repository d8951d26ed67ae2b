// Lets the rest of the edge read a request of HTTP/2 as it reads one of HTTP/1.1: Host in place of `:authority`, no pseudo
// headers, one Cookie, and a body announced by a header (RFC 9113 8).

import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Clock } from '../../clock.ts';

/** Bytes of names and values, of each request that was adopted. */
const headerBytes = new WeakMap<IncomingMessage, number>();

/** Whether `adoptHttp2` has prepared it. */
export function isHttp2(request: IncomingMessage): boolean {
  return headerBytes.has(request);
}

/** The limit that clients are told (SETTINGS_MAX_HEADER_LIST_SIZE) is only advice to them: it is held here. */
export function headersOver(request: IncomingMessage, maxBytes: number): boolean {
  return (headerBytes.get(request) ?? 0) > maxBytes;
}

/**
 * @param bodyTimeoutMs the whole body must have come by then: node:http2 sets no such limit
 */
export function adoptHttp2(request: Http2ServerRequest, clock: Clock, bodyTimeoutMs: number): void {
  const { rawHeaders, headers, stream } = request;
  const authority = request.authority;
  const hasBody = !stream.endAfterHeaders;
  const raw = plainHeaders(rawHeaders, authority);
  const read = { ...headers };
  for (const name of Object.keys(read)) if (name.startsWith(':')) delete read[name];
  if (read.host === undefined && authority !== undefined) read.host = authority;
  if (hasBody && read['content-length'] === undefined) read['transfer-encoding'] = 'chunked';
  Object.defineProperties(request, { rawHeaders: { value: raw }, headers: { value: read } });
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length, 0);
  headerBytes.set(request as unknown as IncomingMessage, bytes);
  if (hasBody) limitBodyTime(request, clock, bodyTimeoutMs);
}

function plainHeaders(rawHeaders: readonly string[], authority: string | undefined): string[] {
  const lines: string[] = [];
  const cookies: string[] = [];
  let host: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (name === 'cookie') cookies.push(value);
    else if (name === 'host') host = value;
    else if (!name.startsWith(':')) lines.push(name, value);
  }
  // Both may be sent; where they differ two parties could route by different names, so both are shown and refused.
  if (authority !== undefined) lines.push('host', authority);
  if (host !== undefined && host !== authority) lines.push('host', host);
  if (cookies.length > 0) lines.push('cookie', cookies.join('; '));
  return lines;
}

function limitBodyTime(request: Http2ServerRequest, clock: Clock, timeoutMs: number): void {
  const { stream } = request;
  const timer = clock.after(timeoutMs, () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
  stream.once('end', () => timer.cancel());
  stream.once('close', () => timer.cancel());
}

/** The stream of an answer; null on HTTP/1.1. */
export function streamOf(response: ServerResponse): Http2ServerResponse['stream'] | null {
  return 'stream' in response ? (response as unknown as Http2ServerResponse).stream : null;
}

/** Whether the client got all of it; asked when the answer has closed. */
export function wentOut(response: ServerResponse): boolean {
  const stream = streamOf(response);
  // node:http2 calls a stream that was reset finished too.
  return stream === null ? response.writableFinished : stream.rstCode === constants.NGHTTP2_NO_ERROR;
}

/** The last answer of this connection: others that are under way on it go on (GOAWAY, RFC 9113 6.8). */
export function endSession(response: ServerResponse): void {
  const session = streamOf(response)?.session;
  if (session !== undefined && !session.closed) session.close();
}

/** Says that the body is not whole, in place of an end. */
export function resetStream(response: ServerResponse): void {
  streamOf(response)?.close(constants.NGHTTP2_INTERNAL_ERROR);
}
