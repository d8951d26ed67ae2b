// Entity tags of files and the conditions that writers put on them (RFC 9110 13.1): who changes what has changed since it was
// read is told so. Tags are keyed, so that one tells nothing about the content of a file of secrets.

import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../errors.ts';

const key = randomBytes(32);
const absent = '"absent"';

/** @param content null where there is no file */
export function etagOf(content: string | Uint8Array | null): string {
  if (content === null) return absent;
  return `"${createHmac('sha256', key).update(content).digest('base64url').slice(0, 22)}"`;
}

/**
 * `If-Match` names the state that the writer has seen, `If-None-Match: *` that there should be nothing.
 * @throws GatewayError precondition_failed; its `ETag` header is the present state
 */
export function checkConditions(headers: IncomingHttpHeaders, content: string | Uint8Array | null): void {
  const tag = etagOf(content);
  const refuse = (text: string): never => {
    throw new GatewayError('precondition_failed', { text, headers: { ETag: tag } });
  };
  const wanted = headers['if-match'];
  if (wanted !== undefined && !matches(wanted, tag)) refuse('changed since it was read');
  const unwanted = headers['if-none-match'];
  if (unwanted !== undefined && matches(unwanted, tag)) refuse('exists already');
}

function matches(list: string, tag: string): boolean {
  const tags = list.split(',').map((each) => each.trim());
  return tags.includes(tag) || (tags.includes('*') && tag !== absent);
}
