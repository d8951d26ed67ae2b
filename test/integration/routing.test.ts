// The routing contract end to end: real files, real workers, requests as sent on the wire (contract/routing.md).
import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { echoJs, echoPy, echoTree, makeTree, removeTree, writeTree } from './support/tree.ts';

interface Row {
  readonly request: string;
  readonly status: number;
  /** File whose handler must have answered. */
  readonly file?: string;
  readonly params?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly allow?: string;
  readonly error?: string;
}

async function check(gateway: TestGateway, row: Row): Promise<void> {
  const [method = 'GET', target = '/'] = row.request.split(' ');
  const answer = await ask(gateway.url, target, { method, headers: row.headers ?? {} });
  assert.equal(answer.status, row.status, `${row.request}: ${answer.text}`);
  if (row.file !== undefined) assert.equal(answer.json().file, row.file);
  if (row.params !== undefined) assert.deepEqual(answer.json().event.params, row.params);
  if (row.allow !== undefined) assert.equal(answer.headers.allow, row.allow);
  if (row.error !== undefined) assert.equal(answer.json().error, row.error);
}

describe('routing: the tree of the contract', () => {
  const files = [
    'get.items.js',
    'post.items.js',
    'get.items.[id].js',
    'delete.items.[id].js',
    'users/index.js',
    'users/[id].js',
    'users/settings.js',
    'blog/[...slug].js',
    'docs/[[...slug]].js',
    'orders/get.py',
    'orders/post.py',
    'orders/[id]/put.py',
    '_hidden.js',
    'get.post.multi.js',
    'get.clash.js',
    'get.clash.py',
    'post.clash.js',
    'lib/_x.js',
    'console/a.js',
    'shop/handler.js',
    'shop/core.js',
    'shop/admin/get.health.js',
    'my_route.js',
    'hi/handler.js',
    'hi/v2/handler.js',
    '.eslintrc.js',
    'jest.config.js',
    '_lib/db.js',
    'a/b/c/d/e/f/g/index.js',
  ];
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(echoTree(...files));
  });
  after(() => gateway.close());

  const rows: readonly Row[] = [
    { request: 'GET /items', status: 200, file: 'get.items.js' },
    { request: 'POST /items', status: 200, file: 'post.items.js' },
    { request: 'PUT /items', status: 405, error: 'method not allowed', allow: 'GET, POST' },
    { request: 'GET /items/7', status: 200, file: 'get.items.[id].js', params: { id: '7' } },
    { request: 'DELETE /items/7/', status: 200, file: 'delete.items.[id].js' },
    { request: 'GET /items/', status: 200, file: 'get.items.js' },
    { request: 'GET /users', status: 200, file: 'users/index.js' },
    { request: 'GET /users/settings', status: 200, file: 'users/[id].js', params: { id: 'settings' } },
    { request: 'GET /blog', status: 404, error: 'not found' },
    { request: 'GET /blog/a/b', status: 200, params: { slug: 'a/b' } },
    { request: 'GET /docs', status: 200, file: 'docs/[[...slug]].js', params: {} },
    { request: 'GET /docs/x/y', status: 200, params: { slug: 'x/y' } },
    { request: 'PUT /orders/9', status: 200, file: 'orders/[id]/put.py', params: { id: '9' } },
    { request: 'GET /hidden', status: 404 },
    { request: 'GET /lib/x', status: 404 },
    { request: 'GET /lib/db', status: 404 },
    { request: 'GET /post/multi', status: 404 },
    { request: 'GET /multi', status: 404 },
    { request: 'GET /clash', status: 409, error: 'ambiguous function' },
    { request: 'POST /clash', status: 200, file: 'post.clash.js' },
    { request: 'GET /console/a', status: 404, error: 'console ui disabled' },
    { request: 'GET /shop', status: 200, file: 'shop/handler.js' },
    { request: 'GET /shop/core', status: 404 },
    { request: 'GET /shop/admin/health', status: 200, file: 'shop/admin/get.health.js' },
    { request: 'GET /my-route', status: 200 },
    { request: 'GET /my_route', status: 404 },
    { request: 'GET /My-Route', status: 404 },
    { request: 'HEAD /items', status: 200 },
    { request: 'OPTIONS /items', status: 204 },
    { request: 'GET /users/a+b', status: 200, params: { id: 'a+b' } },
    { request: 'GET /users/a%2Fb', status: 200, params: { id: 'a/b' } },
    { request: 'GET /users/%2541', status: 200, params: { id: '%41' } },
    { request: 'GET /users/%zz', status: 400 },
    { request: 'GET /users/%00', status: 400 },
    { request: 'GET /hi@v2', status: 200, file: 'hi/v2/handler.js' },
    { request: 'GET /hi@v9', status: 404 },
    { request: 'GET /hi/v2', status: 200, file: 'hi/v2/handler.js' },
    { request: 'GET /eslintrc', status: 404 },
    { request: 'GET /jest/config', status: 404 },
    { request: 'GET /a/b/c/d/e/f/g', status: 404 },
    { request: 'GET /users/../items', status: 200, file: 'get.items.js' },
    { request: 'GET //items', status: 200, file: 'get.items.js' },
    { request: 'GET /../etc/passwd', status: 400 },
    { request: 'PROPFIND /items', status: 405 },
    { request: 'GET /fastfn.json', status: 404, error: 'not found' },
    { request: 'GET /FastFN.TOML', status: 404, error: 'not found' },
    { request: 'GET /_fn/nope', status: 404 },
    { request: 'GET /%5ffn/nope', status: 404 },
  ];
  for (const row of rows) {
    test(`${row.request} → ${row.status} ${row.file ?? ''}`, () => check(gateway, row));
  }

  test('health tells what is wrong with the tree, and why files are private', async () => {
    const { warnings } = (await ask(gateway.url, '/_fn/health')).json();
    const codes = (level?: string) =>
      warnings
        .filter((warning: { level?: string }) => warning.level === level)
        .map((warning: { code: string; file: string }) => `${warning.code} ${warning.file}`)
        .sort();
    assert.deepEqual(codes(), [
      'ambiguous_method get.post.multi.js',
      'reserved_route console/a.js',
      'route_conflict get.clash.js',
      'too_deep a/b/c/d/e/f/g',
      'tool_file jest.config.js',
    ]);
    assert.ok(codes('info').includes('private_file users/settings.js'), codes('info').join());
  });

  test('a query of more pairs than the limit is refused, not cut', async () => {
    const pairs = (count: number) => Array.from({ length: count }, (_, index) => `a${index}`).join('&');
    assert.equal((await ask(gateway.url, `/items?${pairs(1001)}`)).status, 400);
    const answer = await ask(gateway.url, `/items?${pairs(1000)}`);
    assert.equal(Object.keys(answer.json().event.query).length, 1000);
  });

  test('HEAD answers with the headers of GET and no body', async () => {
    const answer = await ask(gateway.url, '/items', { method: 'HEAD' });
    assert.equal(answer.bytes.length, 0);
    assert.equal(answer.headers['content-type'], 'application/json');
  });

  test('the query arrives as the contract shapes it', async () => {
    const answer = await ask(gateway.url, '/items?a=1&a=2&b&c=&__fnctx=eyJpZCI6IngifQ==&p=x+y%20z');
    assert.deepEqual(answer.json().event.query, { a: ['1', '2'], b: true, c: '', p: 'x y z' });
    assert.equal(answer.json().event.context.user ?? null, null);
  });
});

