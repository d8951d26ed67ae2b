// A regular expression whose time grows with the length of the text and nothing else (RE2). For patterns that meet input from
// outside, where a backtracking engine could be kept busy for hours by a short text.

import { RE2JS, RE2JSException } from 're2js';

/** Steps of a compiled pattern; `{n,m}` is written out. */
const maxSteps = 2_000;
/** Steps times characters of one test: some 50 ms. */
const maxWork = 4_000_000;

/** A pattern that cannot be used; the message completes "a pattern that". */
export class PatternError extends Error {}

export class LinearPattern {
  readonly source: string;
  readonly #pattern: RE2JS;
  readonly #steps: number;

  /** @throws PatternError for what cannot be matched in linear time, or not within bounds */
  constructor(source: string) {
    this.source = source;
    this.#pattern = compile(source);
    this.#steps = this.#pattern.programSize();
    if (this.#steps > maxSteps) throw new PatternError(`takes more than ${maxSteps} steps`);
  }

  /** Ajv keeps compiled patterns by this text: two of them must not look alike. */
  toString(): string {
    return `/${this.source}/u`;
  }

  /** Whether it matches anywhere in the text. A text too long for the pattern matches nothing. */
  test(text: string): boolean {
    return text.length * this.#steps <= maxWork && this.#pattern.matcher(text).find();
  }
}

function compile(source: string): RE2JS {
  // RE2 would read it as the letter.
  if (/\\k</.test(source)) throw new PatternError('refers to what a group has matched');
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    if (error instanceof RE2JSException)
      throw new PatternError(`RE2 cannot read: ${error.message.replace('error parsing regexp: ', '')}`);
    throw error;
  }
}
