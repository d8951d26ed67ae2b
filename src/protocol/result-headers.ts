// Status and headers of a worker's result, checked. Promises that those it lets through are within bounds and can be sent by node:http.

import { maxHeaderBytes, maxHeadersTotalBytes, maxResultHeaders } from './limits.ts';
import type { ResultMessage } from './messages.ts';

type Headers = ResultMessage['headers'];

export type CheckedHeaders =
  | { readonly headers: Headers; readonly refused: null }
  /** Why they cannot be sent. */
  | { readonly headers: null; readonly refused: string };

/** Said of a status that no answer can have. */
export const badStatus = 'status is no integer from 100 to 599';

// RFC 9110 5.6.2 token.
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 5.5 field-value: what node:http can send. CR, LF and NUL would split the answer.
const headerValueRefused = /[^\t\x20-\x7e\x80-\xff]/;

/** @param value parsed JSON */
export function checkHeaders(value: unknown): CheckedHeaders {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { headers: null, refused: 'headers are no object' };
  const refused = refuseHeaders(value as Readonly<Record<string, unknown>>);
  return refused === null ? { headers: value as Headers, refused } : { headers: null, refused };
}

/** Why these headers cannot be sent, or null. Counts lines, so that an array does not get round the maximum. */
function refuseHeaders(headers: Readonly<Record<string, unknown>>): string | null {
  let lines = 0;
  let total = 0;
  for (const name in headers) {
    if (!headerName.test(name) || name === '__proto__') return 'header name is no token';
    const value = headers[name];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    lines += values.length;
    if (lines > maxResultHeaders) return `more than ${maxResultHeaders} header lines`;
    for (const line of values) {
      if (typeof line !== 'string') return 'header value is no string';
      // One byte a character: the pattern below lets nothing above U+00FF through.
      const bytes = name.length + line.length;
      total += bytes;
      if (bytes > maxHeaderBytes) return `header line over ${maxHeaderBytes} bytes`;
      if (headerValueRefused.test(line)) return 'header value with a control or wide character';
    }
  }
  return total > maxHeadersTotalBytes ? `headers over ${maxHeadersTotalBytes} bytes` : null;
}