describe('routing: runtime-grouped folders, versions, hosts and manifests', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'node/hello/handler.js': echoJs('node/hello'),
      'node/solo/handler.js': echoJs('node/solo'),
      'node/solo/v2/handler.js': echoJs('node/solo/v2'),
      'python/hello/handler.py': echoPy('python/hello'),
      'python/hello/v2/handler.py': echoPy('python/hello/v2'),
      'node/node_modules/pkg/index.js': echoJs('pkg'),
      'node/team/deep/handler.js': echoJs('node/team/deep'),
      'node/team/deep/v3/handler.js': echoJs('node/team/deep/v3'),
      'sub/fn.routes.json': JSON.stringify({ routes: { 'GET /m': 'h.js' } }),
      'sub/h.js': echoJs('sub/h.js'),
      'one/fn.config.json': JSON.stringify({
        name: 'one',
        runtime: 'node',
        invoke: { routes: ['/site'], allow_hosts: ['a.ex'] },
      }),
      'one/handler.js': echoJs('one'),
      'two/fn.config.json': JSON.stringify({
        name: 'two',
        runtime: 'node',
        invoke: { routes: ['/site'], allow_hosts: ['b.ex'] },
      }),
      'two/handler.js': echoJs('two'),
      'bad/fn.config.json': JSON.stringify({ invoke: { allow_hosts: ['https://a.ex'] } }),
      'bad/get.js': echoJs('bad'),
      'p/get.js': echoJs('p/get.js'),
      'policy/fn.config.json': JSON.stringify({
        runtime: 'node',
        name: 'policy',
        invoke: { routes: ['/p'], methods: ['GET', 'POST'] },
      }),
      'policy/handler.js': echoJs('policy'),
      'brace/fn.config.json': JSON.stringify({
        runtime: 'node',
        name: 'brace',
        invoke: { routes: ['/brace/{id}'] },
      }),
      'brace/handler.js': echoJs('brace'),
    });
  });
  after(() => gateway.close());

  const rows: readonly Row[] = [
    { request: 'GET /hello', status: 409 },
    { request: 'GET /hello/z', status: 409 },
    { request: 'GET /hello@v2', status: 200, file: 'python/hello/v2' },
    { request: 'GET /hello@v9', status: 404 },
    { request: 'POST /hello@v2', status: 405, allow: 'GET' },
    { request: 'POST /hello', status: 405, allow: 'GET' },
    { request: 'GET /solo/z', status: 200, file: 'node/solo', params: { wildcard: 'z' } },
    { request: 'POST /solo', status: 405 },
    { request: 'GET /solo@v2', status: 200, file: 'node/solo/v2' },
    { request: 'GET /team/deep@v3', status: 200, file: 'node/team/deep/v3' },
    { request: 'GET /node-modules/pkg', status: 404 },
    { request: 'GET /m', status: 200, file: 'sub/h.js' },
    { request: 'GET /sub/m', status: 404 },
    { request: 'GET /site', status: 200, file: 'one', headers: { host: 'a.ex' } },
    { request: 'GET /site', status: 200, file: 'two', headers: { host: 'B.ex:8080' } },
    { request: 'GET /site', status: 421, error: 'host not allowed', headers: { host: 'c.ex' } },
    { request: 'GET /site', status: 421, headers: { host: 'c.ex', 'x-forwarded-host': 'a.ex' } },
    { request: 'GET /bad', status: 421 },
    { request: 'GET /p', status: 200, file: 'p/get.js' },
    { request: 'POST /p', status: 200, file: 'policy' },
    { request: 'GET /brace/7', status: 200, file: 'brace', params: { id: '7' } },
  ];
  for (const row of rows) {
    const host = row.headers === undefined ? '' : ` with ${JSON.stringify(row.headers)}`;
    test(`${row.request}${host} → ${row.status}`, () => check(gateway, row));
  }
});

