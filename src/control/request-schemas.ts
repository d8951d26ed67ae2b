// What the endpoints take: a schema for every body and for every key of a query. A value that does not fit is 400 with the
// contract's text where it has one, else with one that names the field.

import type { BodyRule, JsonSchema } from './access-row.ts';
import { changeableFlags } from './control-flags.ts';
import { configPatchSchema } from './function-config-rules.ts';
import { maxCodeBytes } from './function-view.ts';

type Properties = Readonly<Record<string, JsonSchema>>;

const text = (maxLength: number): JsonSchema => ({
  type: 'string',
  maxLength,
  accepted: `one text of at most ${maxLength} characters`,
});

function object(properties: Properties, required: readonly string[] = []): JsonSchema {
  return { type: 'object', additionalProperties: false, properties, required };
}

const target = { runtime: text(300), name: text(300), version: text(300) };

export const queries = {
  target,
  function: { ...target, include_code: text(16) },
  file: { ...target, path: text(1024) },
  health: { ready: text(16) },
  lines: { lines: { type: 'string', pattern: '^[1-9][0-9]{0,3}$', accepted: 'a number from 1 to 9999' } },
} as const satisfies Record<string, Properties>;

const smallBody = 131_072;

const credentialsMissing = 'username and password are required';
const flag = (name: string): JsonSchema => ({ type: 'boolean', refusal: `${name} must be boolean` });
/** Known, so that the refusal can say more than "unknown". */
const fixed = (name: string): JsonSchema => ({ not: {}, refusal: `${name} cannot be changed here` });

/** Of bodies that hold code or files. */
const largeBody = 4 * 1_048_576;
const strings = (name: string): JsonSchema => ({
  type: ['array', 'string', 'null'],
  items: { type: 'string', accepted: 'a text' },
  accepted: `a list of texts: ${name}`,
});
/** Said of what is no object at all; a key of its own has its own text. */
const jsonBody = 'invalid json body';

export const bodies = {
  create: {
    maxBytes: largeBody,
    optional: true,
    schema: {
      ...object({
        methods: strings('methods'),
        summary: text(500),
        query_example: { type: ['object', 'null'], accepted: 'an object' },
        body_example: {},
        route: strings('routes'),
        routes: strings('routes'),
        code: { type: 'string', refusal: 'code must be a string' },
        filename: { type: 'string', maxLength: 255, refusal: 'invalid filename for runtime' },
      }),
      refusal: jsonBody,
    },
  },
  config: { maxBytes: smallBody, schema: { ...configPatchSchema, refusal: jsonBody } },
  env: { maxBytes: largeBody, schema: { type: 'object', refusal: jsonBody } },
  code: {
    maxBytes: largeBody,
    schema: {
      ...object(
        {
          code: {
            type: 'string',
            maxLength: maxCodeBytes,
            refusal: 'code must be a string',
            refusals: { maxLength: 'code exceeds maximum size' },
          },
        },
        ['code'],
      ),
      refusal: jsonBody,
    },
  },
  file: {
    maxBytes: largeBody,
    schema: {
      ...object({
        path: { type: 'string', maxLength: 1024, refusal: 'path required' },
        content: { type: 'string', refusal: 'content required' },
        content_base64: {
          type: 'string',
          pattern: '^[A-Za-z0-9+/]*={0,2}$',
          refusal: 'content_base64 must be base64',
        },
      }),
      refusal: 'path and content required in JSON body',
    },
  },
  login: {
    maxBytes: smallBody,
    schema: object(
      {
        username: { type: 'string', minLength: 1, maxLength: 200, refusal: credentialsMissing },
        password: { type: 'string', maxLength: 1024, refusal: credentialsMissing },
      },
      ['username', 'password'],
    ),
  },
  uiState: {
    maxBytes: smallBody,
    schema: object({
      ...Object.fromEntries(changeableFlags.map((name) => [name, flag(name)])),
      api_enabled: fixed('api_enabled'),
      admin_api_enabled: fixed('admin_api_enabled'),
    }),
  },
} as const satisfies Record<string, BodyRule>;
