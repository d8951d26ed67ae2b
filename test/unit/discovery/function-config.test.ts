import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFunctionConfig } from '../../../src/discovery/function-config.ts';
import schema from '../../../src/discovery/schema/fn.config.schema.json' with { type: 'json' };
import { ask, scanTree, unitAt } from './tree-fixture.ts';

function parse(value: unknown) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1);
  return parseFunctionConfig(text, 'f/fn.config.json');
}

function faultsOf(value: unknown): string[] {
  return parse(value).faults.map(
    (fault) => `${fault.severity} ${fault.key}:${fault.line ?? '-'} ${fault.found}`,
  );
}

describe('fn.config.json: policy', () => {
  it('reads numbers and numeric texts, floored', () => {
    const { config, faults } = parse({ timeout_ms: '1500', max_concurrency: 0, max_body_bytes: 10.9 });
    assert.deepEqual(faults, []);
    assert.deepEqual(config?.policy, { timeoutMs: 1500, maxConcurrency: 0, maxBodyBytes: 10 });
  });

  it('a bad number is a fault with its line, and not used', () => {
    assert.deepEqual(faultsOf('{\n"timeout_ms": -5,\n"max_concurrency": "many",\n"max_body_bytes": null}'), [
      'error timeout_ms:2 -5',
      'error max_concurrency:3 "many"',
      'error max_body_bytes:4 null',
    ]);
    assert.deepEqual(parse({ timeout_ms: 'abc' }).config?.policy, {});
    assert.deepEqual(faultsOf({ timeout_ms: 0.5 }), ['error timeout_ms:2 0.5']);
  });

  it('a number beyond the bound is lowered, with a warning', () => {
    assert.equal(parse({ timeout_ms: 1e12 }).config?.policy.timeoutMs, 3_600_000);
    assert.deepEqual(faultsOf({ timeout_ms: 1e12 }), ['warning timeout_ms:2 1000000000000']);
  });

  it('an unknown key is a warning that guesses what was meant', () => {
    const [fault] = parse({ timeot_ms: 1 }).faults;
    assert.equal(fault?.severity, 'warning');
    assert.match(fault?.accepted ?? '', /timeout_ms/);
    assert.deepEqual(parse({ $schema: './x.json', version: '1.0.0' }).faults, []);
  });

  it('reads what bounds a stream, each within its bound', () => {
    const { config, faults } = parse({ stream: { idle_ms: '500', max_ms: 1e15 } });
    assert.deepEqual(config?.policy, { streamIdleMs: 500, streamMaxMs: 86_400_000 });
    assert.deepEqual(
      faults.map(({ key, severity }) => [key, severity]),
      [['stream.max_ms', 'warning']],
    );
    assert.deepEqual(faultsOf({ stream: { idle_ms: 0 } }), ['error stream.idle_ms:3 0']);
    assert.deepEqual(faultsOf({ stream: 5 }), ['error stream:2 5']);
  });

  it('a body mode is a word of two', () => {
    assert.deepEqual(parse({ invoke: { body_mode: 'stream' } }).config?.handler, {
      bodyMode: 'stream',
      adapter: 'native',
    });
    assert.deepEqual(faultsOf({ invoke: { body_mode: 'chunks' } }), ['error invoke.body_mode:3 "chunks"']);
  });

  it('a language that cannot read a stream is told so, and gets whole bodies', async (t) => {
    const config = '{"runtime": "RUNTIME", "invoke": {"body_mode": "stream"}}';
    const tree = {
      'a/handler.php': '',
      'a/fn.config.json': config.replace('RUNTIME', 'php'),
      'b/handler.py': '',
      'b/fn.config.json': config.replace('RUNTIME', 'python'),
    };
    const catalog = await scanTree(t, tree, { runtimes: ['php', 'python'] });
    assert.deepEqual(
      catalog.faults.map(({ file, key, severity }) => [file, key, severity]),
      [['a/fn.config.json', 'invoke.body_mode', 'error']],
    );
    assert.equal(catalog.functions.get('php/a@default')?.policy.bodyMode, 'buffer');
    assert.equal(catalog.functions.get('python/b@default')?.policy.bodyMode, 'stream');
  });

  it('reads a worker pool whole', () => {
    const block = {
      enabled: false,
      max_workers: '1',
      max_queue: 5,
      overflow_status: 503,
      idle_ttl_seconds: 0,
    };
    const { config, faults } = parse({ worker_pool: block });
    assert.deepEqual(config?.policy.workerPool, {
      enabled: false,
      maxWorkers: 1,
      maxQueue: 5,
      overflowStatus: 503,
    });
    assert.deepEqual(
      faults.map((fault) => fault.key),
      ['worker_pool.idle_ttl_seconds'],
    );
    assert.equal(
      parse({ worker_pool: { overflow_status: 418 } }).config?.policy.workerPool?.overflowStatus,
      undefined,
    );
  });

  it('a host list that cannot be read lets nobody in, an absent or empty one everybody', () => {
    const hosts = (value: unknown) =>
      parse({ invoke: { allow_hosts: value }, group: 'g' }).config?.policy.allowHosts;
    assert.deepEqual(hosts(['https://a.com']), []);
    assert.deepEqual(hosts(5), []);
    assert.deepEqual(hosts([5, 'A.com ', '*.b.com:80']), ['a.com', '*.b.com']);
    assert.deepEqual(hosts('a.com, b.com'), ['a.com', 'b.com']);
    assert.equal(hosts([]), undefined);
    assert.equal(hosts(undefined), undefined);
    assert.equal(parse({ invoke: { allow_hosts: ['*'] } }).faults.length, 1);
  });

  it('methods: unknown words are dropped, and a list of unknown words is not used', () => {
    assert.deepEqual(parse({ invoke: { methods: ['get', 'TRACE'] } }).config?.policy.methods, ['GET']);
    assert.equal(parse({ invoke: { methods: 'TRACE' } }).config?.policy.methods, undefined);
    assert.deepEqual(faultsOf({ invoke: { methods: 'TRACE' } }), ['error invoke.methods:3 "TRACE"']);
  });

  it('a rate limit that cannot be read is a limit all the same', () => {
    const limit = (value: unknown) => parse({ rate_limit: value }).config?.policy.rateLimit;
    assert.deepEqual(limit({ max: '10', window_seconds: 5 }), { max: 10, windowSeconds: 5 });
    assert.deepEqual(limit({ max: -1, window_seconds: 5 }), { max: 60, windowSeconds: 5 });
    assert.deepEqual(limit('lots'), { max: 60, windowSeconds: 60 });
    assert.deepEqual(faultsOf({ rate_limit: {} }), ['error rate_limit.max:- nothing']);
  });

  it('debug headers count in either place', () => {
    assert.equal(
      parse({ response: { include_debug_headers: true } }).config?.policy.includeDebugHeaders,
      true,
    );
    assert.equal(parse({ include_debug_headers: 'yes' }).config?.policy.includeDebugHeaders, undefined);
  });
});

