// A `security_headers` block as written → SecurityHeaders. A value that cannot be read leaves its header out.

import { type FieldComplaint, FieldReader, isJsonObject, shownValue } from './field-reader.ts';
import {
  hstsValue,
  maxHstsSeconds,
  noSecurityHeaders,
  referrerPolicies,
  type SecurityHeaders,
} from './security-headers.ts';

const keys = [
  'hsts',
  'content_type_options',
  'referrer_policy',
  'frame_options',
  'content_security_policy',
  'permissions_policy',
];
const hstsKeys = ['max_age', 'include_subdomains', 'preload'];
const yearSeconds = 31_536_000;
/** A policy is one header line: printable, without what would end it. */
const policyText = /^[\x20-\x7e]{1,4096}$/;

/** @returns no headers for `false` */
export function readSecurityHeaders(value: unknown, complain: FieldComplaint): SecurityHeaders {
  if (value === false || value === null) return noSecurityHeaders;
  if (!isJsonObject(value)) {
    complain([], shownValue(value), `false, or an object with ${keys.join(', ')}`);
    return noSecurityHeaders;
  }
  const fields = new FieldReader(value, complain);
  fields.checkKeys(keys);
  const headers: Record<string, string> = {};
  if (fields.flag('content_type_options')) headers['x-content-type-options'] = 'nosniff';
  const referrer = oneOf(fields, 'referrer_policy', referrerPolicies);
  if (referrer !== null) headers['referrer-policy'] = referrer;
  const frames = oneOf(fields, 'frame_options', ['deny', 'sameorigin']);
  if (frames !== null) headers['x-frame-options'] = frames.toUpperCase();
  for (const [key, name] of [
    ['content_security_policy', 'content-security-policy'],
    ['permissions_policy', 'permissions-policy'],
  ] as const) {
    const policy = policyOf(fields, key);
    if (policy !== null) headers[name] = policy;
  }
  return Object.freeze({ hsts: readHsts(fields.raw('hsts'), complain), headers: Object.freeze(headers) });
}

function oneOf(fields: FieldReader, key: string, words: readonly string[]): string | null {
  if (!fields.has(key)) return null;
  const value = fields.raw(key);
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (words.includes(word)) return word;
  fields.refuse(key, words.join(', '));
  return null;
}

function policyOf(fields: FieldReader, key: string): string | null {
  if (!fields.has(key)) return null;
  const value = fields.raw(key);
  if (typeof value === 'string' && policyText.test(value.trim()) && value.trim() !== '') return value.trim();
  fields.refuse(key, 'a text of one line, at most 4096 characters');
  return null;
}

function readHsts(value: unknown, complain: FieldComplaint): string | null {
  if (value === undefined || value === null || value === false) return null;
  if (value === true)
    return hstsValue({ maxAgeSeconds: yearSeconds, includeSubdomains: false, preload: false });
  if (!isJsonObject(value)) {
    complain(['hsts'], shownValue(value), `true, false, or an object with ${hstsKeys.join(', ')}`);
    return null;
  }
  const fields = new FieldReader(value, (key, found, accepted) =>
    complain(['hsts', ...key], found, accepted),
  );
  fields.checkKeys(hstsKeys);
  return hstsValue({
    maxAgeSeconds: fields.number('max_age', yearSeconds, maxHstsSeconds),
    includeSubdomains: fields.flag('include_subdomains'),
    preload: fields.flag('preload'),
  });
}
