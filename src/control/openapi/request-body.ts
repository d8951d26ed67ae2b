// The body of an operation: by its function's schema, else by its example, else anything.

import type { FunctionDocs } from '../../discovery/function-docs.ts';
import { fitsInput } from '../../invocation/input-check.ts';
import type { OperationFacts } from './operation-facts.ts';
import { type Json, nameKey } from './schema-parts.ts';

const jsonType = 'application/json';

export function requestBody(facts: OperationFacts): Json {
  const { unit, method, docs, names } = facts;
  const name = names.get(nameKey(unit, 'body'));
  if (name !== undefined) {
    const example = exampleOf(docs);
    const shown = example?.json === true && fitsInput(unit, 'body', example.value);
    const schema = { $ref: `#/components/schemas/${name}` };
    const content = { schema, ...(shown ? { example: example.value } : {}) };
    return { required: method !== 'DELETE', content: { [jsonType]: content } };
  }
  const example = exampleOf(docs);
  if (example === null)
    return { required: false, content: { [docs.contentType ?? jsonType]: anything(docs) } };
  const { type, value } = example;
  return { required: false, content: { [type]: { schema: schemaOf(value, example.json), example: value } } };
}

interface BodyExample {
  readonly type: string;
  readonly json: boolean;
  readonly value: unknown;
}

/** An example that is not what its type says is none. */
function exampleOf({ body, contentType }: FunctionDocs): BodyExample | null {
  if (body === undefined) return null;
  if (contentType !== undefined && !isJson(contentType))
    return { type: contentType, json: false, value: typeof body === 'string' ? body : JSON.stringify(body) };
  const type = contentType ?? jsonType;
  if (typeof body !== 'string') return { type, json: true, value: body };
  try {
    return { type, json: true, value: JSON.parse(body) };
  } catch {
    return contentType === undefined ? { type: 'text/plain', json: false, value: body } : null;
  }
}

function isJson(type: string): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/.test(type);
}

function schemaOf(value: unknown, isJsonValue: boolean): Json {
  if (!isJsonValue) return { type: 'string' };
  if (Array.isArray(value)) return { type: 'array', items: {} };
  if (value === null) return { type: 'null' };
  if (typeof value === 'object') return { type: 'object', additionalProperties: true };
  return { type: typeof value };
}

function anything({ contentType }: FunctionDocs): Json {
  if (contentType !== undefined && !isJson(contentType)) return { schema: { type: 'string' } };
  const types = ['object', 'array', 'string', 'number', 'boolean', 'null'];
  return {
    schema: {
      oneOf: types.map((type) =>
        type === 'array'
          ? { type, items: {} }
          : { type, ...(type === 'object' ? { additionalProperties: true } : {}) },
      ),
    },
    examples: { object: { value: { key: 'value' } }, text: { value: 'text' } },
  };
}
