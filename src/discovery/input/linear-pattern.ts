// A regular expression whose time grows with the length of the text and nothing else: all ways to match are followed at
// once (K. Thompson, "Regular Expression Search Algorithm", 1968). For patterns that meet input from outside, where a
// backtracking engine could be kept busy for hours by a short text.

import { PatternError, type PatternNode, parsePattern } from './parse-pattern.ts';

/** Steps of a compiled pattern; `{n,m}` is written out. */
const maxSteps = 2_000;
/** Steps times characters of one test: some 50 ms. */
const maxWork = 4_000_000;

/** `split` and `jump` take no character; `assert` takes none and may end the way. */
type Step =
  | { readonly kind: 'one'; readonly holds: (codePoint: number) => boolean }
  | { readonly kind: 'assert'; readonly at: Extract<PatternNode, { kind: 'assert' }>['at'] }
  | { readonly kind: 'split'; to: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'match' };

export class LinearPattern {
  readonly source: string;
  readonly #steps: readonly Step[];

  /** @throws PatternError for what cannot be matched in linear time, or not within bounds */
  constructor(source: string) {
    this.source = source;
    const steps: Step[] = [];
    compile(parsePattern(source), steps);
    steps.push({ kind: 'match' });
    this.#steps = steps;
  }

  /** Ajv keeps compiled patterns by this text: two of them must not look alike. */
  toString(): string {
    return `/${this.source}/u`;
  }

  /** Whether it matches anywhere in the text. A text too long for the pattern matches nothing. */
  test(text: string): boolean {
    const steps = this.#steps;
    if (text.length * steps.length > maxWork) return false;
    const marks = new Int32Array(steps.length).fill(-1);
    let ways: number[] = [];
    let at = 0;
    let before = -1;
    for (let place = 0; ; place++) {
      const code = text.codePointAt(at) ?? -1;
      const open: number[] = [];
      const enter = { steps, marks, place, before, code, open };
      for (const way of [...ways, 0]) if (follow(way, enter)) return true;
      if (code === -1) return false;
      ways = open.filter((way) => takes(steps[way], code)).map((way) => way + 1);
      before = code;
      at += code > 0xffff ? 2 : 1;
    }
  }
}

interface Entering {
  readonly steps: readonly Step[];
  /** By step: the last place in the text at which it was reached. */
  readonly marks: Int32Array;
  readonly place: number;
  /** Code points on both sides of the place; -1 beyond the text. */
  readonly before: number;
  readonly code: number;
  /** Receives the steps that want a character. */
  readonly open: number[];
}

/** Goes on without taking a character. True when the end of the pattern is reached. */
function follow(from: number, entering: Entering): boolean {
  const { steps, marks, place, before, code, open } = entering;
  const waiting = [from];
  for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
    if (marks[way] === place) continue;
    marks[way] = place;
    const step = steps[way];
    if (step === undefined || step.kind === 'match') return true;
    if (step.kind === 'one') open.push(way);
    else if (step.kind === 'jump') waiting.push(step.to);
    else if (step.kind === 'split') waiting.push(step.to, way + 1);
    else if (asserts(step.at, before, code)) waiting.push(way + 1);
  }
  return false;
}

function asserts(at: Extract<Step, { kind: 'assert' }>['at'], before: number, after: number): boolean {
  if (at === 'start') return before === -1;
  if (at === 'end') return after === -1;
  return (isWord(before) !== isWord(after)) === (at === 'boundary');
}

function isWord(code: number): boolean {
  return code !== -1 && /\w/.test(String.fromCodePoint(code));
}

function takes(step: Step | undefined, code: number): boolean {
  return step?.kind === 'one' && step.holds(code);
}

function compile(node: PatternNode, steps: Step[]): void {
  if (steps.length > maxSteps) throw new PatternError(`has more than ${maxSteps} steps when written out`);
  switch (node.kind) {
    case 'one':
      steps.push({ kind: 'one', holds: setOf(node.source) });
      return;
    case 'assert':
      steps.push(node);
      return;
    case 'all':
      for (const part of node.parts) compile(part, steps);
      return;
    case 'any':
      compileChoices(node.choices, steps);
      return;
    case 'repeat':
      compileRepeat(node, steps);
  }
}

function compileChoices(choices: readonly PatternNode[], steps: Step[]): void {
  const ends: { to: number }[] = [];
  for (const choice of choices.slice(0, -1)) {
    const split: Step = { kind: 'split', to: 0 };
    const end: Step = { kind: 'jump', to: 0 };
    steps.push(split);
    compile(choice, steps);
    steps.push(end);
    ends.push(end);
    split.to = steps.length;
  }
  const [last] = choices.slice(-1);
  if (last !== undefined) compile(last, steps);
  for (const end of ends) end.to = steps.length;
}

function compileRepeat({ node, min, max }: Extract<PatternNode, { kind: 'repeat' }>, steps: Step[]): void {
  if (min > maxSteps || (max ?? 0) > maxSteps) throw new PatternError(`repeats more than ${maxSteps} times`);
  for (let count = 0; count < min; count++) compile(node, steps);
  if (max === null) {
    const split: Step = { kind: 'split', to: 0 };
    const start = steps.push(split) - 1;
    compile(node, steps);
    steps.push({ kind: 'jump', to: start });
    split.to = steps.length;
    return;
  }
  const splits: { to: number }[] = [];
  for (let count = min; count < max; count++) {
    const split: Step = { kind: 'split', to: 0 };
    splits.push(split);
    steps.push(split);
    compile(node, steps);
  }
  for (const split of splits) split.to = steps.length;
}

/** A set of the engine's own, asked for one character at a time; the answers for ASCII are kept. */
function setOf(source: string): (codePoint: number) => boolean {
  const set = new RegExp(`^${source}$`, 'u');
  const ascii = Array.from({ length: 128 }, (_, code) => set.test(String.fromCharCode(code)));
  return (code) => ascii[code] ?? set.test(String.fromCodePoint(code));
}
