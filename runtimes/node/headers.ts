// A handler's headers as lines that can be sent: text values, checked, bounded. The gateway checks again; here a bad
// header is the handler's failure, with a message that names it.

import { maxHeaderBytes, maxHeadersTotalBytes, maxResultHeaders } from './limits.ts';
import type { HeaderLines } from './message.ts';

type HeaderLine = HeaderLines[number];

// RFC 9110 5.6.2 token.
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 5.5 field value: CR, LF and NUL would split the answer, beyond U+00FF nothing can be sent.
const unsendable = /[^\t\x20-\x7e\x80-\xff]/;

export const noHeaders: HeaderLines = Object.freeze([]);

/** @throws Error when `headers` is no object or a line cannot be sent. Null values are left out. */
export function headerLines(headers: unknown): HeaderLines {
  if (headers === undefined || headers === null) return noHeaders;
  if (typeof headers !== 'object' || Array.isArray(headers)) throw new Error('headers must be an object');
  const lines = isHeaders(headers) ? fromHeaders(headers) : fromObject(headers);
  checkHeaderLines(lines);
  return lines;
}

/** The value of `content-type` in lower case; '' when there is none. */
export function contentType(headers: HeaderLines): string {
  for (const [name, value] of headers) {
    if (name.toLowerCase() === 'content-type') return String(value).toLowerCase();
  }
  return '';
}

function fromObject(headers: object): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const [name, value] of headers instanceof Map ? headers : Object.entries(headers)) {
    if (value === null || value === undefined) continue;
    lines.push([
      String(name),
      Array.isArray(value)
        ? value.filter((item) => item !== null && item !== undefined).map(String)
        : String(value),
    ]);
  }
  return lines;
}

/** The Fetch standard joins all lines of a name but Set-Cookie, whose values may hold commas. */
function fromHeaders(headers: Headers): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const [name, value] of headers) if (name !== 'set-cookie') lines.push([name, value]);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) lines.push(['set-cookie', cookies]);
  return lines;
}

function isHeaders(headers: object): headers is Headers {
  return 'getSetCookie' in headers && typeof headers.getSetCookie === 'function';
}

function checkHeaderLines(headers: HeaderLines): void {
  let count = 0;
  let total = 0;
  for (const [name, value] of headers) {
    if (!token.test(name) || name === '__proto__')
      throw new Error(`cannot send a header named ${JSON.stringify(name)}`);
    const values = typeof value === 'string' ? [value] : value;
    for (const line of values) {
      const bytes = name.length + line.length;
      count += 1;
      total += bytes;
      if (bytes > maxHeaderBytes) throw new Error(`cannot send header ${name}: over ${maxHeaderBytes} bytes`);
      if (unsendable.test(line))
        throw new Error(`cannot send header ${name}: a control or wide character in it`);
    }
  }
  if (count > maxResultHeaders)
    throw new Error(`cannot send ${count} header lines: at most ${maxResultHeaders}`);
  if (total > maxHeadersTotalBytes) throw new Error(`cannot send headers over ${maxHeadersTotalBytes} bytes`);
}
