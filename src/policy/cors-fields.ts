// A `cors` block as written → CorsPolicy. What cannot be read lets fewer pages in, never more.

import {
  type CorsPolicy,
  defaultCorsHeaders,
  defaultCorsMaxAgeSeconds,
  maxCorsMaxAgeSeconds,
  parseOrigin,
} from './cors-policy.ts';
import { type FieldComplaint, FieldReader, isJsonObject, shownValue } from './field-reader.ts';

const keys = ['origins', 'methods', 'headers', 'expose_headers', 'credentials', 'max_age'];
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const corsMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** @returns null = no foreign page may call, which `false` says too */
export function readCors(value: unknown, complain: FieldComplaint): CorsPolicy | null {
  if (value === false || value === null) return null;
  if (!isJsonObject(value)) {
    complain([], shownValue(value), 'false, or an object with origins');
    return null;
  }
  const fields = new FieldReader(value, complain);
  fields.checkKeys(keys);
  const origins = fields.list(
    'origins',
    parseOrigin,
    'origins such as https://app.example.org or https://*.example.org',
  );
  if (origins === null) fields.refuse('origins', 'a list of origins, or *');
  if (origins === null || origins.length === 0) return null;
  const isOpen = origins.includes('*');
  const credentials = fields.flag('credentials');
  if (isOpen && credentials) {
    // Every page of the world could then act as the visitor; the credentials are what cannot have been meant.
    fields.refuse('credentials', 'false while origins holds *; list the origins instead');
  }
  return Object.freeze({
    origins: isOpen ? ['*'] : origins,
    methods: fields.list('methods', parseMethod, 'GET, HEAD, POST, PUT, PATCH or DELETE'),
    headers: fields.list('headers', parseHeader, 'names of headers, or *') ?? defaultCorsHeaders,
    exposeHeaders: fields.list('expose_headers', parseHeader, 'names of headers') ?? [],
    credentials: credentials && !isOpen,
    maxAgeSeconds: fields.number('max_age', defaultCorsMaxAgeSeconds, maxCorsMaxAgeSeconds),
  });
}

function parseMethod(entry: string): string | null {
  const method = entry.toUpperCase();
  return corsMethods.has(method) ? method : null;
}

function parseHeader(entry: string): string | null {
  return headerName.test(entry) && entry.length <= 100 ? entry.toLowerCase() : null;
}
