// CORS as browsers ask for it (https://fetch.spec.whatwg.org/#http-cors-protocol): the answer to a preflight, and the headers
// that let a page read an answer. No worker is needed for either. What a function says itself stands.

import type { IncomingMessage } from 'node:http';
import type { InvocationReply } from '../invocation/invocation.ts';
import { type CorsPolicy, originAllowed } from '../policy/cors-policy.ts';
import { withVary } from './accept-encoding.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

const maxAskedHeaders = 64;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The method that a browser wants to use, when the request asks for leave; else null. */
export function preflightMethod({ method, headers }: IncomingMessage): string | null {
  const asked = headers['access-control-request-method'];
  return method === 'OPTIONS' && headers.origin !== undefined && asked !== undefined ? asked : null;
}

/** @param methods of what would answer */
export function preflightReply(
  request: IncomingMessage,
  cors: CorsPolicy,
  methods: readonly string[],
): InvocationReply {
  const base = {
    allow: methods.join(', '),
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  };
  const isAllowed = originAllowed(cors, request.headers.origin ?? '');
  const headers = isAllowed
    ? {
        ...base,
        'access-control-allow-methods': (cors.methods ?? methods).join(', '),
        ...allowedHeaders(request, cors),
        'access-control-max-age': String(cors.maxAgeSeconds),
      }
    : base;
  return { status: 204, headers, body: null, proxy: null };
}

function allowedHeaders(request: IncomingMessage, cors: CorsPolicy): Readonly<Record<string, string>> {
  const asked = request.headers['access-control-request-headers'] ?? '';
  const names = cors.headers.includes('*')
    ? asked
        .split(',', maxAskedHeaders)
        .map((name) => name.trim().toLowerCase())
        .filter((name) => token.test(name))
    : cors.headers;
  return names.length === 0 ? {} : { 'access-control-allow-headers': names.join(', ') };
}

/** The reply's headers with what a page of another origin needs to read it. */
export function corsHeaders(headers: Headers, cors: CorsPolicy, request: IncomingMessage): Headers {
  const isOpen = cors.origins.includes('*');
  // The same URL answers others differently, also where this request was refused or came without an origin.
  const vary = isOpen ? {} : { vary: withVary(headers['vary'], 'Origin') };
  const { origin } = request.headers;
  const own = headers['access-control-allow-origin'];
  if (origin === undefined || own !== undefined || !originAllowed(cors, origin))
    return { ...headers, ...vary };
  return {
    ...headers,
    ...vary,
    'access-control-allow-origin': isOpen ? '*' : origin,
    ...(cors.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    ...(cors.exposeHeaders.length === 0 || request.method === 'OPTIONS'
      ? {}
      : { 'access-control-expose-headers': cors.exposeHeaders.join(', ') }),
  };
}
