// Short ASCII texts that were read before, known again by their bytes: names of fields and headers are the same at every
// call, and to make a string anew costs more than to compare a few bytes. A new text takes an old one's place.

/** Longer texts are rarely names. */
const mostBytes = 32;
/** A power of two. */
const places = 512;
const firstNonAscii = 0x80;

export class ShortTexts {
  readonly #known: string[] = new Array<string>(places).fill('');

  /** The text in bytes[start, end), or null for one that is not short ASCII. */
  read(bytes: Uint8Array, start: number, end: number): string | null {
    if (end - start > mostBytes) return null;
    let hash = end - start;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? firstNonAscii;
      if (byte >= firstNonAscii) return null;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const place = hash & (places - 1);
    const known = this.#known[place] ?? '';
    if (isSame(known, bytes, start, end)) return known;
    const text = String.fromCharCode(...bytes.subarray(start, end));
    this.#known[place] = text;
    return text;
  }
}

function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