describe('fn.config.json: identity and handler', () => {
  it('tells a named function from an overlay', () => {
    const identity = (value: unknown) => parse(value).config?.identity;
    assert.deepEqual(identity({ runtime: 'node' }), { runtime: 'node', name: null });
    assert.deepEqual(identity({ name: ' a/b ' }), { runtime: null, name: 'a/b' });
    assert.deepEqual(identity({ entrypoint: 'x.js' }), { runtime: null, name: null });
    assert.deepEqual(identity({ runtime: 'cobol' }), { runtime: null, name: null });
    assert.deepEqual(identity({ name: '../x' }), { runtime: null, name: null });
    assert.deepEqual(identity({ invoke: { routes: ['/x'] } }), { runtime: null, name: null });
    assert.equal(identity({ invoke: { route: '/x' } }), null);
    assert.equal(identity({ name: '', timeout_ms: 5 }), null);
  });

  it('collects routes from both keys, each once', () => {
    const { config, faults } = parse({ invoke: { route: '/a/', routes: ['/a', '//b/{id}', 'c', '/'] } });
    assert.deepEqual(config?.routes, ['/a', '/b/:id']);
    assert.deepEqual(
      faults.map((fault) => fault.key),
      ['invoke.routes.2', 'invoke.routes.3'],
    );
  });

  it('reads the names of shared packs, and refuses calls where one could be a path', () => {
    assert.deepEqual(parse({ shared_deps: ['a', 'b_1', 'a'] }).config?.handler.sharedDeps, ['a', 'b_1']);
    for (const bad of ['../x', 'a/b', '', 'a.b']) {
      const { config, faults } = parse({ shared_deps: ['ok', bad] });
      assert.match(config?.refused ?? '', /^shared_deps must be names/);
      assert.deepEqual(
        faults.map(({ key }) => key),
        ['shared_deps.1'],
      );
    }
    assert.match(parse({ shared_deps: Array(51).fill('p') }).config?.refused ?? '', /^shared_deps/);
  });

  it('knows the adapters by all their names, and refuses calls for an unknown one', () => {
    const adapter = (value: unknown) => parse({ invoke: { adapter: value } }).config;
    assert.equal(adapter(' Lambda ')?.handler.adapter, 'aws-lambda');
    assert.equal(adapter('workers')?.handler.adapter, 'cloudflare-worker');
    assert.equal(adapter('none')?.handler.adapter, 'native');
    assert.equal(adapter('azure')?.refused, 'invoke.adapter unsupported: azure');
    assert.equal(
      parse({ invoke: { handler: 'a-b' } }).config?.refused,
      'invoke.handler must be a valid identifier',
    );
    assert.equal(parse({ invoke: { handler: '$main' } }).config?.handler.handler, '$main');
  });

  it('reads force-url in each spelling and place, and only a literal true', () => {
    for (const key of ['force-url', 'force_url', 'forceUrl']) {
      assert.equal(parse({ [key]: true }).config?.forced, true);
      assert.equal(parse({ invoke: { [key]: true } }).config?.forced, true);
      assert.equal(parse({ [key]: 'true' }).config?.forced, false);
    }
  });

  it('accepts every key of the contract without a word', () => {
    const retry = { enabled: true, maxAttempts: 3, base_delay_seconds: 1, jitter: 0.1 };
    const schedule = {
      enabled: true,
      cron: '@daily',
      tz: 'Z',
      method: 'GET',
      query: {},
      headers: {},
      body: 'x',
      retry,
    };
    const value = {
      ...{
        schedule,
        edge: { base_url: 'https://x', allow_hosts: [], allow_private: false, max_response_bytes: '5' },
      },
      ...{
        keep_warm: { enabled: true, min_warm: 1 },
        shared_deps: ['p'],
        strict_fs: true,
        home: { redirect: '/x' },
      },
      ...{ assets: { directory: 'public', not_found_handling: 'spa', run_worker_first: true } },
      invoke: {
        summary: 's',
        query: {},
        body: 1,
        content_type: 'a/b',
        default_method: 'GET',
        'home-route': 'x',
      },
    };
    assert.deepEqual(parse(value).faults, []);
  });
});

