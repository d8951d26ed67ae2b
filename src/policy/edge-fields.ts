// An `edge` block as written → EdgePolicy. What cannot be read lets a directive reach less, never more.

import { isCidr } from './cidr.ts';
import {
  defaultMaxRequestBytes,
  defaultMaxResponseBytes,
  type EdgePolicy,
  maxPassthroughBytes,
  parseBaseUrl,
  parseUpstreamHost,
  type UpstreamHost,
} from './edge-policy.ts';
import { type FieldComplaint, FieldReader, type Json, textList } from './field-reader.ts';

/** @returns null when nothing in it can be used: the proxy stays off */
export function readEdge(block: Json, complain: FieldComplaint): EdgePolicy | null {
  const fields = new FieldReader(block, complain);
  const base = readBase(fields);
  const hosts = readHosts(fields);
  const allowPrivate = readPrivate(fields);
  const hasSize = ['max_response_bytes', 'max_request_bytes'].some((key) => fields.has(key));
  if (base === null && hosts.length === 0 && allowPrivate === false && !hasSize) return null;
  return Object.freeze({
    baseUrl: base?.url ?? null,
    allowHosts: Object.freeze(base === null ? hosts : [base.host, ...hosts]),
    allowPrivate,
    maxResponseBytes: fields.number('max_response_bytes', defaultMaxResponseBytes, maxPassthroughBytes, 1),
    maxRequestBytes: fields.number('max_request_bytes', defaultMaxRequestBytes, maxPassthroughBytes, 1),
  });
}

function readBase(fields: FieldReader): ReturnType<typeof parseBaseUrl> {
  const text = fields.raw('base_url');
  if (typeof text !== 'string' || text.trim() === '') return null;
  const base = parseBaseUrl(text.trim());
  if (base === null) {
    fields.refuse('base_url', 'an http or https URL without user, query and fragment');
  }
  return base;
}

function readHosts(fields: FieldReader): readonly UpstreamHost[] {
  const accepted = 'host names such as api.example.org, *.example.org or api.example.org:8443, or * for all';
  const texts = fields.list(
    'allow_hosts',
    (entry) => (parseUpstreamHost(entry) === null ? null : entry),
    accepted,
  );
  return (texts ?? []).map(parseUpstreamHost).filter((host) => host !== null);
}

function readPrivate(fields: FieldReader): EdgePolicy['allowPrivate'] {
  const value = fields.raw('allow_private');
  if (value === undefined || value === null || typeof value === 'boolean') return value === true;
  const blocks = textList(value)?.filter(isCidr) ?? [];
  const isWhole = Array.isArray(value) && blocks.length === value.length;
  if (!isWhole) fields.refuse('allow_private', 'true, false, or a list of address blocks such as 10.0.0.0/8');
  return blocks.length === 0 ? false : Object.freeze(blocks);
}
