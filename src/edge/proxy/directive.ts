// A `proxy` directive as a function wrote it → the one request to send (contract/edge-proxy.md 3). Nothing of the client's
// request is in it but the method, unless the function put it there. null counts as absent.

import type { PassthroughOrder } from '../../invocation/invocation.ts';
import type { EdgePolicy } from '../../policy/edge-policy.ts';
import { type OutboundBody, outboundBody } from './outbound-body.ts';
import { outboundHeaders } from './outbound-headers.ts';
import { proxyRefusal } from './proxy-refusal.ts';
import { upstreamTarget } from './upstream-target.ts';

export interface OutboundRequest {
  readonly url: URL;
  readonly method: OutboundMethod;
  /** Names and values in turn, framing and connection headers not among them. */
  readonly headers: readonly string[];
  readonly body: OutboundBody;
  /** Never more than the function's policy gives. */
  readonly maxResponseBytes: number;
  /** The directive's own; the budget of the invocation bounds it. null = only that. */
  readonly timeoutMs: number | null;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type OutboundMethod = (typeof methods)[number] | 'HEAD';

type Json = Readonly<Record<string, unknown>>;

/** What the function has answered beside its directive, and how the client has asked. */
export interface DirectiveContext {
  readonly directive: Json;
  readonly body: PassthroughOrder['body'];
  /** Of the client; used where the directive names none. */
  readonly method: string;
}

/** @throws GatewayError edge_proxy_failed, checks in the contract's order */
export function parseDirective(context: DirectiveContext, policy: EdgePolicy): OutboundRequest {
  const { directive } = context;
  const url = upstreamTarget(directive, policy);
  const method = methodOf(directive['method'], context.method);
  const headers = outboundHeaders(directive['headers']);
  return {
    url,
    method,
    headers,
    body: outboundBody(directive, context.body, policy.maxRequestBytes),
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