describe('fn.config.json: files that cannot be read', () => {
  it('says the line of a syntax error', () => {
    const { config, faults } = parse('{\n "timeout_ms": 5,\n}');
    assert.equal(config, null);
    assert.deepEqual([faults[0]?.line, faults[0]?.severity, faults[0]?.key], [3, 'error', '']);
  });

  it('takes nothing from a list, a text, an empty file, or one too deep', () => {
    for (const text of [
      '[]',
      '"x"',
      '',
      'null',
      `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
      '['.repeat(200_000),
    ]) {
      assert.equal(parse(text).config, null);
      assert.equal(parse(text).faults.length, 1);
    }
    assert.deepEqual(parse('{}'), { config: null, faults: [] });
    assert.equal(parse('\uFEFF{"timeout_ms":5}').config?.policy.timeoutMs, 5);
  });

  it('the function is served with defaults, and the fault is in the catalog', async (t) => {
    const catalog = await scanTree(t, { 'f/handler.js': '', 'f/fn.config.json': '{"timeout_ms": 1,,}' });
    assert.equal(ask(catalog, 'GET /f'), 'f/handler.js');
    assert.equal(unitAt(catalog, 'f/handler.js').policy.timeoutMs, 2500);
    assert.deepEqual(
      catalog.faults.map((fault) => [fault.file, fault.line]),
      [['f/fn.config.json', 1]],
    );
  });

  it('the schema describes every field', () => {
    const bare = Object.entries(schema.properties).filter(([, field]) => !('description' in field));
    assert.deepEqual(bare, []);
  });
});
