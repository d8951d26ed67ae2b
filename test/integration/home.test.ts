// What answers for `/` (contract/assets-home-openapi.md B), through a whole gateway.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { resolveLayout } from '../../src/config/layout.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { hostSources } from '../../src/config/process-sources.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { echoJs, type Tree, writeTree } from './support/tree.ts';

const functions: Tree = {
  'hello/index.js': echoJs('hello'),
  'hello/post.js': echoJs('hello post'),
  'get.start.js': echoJs('start'),
};

describe('home: by the folder', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ ...functions, 'public/index.html': '<h1>index</h1>' });
  });
  after(() => gateway.close());
  const configure = async (config: object) => {
    writeTree(gateway.root, { 'fn.config.json': JSON.stringify(config) });
    await gateway.reload();
  };
  const root = (target = '/', options: Ask = {}) => ask(gateway.url, target, options);

  test('without a home, / is 404 in JSON', async () => {
    for (const target of ['/', '//', '/.', '/?a=1']) {
      const answer = await root(target);
      assert.deepEqual([answer.status, answer.json().error], [404, 'not found'], target);
    }
  });

  test('every accepted shape leads to the function', async () => {
    const shapes = [
      { home: '/hello' },
      { home: 'hello' },
      { home: { function: '/hello' } },
      { home: { route: ' /hello/ ' } },
      { home: { path: '//hello' } },
      { home: { target: '/hello' } },
      { home: { 'home-route': '/hello' } },
      { home: { home_route: '/hello', redirect: '/start' } },
      { invoke: { home: { route: '/hello' } } },
      { invoke: { 'home-route': '/hello' } },
      { invoke: { home_route: '/hello' } },
    ];
    for (const shape of shapes) {
      await configure(shape);
      const answer = await root();
      assert.equal(answer.status, 200, JSON.stringify(shape));
      assert.equal(answer.json().file, 'hello', JSON.stringify(shape));
    }
  });

  test('the function sees its own path, the raw one, the method and the query of both', async () => {
    await configure({ home: { route: '/hello?a=target&b=target' } });
    const { event } = (await root('/?a=client&c=1')).json();
    assert.equal(event.path, '/hello');
    assert.equal(event.raw_path, '/?a=client&c=1');
    assert.deepEqual(event.query, { a: 'client', b: 'target', c: '1' });
    const posted = (await root('/', { method: 'POST', body: 'x' })).json();
    assert.deepEqual([posted.file, posted.event.method, posted.event.body], ['hello post', 'POST', 'x']);
    const head = await root('/', { method: 'HEAD' });
    assert.deepEqual([head.status, head.bytes.length], [200, 0]);
    assert.equal((await root('/', { method: 'DELETE' })).status, 405);
    assert.equal((await root('//')).json().file, 'hello');
  });

  test('redirects answer any method with 302', async () => {
    for (const [redirect, location] of [
      ['https://example.org/a?b=1', 'https://example.org/a?b=1'],
      ['/start?t=1', '/start?t=1'],
      ['//start', '/start'],
    ] as const) {
      await configure({ home: { redirect } });
      for (const method of ['GET', 'POST']) {
        const answer = await root('/', { method });
        assert.deepEqual([answer.status, answer.headers['location']], [302, location]);
      }
    }
    await configure({ home: { url: '/start' } });
    assert.equal((await root()).headers['location'], '/start');
  });

  test('a home that cannot be used leaves its place to the next', async () => {
    const assets = { directory: 'public' };
    for (const home of ['/', '/a/../b', '/_fn/health', 'https://x.example/', '?a']) {
      await configure({ home, assets });
      assert.equal((await root()).text, '<h1>index</h1>', home);
    }
    await configure({ home: { function: '/', redirect: '/start' } });
    assert.equal((await root()).headers['location'], '/start');
  });

  test('a home beats index.html, may be a file, and may be missing', async () => {
    const assets = { directory: 'public' };
    await configure({ assets, home: { route: '/hello' } });
    assert.equal((await root()).json().file, 'hello');
    writeTree(gateway.root, { 'public/welcome.html': 'welcome' });
    await configure({ assets, home: '/welcome.html' });
    assert.equal((await root()).text, 'welcome');
    await configure({ assets, home: '/nope' });
    assert.equal((await root()).status, 404);
    await configure({ assets });
    assert.equal((await root()).text, '<h1>index</h1>');
    assert.equal((await root('/', { method: 'POST' })).status, 405);
  });
});

describe('home: by the operator', () => {
  const asked = async (
    variables: Record<string, string>,
    tree: Tree,
    use: (gateway: TestGateway) => Promise<void>,
  ) => {
    const gateway = await startTestGateway({ ...functions, ...tree }, variables);
    try {
      await use(gateway);
    } finally {
      await gateway.close();
    }
  };

  test('FN_HOME_FUNCTION beats the folder; the query is the client’s', () =>
    asked({ FN_HOME_FUNCTION: '/hello' }, { 'fn.config.json': '{"home":"/start"}' }, async ({ url }) => {
      const { file, event } = (await ask(url, '/?q=1')).json();
      assert.deepEqual([file, event.query], ['hello', { q: '1' }]);
    }));

  test('a variable that cannot be used is told and skipped', async () => {
    const environment = { FN_HOME_FUNCTION: 'https://x', FN_HOME_REDIRECT: '/hello?t=1' };
    await asked(environment, {}, async ({ url, root }) => {
      const answer = await ask(url, '/');
      assert.deepEqual([answer.status, answer.headers['location']], [302, '/hello?t=1']);
      const sources = hostSources({ environment, cwd: root, terminal: false }, resolveLayout().node);
      const loaded = await loadConfig({ ...sources, mode: 'serve', argument: root, flags: {} });
      assert.ok('config' in loaded);
      const told = loaded.config.faults.map((fault) => JSON.stringify(fault));
      assert.ok(
        told.some((text) => text.includes('FN_HOME_FUNCTION ignored: must be a local path')),
        told.join(),
      );
    });
  });

  test('what the folder says and cannot be used is told in the log', async () => {
    const log = recordingLog();
    const gateway = await startTestGateway({ 'fn.config.json': '{"home":"/"}', ...functions }, {}, log.log);
    await gateway.close();
    const lines = JSON.stringify(log.lines);
    assert.match(lines, /fn\.config\.json home\.function ignored: cannot point to \//);
  });

  test('the landing page lists routes, for people and programs, only where it is wanted and there is one', () =>
    asked({ FN_LANDING_PAGE: '1' }, { 'get.<b>.js': echoJs('b') }, async (gateway) => {
      const page = await ask(gateway.url, '/', { headers: { accept: 'text/html' } });
      assert.equal(page.status, 200);
      assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
      assert.match(page.text, /<a href="\/hello">\/hello<\/a>/);
      assert.doesNotMatch(page.text, /<b>/);
      assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
      const json = (await ask(gateway.url, '/', { headers: { accept: 'application/json' } })).json();
      assert.ok(json.routes.some(({ route }: { route: string }) => route === '/hello'));
      assert.equal((await ask(gateway.url, '/', { method: 'POST' })).status, 404);
    }));

  test('an empty project has no landing page', async () => {
    const gateway = await startTestGateway({ 'readme.txt': '' }, { FN_LANDING_PAGE: '1' });
    const answer = await ask(gateway.url, '/');
    await gateway.close();
    assert.deepEqual([answer.status, answer.json().error], [404, 'not found']);
  });
});