test('routing: routes of one shape are a conflict, and a host list that cannot be read is a fault', async () => {
  const gateway = await startTestGateway({
    ...echoTree('users/[id].js', 'users/[slug].py', 'bad/get.js'),
    'bad/fn.config.json': JSON.stringify({ invoke: { allow_hosts: ['https://a.ex'] } }),
  });
  try {
    await check(gateway, { request: 'GET /users/1', status: 409, error: 'ambiguous function' });
    await check(gateway, { request: 'GET /bad', status: 421, headers: { host: 'a.ex' } });
    const { warnings, faults } = (await ask(gateway.url, '/_fn/health')).json();
    assert.ok(warnings.some((one: { code: string }) => one.code === 'route_conflict'));
    assert.ok(faults.some((one: { key: string }) => one.key === 'invoke.allow_hosts'));
    const [conflict] = (await ask(gateway.url, '/_fn/catalog')).json().conflicts;
    const sources = conflict.claimants.map(({ source }: { source: string }) => source);
    assert.deepEqual([conflict.route, ...sources], ['/users/:id', 'users/[id].js', 'users/[slug].py']);
  } finally {
    await gateway.close();
  }
});

test('routing: the variables of discovery have their effect', async () => {
  const tree = {
    'node/a/b/c/d/handler.js': echoJs('deep'),
    'skipped/get.x.js': echoJs('x'),
    'p.js': echoJs('file'),
    'policy/fn.config.json': JSON.stringify({ runtime: 'node', invoke: { routes: ['/p'] } }),
    'policy/handler.js': echoJs('policy'),
    'get.other.py': echoPy('py'),
  };
  const gateway = await startTestGateway(tree, {
    FN_NAMESPACE_DEPTH: '4',
    FN_ZERO_CONFIG_IGNORE_DIRS: 'skipped',
    FN_FORCE_URL: '1',
    FN_RUNTIMES: 'node',
  });
  try {
    await check(gateway, { request: 'GET /a/b/c/d', status: 200, file: 'deep' });
    await check(gateway, { request: 'GET /skipped/x', status: 404 });
    await check(gateway, { request: 'GET /p', status: 200, file: 'policy' });
    await check(gateway, { request: 'GET /other', status: 404 });
  } finally {
    await gateway.close();
  }
});

