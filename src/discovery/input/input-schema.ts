// What a function's config says of the input it takes: JSON Schemas (2020-12) for query, path parameters and body. Read
// within bounds, so that no schema can make the gateway slow: no reference to the outside, patterns in linear time, no
// comparison of every item with every other. Compiled here once, checked by invocation/input-check.ts.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { LinearPattern, PatternError } from './linear-pattern.ts';

export const inputParts = ['query', 'params', 'body'] as const;
export type InputPart = (typeof inputParts)[number];

export type JsonSchema = Readonly<Record<string, unknown>> | boolean;

/** As written in the file; parts that are not given are not checked. */
export type InputSchema = Readonly<Partial<Record<InputPart, JsonSchema>>>;

export type SchemaReading =
  | { readonly kind: 'ok'; readonly validate: ValidateFunction }
  /** Words for a fault: what was found at which place below the schema. */
  | {
      readonly kind: 'bad';
      readonly path: readonly string[];
      readonly found: string;
      readonly accepted: string;
    };

const maxBytes = 65_536;
const maxDepth = 32;
const maxNodes = 2_000;
/** `uniqueItems` compares all pairs. */
const maxUniqueItems = 1_000;
/** Compiled schemas that are kept, by text; beyond it they are compiled again. */
const maxKept = 2_000;

/** Could lead to another schema than the one that was checked here. */
const unsupported = ['$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$vocabulary'];
/** Said by OpenAPI, without a meaning for validation. */
const annotations = ['example', 'xml', 'externalDocs', 'discriminator'];

const kept = new Map<string, SchemaReading>();
/** By the value in the catalog, for those who ask with every request. */
const known: Readonly<Record<InputPart, WeakMap<object, SchemaReading>>> = {
  query: new WeakMap(),
  params: new WeakMap(),
  body: new WeakMap(),
};

/** Never throws. */
export function readInputSchema(schema: unknown, part: InputPart): SchemaReading {
  if (typeof schema !== 'object' || schema === null) return readByText(schema, part);
  const before = known[part].get(schema);
  if (before !== undefined) return before;
  const reading = readByText(schema, part);
  known[part].set(schema, reading);
  return reading;
}

/** The same schema is compiled once, whatever files it stands in and however often they are read. */
function readByText(schema: unknown, part: InputPart): SchemaReading {
  const text = JSON.stringify(schema) ?? '';
  const key = `${part} ${text}`;
  const before = kept.get(key);
  if (before !== undefined) return before;
  const reading = check(schema, text) ?? compile(schema, part);
  if (kept.size >= maxKept) kept.clear();
  kept.set(key, reading);
  return reading;
}

function bad(path: readonly string[], found: string, accepted: string): SchemaReading {
  return { kind: 'bad', path, found, accepted };
}

function check(schema: unknown, text: string): SchemaReading | null {
  if (typeof schema === 'boolean') return null;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return bad([], 'no schema', 'a JSON Schema (an object)');
  if (text.length > maxBytes) return bad([], `${text.length} characters`, `at most ${maxBytes}`);
  const waiting: { readonly value: object; readonly path: readonly string[] }[] = [
    { value: schema, path: [] },
  ];
  let nodes = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    nodes += 1;
    const { value, path } = next;
    if (path.length > maxDepth) return bad(path, 'a deeper level', `at most ${maxDepth} levels`);
    if (nodes > maxNodes) return bad([], `more than ${maxNodes} parts`, `at most ${maxNodes} parts`);
    const problem = Array.isArray(value) ? null : checkKeywords(value, path);
    if (problem !== null) return problem;
    for (const [key, child] of Object.entries(value)) {
      if (typeof child === 'object' && child !== null) waiting.push({ value: child, path: [...path, key] });
    }
  }
  return null;
}

/** A property that is called like a keyword holds a schema, not the text or flag that is looked for here. */
function checkKeywords(value: object, path: readonly string[]): SchemaReading | null {
  const words = new Map<string, unknown>(Object.entries(value));
  for (const key of unsupported) {
    if (typeof words.get(key) === 'string')
      return bad([...path, key], 'a keyword that is not supported', '$defs and $ref');
  }
  const reference = words.get('$ref');
  if (typeof reference === 'string' && !reference.startsWith('#'))
    return bad(
      [...path, '$ref'],
      JSON.stringify(reference.slice(0, 80)),
      'a place in this schema: #/$defs/…',
    );
  const most = words.get('maxItems');
  if (words.get('uniqueItems') === true && !(typeof most === 'number' && most <= maxUniqueItems))
    return bad([...path, 'uniqueItems'], 'true', `true beside a maxItems of at most ${maxUniqueItems}`);
  const patterns = [words.get('pattern'), ...Object.keys(words.get('patternProperties') ?? {})];
  for (const pattern of patterns) {
    const problem = typeof pattern === 'string' ? patternProblem(pattern) : null;
    if (problem !== null)
      return bad(
        [...path, 'pattern'],
        `a pattern that ${problem}`,
        'a pattern that can be matched in linear time',
      );
  }
  return null;
}

function patternProblem(pattern: string): string | null {
  try {
    new LinearPattern(pattern);
    return null;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

/** Query and path come as texts: they are brought to the type that the schema names. A body is taken as it is. */
function compile(schema: unknown, part: InputPart): SchemaReading {
  const texts = part !== 'body';
  const linear = Object.assign((source: string) => new LinearPattern(source), { code: 'linearPattern' });
  const ajv = new Ajv2020({
    strict: true,
    ...{ strictTypes: false, strictTuples: false, strictRequired: false, allowUnionTypes: true },
    // As the specification has it: a format says what is meant and checks nothing.
    validateFormats: false,
    // A body without `constructor` must not pass for one that has it.
    ownProperties: true,
    coerceTypes: texts ? 'array' : false,
    useDefaults: texts,
    code: { regExp: linear },
    logger: false,
  });
  ajv.addVocabulary(annotations);
  try {
    return {
      kind: 'ok',
      validate: ajv.compile(typeof schema === 'boolean' ? schema : withoutDialect(schema)),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return bad([], message.slice(0, 300), 'a valid JSON Schema (draft 2020-12)');
  }
}

/** What `$schema` says at the top changes nothing: everything is read as 2020-12. */
function withoutDialect(schema: unknown): object {
  const { $schema: _dialect, ...rest } = schema as Record<string, unknown>;
  return rest;
}
