// The API documentation: the OpenAPI document and the page that shows it. Both with ETag and gzip, both without a byte from
// anywhere but here.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { ControlCall, ControlHandler } from './access-row.ts';
import { accessTable } from './access-table.ts';
import type { HandlerParts } from './handler-parts.ts';
import { DocumentSource, type ServedBytes } from './openapi/document-source.ts';
import { pageFile, pagePolicy } from './openapi/page-files.ts';
import { serverUrl } from './openapi/server-url.ts';

export function openapiHandlers({ deps, guards, boundary }: HandlerParts) {
  const { includeInternal, adminOnly, publicBaseUrl } = deps.settings.docs;
  const source = new DocumentSource(includeInternal ? accessTable : [], (document) =>
    boundary.withoutSecrets(document),
  );
  const apiOrigin = publicBaseUrl === null ? null : new URL(publicBaseUrl).origin;
  const admit = ({ request }: ControlCall): void => {
    if (adminOnly && !guards.isOperator(request))
      throw new GatewayError('forbidden', { text: 'the documentation is for the operator' });
  };
  return {
    openapi: (call) => {
      admit(call);
      const { request, reply } = call;
      return send(request, reply, source.get(deps.catalog(), serverUrl(request.raw, deps)));
    },
    'docs page': (call) => {
      admit(call);
      const { request, reply } = call;
      const file = pageFile(nameOf(request));
      if (file === null) throw new GatewayError('not_found');
      reply.header('content-security-policy', pagePolicy(apiOrigin));
      return send(request, reply, file);
    },
  } satisfies Record<string, ControlHandler>;
}

/** '' for the page itself. */
function nameOf({ url }: FastifyRequest): string {
  return /^\/_fn\/docs\/?([^?]*)/.exec(url)?.[1] ?? '';
}

function send(request: FastifyRequest, reply: FastifyReply, bytes: ServedBytes): unknown {
  // May be kept, and is asked about before it is used again.
  reply.headers({ 'cache-control': 'no-cache', etag: bytes.etag, vary: 'Accept-Encoding' });
  if (isKnown(request, bytes.etag)) {
    reply.status(304);
    return reply.send();
  }
  reply.type(bytes.type);
  const { 'accept-encoding': accepted = '' } = request.headers;
  if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0+)?(?:,|$|\s))/i.test(String(accepted))) return bytes.plain;
  reply.header('content-encoding', 'gzip');
  return bytes.gzip;
}

/** RFC 9110 13.1.2: compared weakly. */
function isKnown({ headers }: FastifyRequest, etag: string): boolean {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  const asked = headers['if-none-match'] ?? '';
  return asked.split(',').some((tag) => tag.trim() === '*' || opaque(tag) === opaque(etag));
}
