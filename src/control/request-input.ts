// Checks what a call brings against the schemas of its row, and says in one sentence what is wrong with the first thing that
// does not fit: which field, and what would be accepted.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { isObject } from '../discovery/checked-document.ts';
import type { GatewayError } from '../errors.ts';
import { didYouMean } from '../policy/did-you-mean.ts';
import type { AccessRow, BodyRule, JsonSchema } from './access-row.ts';
import { badRequest } from './bad-request.ts';

type Json = Readonly<Record<string, unknown>>;

/** Deeper documents are refused before anything walks over them. */
const maxDepth = 64;

export interface RowInput {
  /** @throws GatewayError bad_request that names the key */
  query(raw: unknown): Readonly<Record<string, string>>;
  /** @param bytes null when there was no body. @throws GatewayError bad_request that names the field */
  body(bytes: Buffer | null): Json;
}

let shared: Ajv | null = null;

function schemas(): Ajv {
  if (shared !== null) return shared;
  shared = new Ajv({ verbose: true, strictTypes: false, strictRequired: false });
  shared.addVocabulary(['accepted', 'refusal', 'refusals']);
  return shared;
}

/** Compiled when it is asked for first, and once: most rows are never asked, and all of them would delay every start. */
function compiledOnce(schema: JsonSchema): () => ValidateFunction {
  let compiled: ValidateFunction | null = null;
  return () => {
    compiled ??= schemas().compile(schema);
    return compiled;
  };
}

export function rowInput(row: AccessRow): RowInput {
  const queryOf = compiledOnce({
    type: 'object',
    additionalProperties: false,
    properties: row.query ?? {},
  });
  const { body: rule } = row;
  const bodyOf = rule === undefined ? null : compiledOnce(rule.schema);
  return {
    query: (raw) => {
      const validate = queryOf();
      if (!validate(raw)) throw refusal(validate, 'query parameter');
      return raw as Readonly<Record<string, string>>;
    },
    body: (bytes) => (rule === undefined || bodyOf === null ? {} : readBody(bytes, rule, bodyOf())),
  };
}

function readBody(bytes: Buffer | null, rule: BodyRule, validate: ValidateFunction): Json {
  if (bytes === null || bytes.length === 0) {
    if (rule.optional !== true) throw badRequest(refusalOf(rule.schema) ?? 'invalid json body');
    return {};
  }
  const value = parseObject(bytes);
  if (value === null) throw badRequest(refusalOf(rule.schema) ?? 'invalid json body');
  if (!validate(value)) throw refusal(validate, 'key');
  return value;
}

function parseObject(bytes: Buffer): Json | null {
  try {
    // Bytes that are no UTF-8 would become other text than was sent.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) && !isTooDeep(value) ? value : null;
  } catch {
    return null;
  }
}

function isTooDeep(value: Json): boolean {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return true;
    level = level.flatMap((item) =>
      Object.values(item).filter(
        (child: unknown): child is object => typeof child === 'object' && child !== null,
      ),
    );
  }
  return false;
}

function refusal(validate: ValidateFunction, what: string): GatewayError {
  const [error] = validate.errors ?? [];
  return badRequest(error === undefined ? 'bad request' : wordsFor(error, what));
}

function wordsFor(error: ErrorObject, what: string): string {
  const schema = isObject(error.parentSchema) ? error.parentSchema : {};
  const path = pathOf(error.instancePath);
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    const known = Object.keys(isObject(schema['properties']) ? schema['properties'] : {});
    const guess = didYouMean(key, known);
    const hint = guess === null ? '' : ` (did you mean ${guess}?)`;
    return `unknown ${what}: ${shorten([...path, key].join('.'))}${hint}`;
  }
  const missing = error.keyword === 'required' ? String(error.params['missingProperty']) : null;
  const own = missing === null ? schema : childSchema(schema, missing);
  const name = [...path, ...(missing === null ? [] : [missing])].join('.');
  const accepted = typeof own['accepted'] === 'string' ? `must be ${own['accepted']}` : (error.message ?? '');
  const words = missing === null ? accepted : 'is required';
  return refusalOf(own, error.keyword) ?? (name === '' ? `body ${words}` : `${shorten(name)} ${words}`);
}

function childSchema(schema: Json, key: string): Json {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const child = properties[key];
  return isObject(child) ? child : {};
}

/** @param keyword rule that was broken, for schemas that say different things of different rules */
function refusalOf(schema: JsonSchema, keyword = ''): string | null {
  const single = isObject(schema['refusals']) ? schema['refusals'][keyword] : null;
  if (typeof single === 'string') return single;
  return typeof schema['refusal'] === 'string' ? schema['refusal'] : null;
}

function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Keys come from outside: what is quoted of them is short and printable. */
function shorten(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, '?').slice(0, 100);
}
