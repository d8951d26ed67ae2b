// What the router says of a request, as the pipeline goes on with it: the route, or the refusal that stands for its miss.

import type { RouteMatch } from '../discovery/catalog.ts';
import { parseQuery, type QueryValue } from '../discovery/query.ts';
import { GatewayError } from '../errors.ts';
import type { InvocationReply } from '../invocation/invocation.ts';

export type FoundRoute = Extract<RouteMatch, { kind: 'found' }>;

/** @throws GatewayError route_conflict, host_not_allowed, method_not_allowed, bad_request, not_found */
export function foundOrThrow(match: Exclude<RouteMatch, { kind: 'options' }>): FoundRoute {
  switch (match.kind) {
    case 'found':
      return match;
    case 'conflict':
      throw new GatewayError('route_conflict');
    case 'host_not_allowed':
      throw new GatewayError('host_not_allowed');
    case 'method_not_allowed':
      throw new GatewayError('method_not_allowed', { headers: { Allow: match.allow.join(', ') } });
    case 'bad_path':
      throw new GatewayError('bad_request', { cause: match.reason });
    default:
      throw new GatewayError('not_found');
  }
}

/** @throws GatewayError bad_request */
export function queryOrThrow(text: string, maxPairs: number): Readonly<Record<string, QueryValue>> {
  const parsed = parseQuery(text, maxPairs);
  if (parsed.kind === 'ok') return parsed.query;
  throw new GatewayError('bad_request', { text: parsed.reason });
}

export function optionsReply(allow: readonly string[]): InvocationReply {
  return { status: 204, headers: { allow: allow.join(', ') }, body: null, proxy: null };
}
