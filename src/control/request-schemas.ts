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
  secret: { key: text(200) },
  logs: {
    file: text(20),
    lines: text(20),
    format: { enum: ['text', 'json'], refusal: 'invalid format' },
    stream: text(20),
    runtime: text(300),
    fn: text(300),
    function: text(300),
    version: text(300),
    level: text(20),
    request_id: text(200),
    since: text(40),
    follow: { enum: ['0', '1'], refusal: 'invalid follow' },
  },
  lines: { lines: { type: 'string', pattern: '^[1-9][0-9]{0,3}$', accepted: 'a number from 1 to 9999' } },
} as const satisfies Record<string, Properties>;

const smallBody = 131_072;

const secretMissing = 'invalid json body: require key/value';
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

const headerText = {
  type: ['string', 'number', 'boolean'],
  pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$',
} as const;
const headersRefusal = 'headers must be a JSON object of texts or lists of texts';
const headerObject: JsonSchema = {
  type: ['object', 'null'],
  maxProperties: 200,
  propertyNames: { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", refusal: headersRefusal },
  additionalProperties: {
    anyOf: [headerText, { type: 'array', items: headerText }],
    refusal: headersRefusal,
  },
  refusal: headersRefusal,
};

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
  invoke: {
    maxBytes: largeBody,
    schema: {
      ...object(
        {
          name: { type: 'string', minLength: 1, maxLength: 300, refusal: 'name is required' },
          runtime: {
            type: ['string', 'null'],
            minLength: 1,
            maxLength: 300,
            refusal: 'runtime must be a non-empty string',
          },
          version: { type: ['string', 'null'], maxLength: 300, refusal: 'invalid version' },
          method: { type: ['string', 'null'], maxLength: 20, refusal: 'unsupported method' },
          route: {
            type: ['string', 'null'],
            maxLength: 2048,
            refusal: 'route must be a string when provided',
            refusals: { maxLength: 'invalid route' },
          },
          params: {
            type: ['object', 'null'],
            propertyNames: { minLength: 1, refusal: 'params keys must be non-empty strings' },
            refusal: 'params must be a JSON object',
          },
          query: { type: ['object', 'null'], maxProperties: 1000, refusal: 'query must be a JSON object' },
          headers: headerObject,
          body: {},
          body_base64: {
            type: ['string', 'null'],
            pattern: '^[A-Za-z0-9+/]*={0,2}$',
            refusal: 'body_base64 must be base64',
          },
          context: { type: ['object', 'null'], refusal: 'context must be an object' },
          dry_run: { type: 'boolean', refusal: 'dry_run must be a boolean' },
        },
        ['name'],
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
  secret: {
    maxBytes: smallBody,
    schema: {
      ...object(
        {
          key: { type: 'string', refusal: secretMissing },
          value: { type: 'string', refusal: secretMissing },
        },
        ['key', 'value'],
      ),
      refusal: secretMissing,
    },
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
