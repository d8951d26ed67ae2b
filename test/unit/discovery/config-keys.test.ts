// Every key of contract/config-cli.md 1, in each of its spellings, against the published schema: an editor that follows
// `$schema` and the gateway accept the same, and neither accepts a misspelled one in silence.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import fastfnSchema from '../../../src/config/schema/fastfn.schema.json' with { type: 'json' };
import { parseFunctionConfig } from '../../../src/discovery/function-config.ts';
import configSchema from '../../../src/discovery/schema/fn.config.schema.json' with { type: 'json' };
import envSchema from '../../../src/discovery/schema/fn.env.schema.json' with { type: 'json' };
import routesSchema from '../../../src/discovery/schema/fn.routes.schema.json' with { type: 'json' };

const retry = {
  enabled: true,
  max_attempts: 10,
  maxAttempts: 1,
  base_delay_seconds: 0,
  baseDelaySeconds: 3600,
  max_delay_seconds: 5,
  maxDelaySeconds: 5,
  jitter: 0.5,
};

/** Dotted key → values that must be accepted. */
const keys: Readonly<Record<string, readonly unknown[]>> = {
  $schema: ['./fn.config.schema.json'],
  runtime: ['node', 'python', 'php', 'lua', 'rust', 'go'],
  name: ['hello', 'team/hello'],
  entrypoint: ['src/app.js'],
  version: ['1.0.0'],
  group: ['shop'],
  timeout_ms: [1500, '1500'],
  max_concurrency: [0, 5, '7'],
  max_body_bytes: [1, '1024'],
  include_debug_headers: [true, false],
  'response.include_debug_headers': [true],
  strict_fs: [true, false],
  shared_deps: [[], ['pack']],
  'invoke.methods': [['GET', 'POST'], 'get,post', 'GET POST'],
  'invoke.route': ['/x', ['/x', '/y']],
  'invoke.routes': [['/x/{id}', '/y/*']],
  'invoke.allow_hosts': [['a.ex', '*.b.ex'], 'a.ex, b.ex', []],
  'invoke.handler': ['main'],
  'invoke.adapter': ['native', 'aws-lambda', 'cloudflare-worker'],
  'force-url': [true, false],
  force_url: [true],
  forceUrl: [true],
  'invoke.force-url': [true],
  'invoke.force_url': [true],
  'invoke.forceUrl': [true],
  'invoke.summary': ['What it does'],
  'invoke.query': [{ name: 'x' }],
  'invoke.body': ['x', { a: 1 }, 1],
  'invoke.content_type': ['application/json'],
  'invoke.default_method': ['POST'],
  home: [
    '/x',
    'x',
    { function: 'x' },
    { route: '/x' },
    { path: '/x' },
    { target: '/x' },
    { 'home-route': '/x' },
    { home_route: '/x' },
  ],
  'invoke.home': ['/x', { redirect: '/x' }, { url: 'https://x.example/' }, { location: '/x' }],
  'invoke.home-route': ['/x'],
  'invoke.home_route': ['/x'],
  'assets.directory': ['public'],
  'assets.not_found_handling': ['404', 'single-page-application', 'spa'],
  'assets.run_worker_first': [true],
  'zero_config.ignore_dirs': [['a'], 'a,b'],
  'discovery.ignore_dirs': [['a']],
  'routing.ignore_dirs': ['a'],
  zero_config_ignore_dirs: [['a'], 'a,b'],
  'edge.base_url': ['https://x.example'],
  'edge.allow_hosts': [['x.example'], []],
  'edge.allow_private': [true],
  'edge.max_response_bytes': [1000, '1000'],
  'schedule.enabled': [true],
  'schedule.every_seconds': [5, '5'],
  'schedule.cron': ['*/5 * * * *'],
  'schedule.timezone': ['Europe/Berlin'],
  'schedule.tz': ['UTC'],
  'schedule.method': ['POST'],
  'schedule.query': [{ a: '1' }],
  'schedule.headers': [{ a: '1' }],
  'schedule.body': ['x'],
  'schedule.context': [{ a: 1 }],
  'schedule.retry': [true, false, retry],
  'keep_warm.enabled': [true],
  'keep_warm.min_warm': [1],
  'keep_warm.ping_every_seconds': [45],
  'keep_warm.idle_ttl_seconds': [300],
  'worker_pool.enabled': [false],
  'worker_pool.min_warm': [0],
  'worker_pool.max_workers': [3, '3'],
  'worker_pool.max_queue': [0],
  'worker_pool.idle_ttl_seconds': [300],
  'worker_pool.queue_timeout_ms': [0],
  'worker_pool.queue_poll_ms': [20],
  'worker_pool.overflow_status': [429, 503],
};

const documentOf = (key: string, value: unknown): object =>
  key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as object;
const faultsOf = (document: object) =>
  parseFunctionConfig(JSON.stringify(document), 'f/fn.config.json').faults;

describe('fn.config.json: every key of the contract', () => {
  for (const [key, values] of Object.entries(keys)) {
    it(`${key} is known`, () => {
      for (const value of values)
        assert.deepEqual(faultsOf(documentOf(key, value)), [], JSON.stringify(value));
    });
  }

  it('a letter too many makes any of them an unknown key, with a guess and a line', () => {
    for (const [key, [value]] of Object.entries(keys)) {
      if (key === '$schema') continue;
      const [fault, ...more] = faultsOf(documentOf(`${key}x`, value));
      assert.deepEqual([fault?.key, fault?.severity, more], [`${key}x`, 'warning', []], key);
      assert.equal(fault?.line, 1);
    }
  });
});

describe('schemas for editors', () => {
  const schemas = { fastfnSchema, configSchema, envSchema, routesSchema };
  for (const [name, schema] of Object.entries(schemas)) {
    it(`${name} is strict draft-07, but for our word on what is accepted`, () => {
      const ajv = new Ajv({ strict: true, allowUnionTypes: true, validateSchema: true });
      ajv.addKeyword('accepted');
      assert.ok(ajv.compile(schema));
      assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#');
    });
  }
});
