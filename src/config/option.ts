// What an option is: one value of the operator's configuration, with every name it can be given under and one rule
// that reads it. The readers are in option-readers.ts, the options themselves in options/.

/** `serve` and `dev` differ in some defaults; commands that only look (routes, check, doctor) use `serve`. */
export type Mode = 'serve' | 'dev';

/** Something to say about a value; an error stops the start, a warning does not. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** What was found, where it is less than the whole value. */
  readonly found?: unknown;
  /** What would be accepted, where it is more exact than the option's own sentence. */
  readonly accepted?: string;
  /** The contract's own text; receives the name the value came under, for example `FN_HOST_PORT`. */
  readonly message?: (name: string) => string;
}

/** No value means: use the default. */
export interface Outcome<T> {
  readonly value?: T;
  readonly problems: readonly Problem[];
}

export interface Option<T> {
  /** One sentence for `--help`, the schema and the README. */
  readonly doc: string;
  /** What is accepted, in words, for faults. */
  readonly accepted: string;
  /** Commander syntax, for example `--port <port>`. */
  readonly flag?: string;
  readonly env?: string;
  /** Key in fastfn.json, kebab-case; snake_case and camelCase spellings are accepted too. */
  readonly key?: string;
  /** Other keys of fastfn.json with the same meaning; a dot means a key inside an object. */
  readonly aliases?: readonly string[];
  /** Value when nothing is given. */
  readonly fallback: T;
  /** Value in `dev` when nothing is given; `fallback` where absent. */
  readonly devFallback?: T;
  /** Never shown in a fault. */
  readonly secret?: true;
  /** Receives text from a flag or variable, or a JSON value that fits the schema. */
  readonly read: (raw: unknown) => Outcome<T>;
}

/** An option of whatever type, for lists. */
export type AnyOption = Option<unknown>;

export function accept<T>(value: T, problems: readonly Problem[] = []): Outcome<T> {
  return { value, problems };
}

export function reject(problem: Omit<Problem, 'severity'> = {}): Outcome<never> {
  return { problems: [{ severity: 'error', ...problem }] };
}

/** The default is used instead, and the operator hears about it. */
export function ignore(problem: Omit<Problem, 'severity'> = {}): Outcome<never> {
  return { problems: [{ severity: 'warning', ...problem }] };
}

export function warning(message: (name: string) => string, found?: unknown): Problem {
  return { severity: 'warning', message, found };
}
