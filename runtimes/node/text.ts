// Text within a number of UTF-8 bytes: every text on the wire has a maximum.

import { byteLength } from './builtins.ts';

/** A UTF-16 unit is one to three bytes of UTF-8: counts only when that leaves doubt. */
export function isWithin(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || (text.length <= maxBytes && byteLength(text) <= maxBytes);
}

/** The longest start of `text` within `maxBytes` that does not cut a character. */
export function truncate(text: string, maxBytes: number): string {
  if (isWithin(text, maxBytes)) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = Math.min(maxBytes, bytes.length);
  // A continuation byte is 10xxxxxx: go back to where the character began.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** Cuts `text` into pieces of at most `maxBytes`, after a line's end where there is one. */
export function pieces(text: string, maxBytes: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (!isWithin(rest, maxBytes)) {
    const head = truncate(rest, maxBytes);
    const lineEnd = head.lastIndexOf('\n') + 1;
    const cut = lineEnd > 0 ? lineEnd : head.length;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  parts.push(rest);
  return parts;
}
