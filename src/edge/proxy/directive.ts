// A `proxy` directive as a function wrote it → the one request to send (contract/edge-proxy.md 3). Nothing of the client's
// request is in it but the method, unless the function put it there. null counts as absent.

import type { EdgePolicy } from '../../policy/edge-policy.ts';
import { outboundHeaders } from './outbound-headers.ts';
import { proxyRefusal } from './proxy-refusal.ts';
import { upstreamTarget } from './upstream-target.ts';

export interface OutboundRequest {
  readonly url: URL;
  readonly method: OutboundMethod;
  /** Names and values in turn, framing and connection headers not among them. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  /** Never more than the function's policy gives. */
  readonly maxResponseBytes: number;
  /** The directive's own; the budget of the invocation bounds it. null = only that. */
  readonly timeoutMs: number | null;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type OutboundMethod = (typeof methods)[number] | 'HEAD';

type Json = Readonly<Record<string, unknown>>;

/**
 * @param clientMethod used where the directive names none
 * @throws GatewayError edge_proxy_failed, checks in the contract's order
 */
export function parseDirective(directive: Json, policy: EdgePolicy, clientMethod: string): OutboundRequest {
  const url = upstreamTarget(directive, policy);
  const method = methodOf(directive['method'], clientMethod);
  const headers = outboundHeaders(directive['headers']);
  const body = bodyOf(directive);
  if (body !== null && body.length > policy.maxRequestBytes)
    throw proxyRefusal('proxy.body is larger than edge.max_request_bytes');
  return {
    url,
    method,
    headers,
    body,
    maxResponseBytes: Math.min(countOf(directive['max_response_bytes']) ?? Infinity, policy.maxResponseBytes),
    timeoutMs: countOf(directive['timeout_ms']),
  };
}

function methodOf(value: unknown, clientMethod: string): OutboundMethod {
  if (value === undefined || value === null) {
    if (clientMethod === 'HEAD') return 'HEAD';
    return methodOf(clientMethod, '');
  }
  const asked = typeof value === 'string' ? value.trim().toUpperCase() : '';
  const method = methods.find((known) => known === asked);
  if (method === undefined) throw proxyRefusal('invalid proxy method');
  return method;
}

/** A number of 1 or more, also as text; anything else counts as absent. */
function countOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && number >= 1 ? Math.floor(number) : null;
}

function bodyOf(directive: Json): Buffer | null {
  if (directive['is_base64'] === true) return encodedBody(directive['body_base64']);
  const { body } = directive;
  if (body === undefined || body === null) return null;
  if (typeof body === 'object') throw proxyRefusal('proxy.body must be text; encode objects as JSON');
  return Buffer.from(String(body));
}

/** RFC 4648 4, line breaks allowed and padding optional, as encoders of six languages write it. */
const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;

function encodedBody(value: unknown): Buffer {
  if (typeof value !== 'string' || value === '')
    throw proxyRefusal('proxy.body_base64 must be a non-empty string when proxy.is_base64=true');
  const text = value.replace(/[\r\n]/g, '');
  const digits = text.replace(/=+$/, '').length;
  if (!base64Text.test(text) || digits === 0 || digits % 4 === 1)
    throw proxyRefusal('invalid proxy.body_base64');
  return Buffer.from(text, 'base64');
}
