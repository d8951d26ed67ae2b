// gzip for answers that gain from it (contract/policy.md 6): listed types from 1024 bytes, when the client accepts it and
// nobody has encoded the body already. @fastify/compress would pass every answer through a stream; most are small.

import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { InvocationReply } from '../invocation/invocation.ts';
import { acceptsCoding, withVary } from './accept-encoding.ts';

const minBytes = 1024;
const level = 6;

const types: ReadonlySet<string> = new Set([
  'text/html',
  'text/plain',
  'text/css',
  'text/xml',
  'text/javascript',
  'application/json',
  'application/javascript',
  'application/xml',
  'application/xml+rss',
  'application/rss+xml',
  'application/wasm',
  'application/manifest+json',
  'image/svg+xml',
]);

const compress = promisify(gzip);

/**
 * Returns the reply to send in its place: encoded, or the same with `Vary`, or as it was.
 * @param acceptEncoding the request's header
 */
export async function compressReply(
  reply: InvocationReply,
  acceptEncoding: string | undefined,
): Promise<InvocationReply> {
  const { body } = reply;
  const headers: Record<string, string | readonly string[]> = {
    ...reply.headers,
    vary: withVary(reply.headers.vary, 'Accept-Encoding'),
  };
  if (body === null || !acceptsCoding(acceptEncoding, 'gzip')) return { ...reply, headers };
  const etag = headers.etag;
  // The bytes are not those that a strong tag stands for: RFC 9110 8.8.1.
  if (typeof etag === 'string' && !etag.startsWith('W/')) headers.etag = `W/${etag}`;
  headers['content-encoding'] = 'gzip';
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    return { ...reply, headers, body: await compress(body, { level }) };
  }
  return { ...reply, headers, body: compressedStream(body), bodyBytes: null };
}

/** Cheap and first: most answers are small. */
export function isCompressible(reply: InvocationReply): boolean {
  const { body, headers } = reply;
  if (body === null) return false;
  if (typeof body === 'string') {
    // Up to three bytes a character: only those between need counting.
    if (body.length * 3 < minBytes || (body.length < minBytes && Buffer.byteLength(body) < minBytes))
      return false;
  } else if (Buffer.isBuffer(body) ? body.length < minBytes : isShort(reply.bodyBytes)) return false;
  if (headers['content-encoding'] !== undefined || headers['content-range'] !== undefined) return false;
  const cacheControl = headers['cache-control'];
  if (typeof cacheControl === 'string' && cacheControl.includes('no-transform')) return false;
  const type = headers['content-type'];
  return typeof type === 'string' && types.has((type.split(';', 1)[0] ?? '').trim().toLowerCase());
}

function isShort(bodyBytes: number | null | undefined): boolean {
  return typeof bodyBytes === 'number' && bodyBytes < minBytes;
}

async function* compressedStream(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // What the handler has sent so far should reach the client, not wait for a full block.
  const encoder = createGzip({ level, flush: constants.Z_SYNC_FLUSH });
  pipeline(body, encoder, () => {});
  yield* encoder;
}
