// Reads a regular expression (ECMA-262 with the `u` flag) as a tree, without what no linear-time matcher can do:
// lookaround and back references. Single characters are left to the engine's own sets, so that `\p{L}` or `[^a-z]` mean
// exactly what they mean there.

export type PatternNode =
  /** One code point, for which the source of a set is to hold. */
  | { readonly kind: 'one'; readonly source: string }
  | { readonly kind: 'assert'; readonly at: 'start' | 'end' | 'boundary' | 'inside' }
  | { readonly kind: 'all'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'any'; readonly choices: readonly PatternNode[] }
  /** `max` null: without end. */
  | {
      readonly kind: 'repeat';
      readonly node: PatternNode;
      readonly min: number;
      readonly max: number | null;
    };

/** Says what of the pattern cannot be used. */
export class PatternError extends Error {}

const escapeOfOne =
  /^\\(?:u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|[pP]\{[^}]*\}|[dDwWsStnvfr0]|[^\w])/i;
const quantifier = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/;

/** @throws PatternError */
export function parsePattern(text: string): PatternNode {
  try {
    new RegExp(text, 'u');
  } catch {
    throw new PatternError('is no regular expression');
  }
  const parser = new Parser(text);
  const node = parser.choices();
  if (!parser.done) throw new PatternError('is no regular expression');
  return node;
}

/** The text is known to be valid: what is not understood here is not supported, never wrong. */
class Parser {
  #rest: string;

  constructor(text: string) {
    this.#rest = text;
  }

  get done(): boolean {
    return this.#rest === '';
  }

  choices(): PatternNode {
    const choices = [this.#sequence()];
    while (this.#skip('|')) choices.push(this.#sequence());
    const [only] = choices;
    return choices.length === 1 && only !== undefined ? only : { kind: 'any', choices };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (!this.done && !this.#rest.startsWith('|') && !this.#rest.startsWith(')')) {
      parts.push(this.#quantified(this.#atom()));
    }
    return { kind: 'all', parts };
  }

  #quantified(node: PatternNode): PatternNode {
    const found = this.#take(quantifier);
    if (found === null) return node;
    // Lazy or greedy: whether there is a match is the same.
    this.#skip('?');
    const [text, low, range, high] = found;
    if (text === '*') return { kind: 'repeat', node, min: 0, max: null };
    if (text === '+') return { kind: 'repeat', node, min: 1, max: null };
    if (text === '?') return { kind: 'repeat', node, min: 0, max: 1 };
    const min = Number(low);
    const max = range === undefined ? min : high === '' ? null : Number(high);
    return { kind: 'repeat', node, min, max };
  }

  #atom(): PatternNode {
    if (this.#skip('^')) return { kind: 'assert', at: 'start' };
    if (this.#skip('$')) return { kind: 'assert', at: 'end' };
    if (this.#skip('\\b')) return { kind: 'assert', at: 'boundary' };
    if (this.#skip('\\B')) return { kind: 'assert', at: 'inside' };
    if (this.#rest.startsWith('(')) return this.#group();
    if (this.#rest.startsWith('[')) return { kind: 'one', source: this.#class() };
    const escaped = this.#rest.startsWith('\\') ? this.#take(escapeOfOne) : null;
    if (escaped !== null) return { kind: 'one', source: escaped[0] };
    if (this.#rest.startsWith('\\')) throw new PatternError('has a back reference');
    const one = String.fromCodePoint(this.#rest.codePointAt(0) ?? 0);
    this.#rest = this.#rest.slice(one.length);
    return { kind: 'one', source: one };
  }

  #group(): PatternNode {
    if (/^\(\?(?:=|!|<=|<!)/.test(this.#rest)) throw new PatternError('looks ahead or behind');
    if (this.#take(/^\(\?(?::|<[^>]*>)|^\((?!\?)/u) === null)
      throw new PatternError('has a group of an unknown kind');
    const node = this.choices();
    this.#skip(')');
    return node;
  }

  /** With the `u` flag a class does not nest. */
  #class(): string {
    let end = 1;
    while (this.#rest[end] !== ']') end += this.#rest[end] === '\\' ? 2 : 1;
    const source = this.#rest.slice(0, end + 1);
    this.#rest = this.#rest.slice(end + 1);
    return source;
  }

  #take(what: RegExp): RegExpExecArray | null {
    const found = what.exec(this.#rest);
    if (found !== null) this.#rest = this.#rest.slice(found[0].length);
    return found;
  }

  #skip(text: string): boolean {
    const found = this.#rest.startsWith(text);
    if (found) this.#rest = this.#rest.slice(text.length);
    return found;
  }
}
