// What is sent to an upstream: the text or bytes of the directive, or, where it says so, the body that the function itself has
// answered, piece by piece as the upstream takes it (contract/edge-proxy.md 3). Bounded either way.

import { Readable } from 'node:stream';
import type { PassthroughOrder } from '../../invocation/invocation.ts';
import { proxyRefusal } from './proxy-refusal.ts';

export type OutboundBody = Buffer | Readable | null;

type Json = Readonly<Record<string, unknown>>;
type OwnBody = PassthroughOrder['body'];

/** RFC 4648 4, line breaks allowed and padding optional, as encoders of six languages write it. */
const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * @param own the function's own body
 * @throws GatewayError edge_proxy_failed, for streams while they are read
 */
export function outboundBody(directive: Json, own: OwnBody, maxBytes: number): OutboundBody {
  const from = directive['body_from'] ?? null;
  if (from !== null && from !== 'result') throw proxyRefusal('proxy.body_from must be "result"');
  if (from === 'result' && isStream(own)) return boundedStream(own, maxBytes);
  const body = from === 'result' ? ownBytes(own) : directiveBody(directive);
  if (body !== null && body.length > maxBytes) throw tooLarge();
  return body;
}

/** Nobody will read it: whoever sends it should know. */
export function giveUp(own: OwnBody): void {
  if (isStream(own)) void own[Symbol.asyncIterator]().return?.();
}

function isStream(own: OwnBody): own is AsyncIterable<Buffer> {
  return own !== null && typeof own !== 'string' && !Buffer.isBuffer(own);
}

function ownBytes(own: OwnBody): Buffer | null {
  if (own === null || isStream(own)) return null;
  return Buffer.isBuffer(own) ? own : Buffer.from(own);
}

function boundedStream(own: AsyncIterable<Buffer>, maxBytes: number): Readable {
  const counted = async function* (): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of own) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge();
      yield chunk;
    }
  };
  // As bytes: in object mode a chunk would count as one.
  const stream = Readable.from(counted(), { objectMode: false });
  // Given up before the first read, a generator never comes to its own end.
  stream.once('close', () => giveUp(own));
  return stream;
}

function directiveBody(directive: Json): Buffer | null {
  if (directive['is_base64'] === true) return encodedBody(directive['body_base64']);
  const { body } = directive;
  if (body === undefined || body === null) return null;
  if (typeof body === 'object') throw proxyRefusal('proxy.body must be text; encode objects as JSON');
  return Buffer.from(String(body));
}

function encodedBody(value: unknown): Buffer {
  if (typeof value !== 'string' || value === '')
    throw proxyRefusal('proxy.body_base64 must be a non-empty string when proxy.is_base64=true');
  const text = value.replace(/[\r\n]/g, '');
  const digits = text.replace(/=+$/, '').length;
  if (!base64Text.test(text) || digits === 0 || digits % 4 === 1)
    throw proxyRefusal('invalid proxy.body_base64');
  return Buffer.from(text, 'base64');
}

function tooLarge() {
  return proxyRefusal('proxy.body is larger than edge.max_request_bytes');
}
