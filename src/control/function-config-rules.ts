// What `PUT /_fn/function-config` takes, with the contract's texts (contract/control-plane.md 6.4). Keys that are not here are
// checked by the reader of fn.config.json itself, as is the whole file that comes out.

import type { JsonSchema } from './access-row.ts';

const positive = (name: string): JsonSchema => ({
  type: ['number', 'null'],
  exclusiveMinimum: 0,
  refusal: `${name} must be > 0`,
});
const bool = (name: string): JsonSchema => ({
  type: ['boolean', 'null'],
  refusal: `${name} must be true or false`,
});
const objectOrNull = (name: string): JsonSchema => ({
  type: ['object', 'null'],
  refusal: `${name} must be an object`,
});
const atLeast = (name: string, minimum: number): JsonSchema => ({
  type: 'number',
  minimum,
  refusal: `schedule.retry.${name} must be >= ${minimum}`,
});

const methodsText = 'methods must be of GET, POST, PUT, PATCH and DELETE';
const methods: JsonSchema = {
  type: ['array', 'string', 'null'],
  items: { type: 'string' },
  refusal: methodsText,
};
const routesText = 'invoke.routes must contain valid URL paths (absolute, non-reserved)';
const routes: JsonSchema = {
  type: ['array', 'string', 'null'],
  items: { type: ['string', 'null'], refusal: routesText },
  maxItems: 32,
  refusal: routesText,
};
const depsText = 'shared_deps must be an array of strings, a string, or null';
const sharedDeps: JsonSchema = {
  type: ['array', 'string', 'null'],
  items: { type: 'string', refusal: depsText },
  refusal: depsText,
};
const handlerText = 'invoke.handler must match ^[A-Za-z_][A-Za-z0-9_]*$';
const hostsText = 'invoke.allow_hosts must be an array of host strings or null';

const invoke: JsonSchema = {
  type: ['object', 'null'],
  refusal: 'invoke must be an object',
  properties: {
    methods,
    routes,
    route: routes,
    handler: {
      type: ['string', 'null'],
      pattern: '^\\s*([A-Za-z_][A-Za-z0-9_]*)?\\s*$',
      refusal: handlerText,
      refusals: { type: 'invoke.handler must be a string or null' },
    },
    allow_hosts: {
      type: ['array', 'null'],
      refusal: hostsText,
      items: {
        type: 'string',
        maxLength: 200,
        pattern: '^[^\\s/]*$',
        refusal: hostsText,
        refusals: {
          maxLength: 'invoke.allow_hosts host length must be <= 200',
          pattern: "invoke.allow_hosts host entries may not include spaces or '/'",
        },
      },
    },
  },
};

const edge: JsonSchema = {
  type: ['object', 'null'],
  refusal: 'edge must be an object',
  properties: {
    base_url: {
      type: ['string', 'null'],
      pattern: '\\S',
      refusal: 'edge.base_url must be a non-empty string',
    },
    allow_hosts: { type: ['array', 'null'], refusal: 'edge.allow_hosts must be an array' },
    max_response_bytes: positive('edge.max_response_bytes'),
  },
};

const retryText = 'schedule.retry must be a boolean, object, or null';
const retry: JsonSchema = {
  type: ['boolean', 'object', 'null'],
  refusal: retryText,
  refusals: { minProperties: 'schedule.retry must include at least one field' },
  minProperties: 1,
  properties: {
    max_attempts: atLeast('max_attempts', 1),
    base_delay_seconds: atLeast('base_delay_seconds', 0),
    max_delay_seconds: atLeast('max_delay_seconds', 0),
    jitter: atLeast('jitter', 0),
  },
};

const timezone: JsonSchema = {
  type: ['string', 'null'],
  pattern: '\\S',
  refusal: 'schedule.timezone must be non-empty when set',
};

const schedule: JsonSchema = {
  type: ['object', 'null'],
  refusal: 'schedule must be an object',
  properties: {
    every_seconds: positive('schedule.every_seconds'),
    cron: {
      type: ['string', 'null'],
      pattern: '\\S',
      refusal: 'schedule.cron must be a non-empty string',
      refusals: { type: 'schedule.cron must be a string or null' },
    },
    timezone,
    tz: timezone,
    method: {
      type: ['string', 'null'],
      pattern:
        '^(?:[Gg][Ee][Tt]|[Pp][Oo][Ss][Tt]|[Pp][Uu][Tt]|[Pp][Aa][Tt][Cc][Hh]|[Dd][Ee][Ll][Ee][Tt][Ee])$',
      refusal: 'schedule.method must be a valid HTTP method',
    },
    query: objectOrNull('schedule.query'),
    headers: objectOrNull('schedule.headers'),
    context: objectOrNull('schedule.context'),
    retry,
  },
};

export const configPatchSchema: JsonSchema = {
  type: 'object',
  properties: {
    group: {
      type: ['string', 'null'],
      maxLength: 80,
      refusal: 'group must be a string',
      refusals: { maxLength: 'group must be <= 80 chars' },
    },
    timeout_ms: positive('timeout_ms'),
    max_body_bytes: positive('max_body_bytes'),
    max_concurrency: { type: ['number', 'null'], minimum: 0, refusal: 'max_concurrency must be >= 0' },
    include_debug_headers: bool('include_debug_headers'),
    response: {
      ...objectOrNull('response'),
      properties: { include_debug_headers: bool('response.include_debug_headers') },
    },
    methods,
    routes,
    invoke,
    edge,
    schedule,
    shared_deps: sharedDeps,
    sharedDeps,
    deps: sharedDeps,
  },
};