test('routing: a forced policy route takes the path from the file', async () => {
  const gateway = await startTestGateway({
    'p/get.js': echoJs('file'),
    'policy/fn.config.json': JSON.stringify({
      runtime: 'node',
      name: 'policy',
      'force-url': true,
      invoke: { routes: ['/p'], methods: ['GET', 'POST'] },
    }),
    'policy/handler.js': echoJs('policy'),
  });
  try {
    await check(gateway, { request: 'GET /p', status: 200, file: 'policy' });
    await check(gateway, { request: 'POST /p', status: 200, file: 'policy' });
  } finally {
    await gateway.close();
  }
});

describe('hot reload', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ 'get.first.js': echoJs('first') }, { FN_HOT_RELOAD: '1' });
  });
  after(() => gateway.close());
  const becomes = (target: string, status: number) =>
    eventually(async () => assert.equal((await ask(gateway.url, target)).status, status));

  test('a new folder is served and gone again when it is deleted', async () => {
    await check(gateway, { request: 'GET /new', status: 404 });
    writeTree(gateway.root, { 'new/index.js': echoJs('new') });
    await becomes('/new', 200);
    rmSync(join(gateway.root, 'new'), { recursive: true });
    await becomes('/new', 404);
  });

  test('a copied tree of three levels is served whole', async () => {
    const source = makeTree(echoTree('x/get.js', 'x/y/get.js', 'x/y/z/get.js'));
    cpSync(source, join(gateway.root, 'copied'), { recursive: true });
    removeTree(source);
    for (const target of ['/copied/x', '/copied/x/y', '/copied/x/y/z']) await becomes(target, 200);
  });

  test('an edited handler and an edited helper answer with the new code', async () => {
    writeTree(gateway.root, {
      'get.edited.js': "const { word } = require('./_word.js');\nexports.handler = () => word;\n",
      '_word.js': "exports.word = 'before';\n",
    });
    const says = (word: string) =>
      eventually(async () => assert.equal((await ask(gateway.url, '/edited')).text, word));
    await says('before');
    writeTree(gateway.root, { '_word.js': "exports.word = 'after it';\n" });
    await says('after it');
    writeTree(gateway.root, { 'get.edited.js': "exports.handler = () => 'rewritten';\n" });
    await says('rewritten');
  });

  test('a config that appears changes the policy without a restart', async () => {
    writeTree(gateway.root, { 'limits/post.js': echoJs('limits') });
    await eventually(async () => {
      assert.equal((await ask(gateway.url, '/limits', { method: 'POST', body: '12345' })).status, 200);
    });
    writeTree(gateway.root, { 'limits/fn.config.json': JSON.stringify({ max_body_bytes: 3 }) });
    await eventually(async () => {
      assert.equal((await ask(gateway.url, '/limits', { method: 'POST', body: '12345' })).status, 413);
    });
  });
});
