// Changes of the functions folder while the gateway serves: what is picked up, how soon, and that no request pays for it
// (contract/routing.md 9, contract/config-cli.md "Worth testing" 18 to 21).
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { SteadyClient } from './support/steady-client.ts';
import { echoJs, type Tree, writeTree } from './support/tree.ts';

const says = (word: string) => `exports.handler = () => '${word}';\n`;
/** The contract says one second; a busy machine gets some more. */
const soonMs = 2500;

async function withGateway(
  tree: Tree,
  variables: Record<string, string>,
  use: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  const gateway = await startTestGateway(tree, { FN_HOT_RELOAD: '1', ...variables });
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
}

const becomes = (gateway: TestGateway, target: string, status: number, limitMs = soonMs) =>
  eventually(async () => assert.equal((await ask(gateway.url, target)).status, status), limitMs);
const generation = async (gateway: TestGateway): Promise<number> =>
  (await ask(gateway.url, '/_fn/health')).json().hot_reload.generation;

describe('hot reload: under load', () => {
  const languages = [
    {
      what: 'a Node helper',
      tree: {
        'app/handler.js': "exports.handler = () => require('./word.js');\n",
        'app/word.js': "module.exports = 'v0';\n",
      },
      edit: (version: string): Tree => ({ 'app/word.js': `module.exports = '${version}';\n` }),
    },
    {
      what: 'a Python helper',
      tree: {
        'app/handler.py': 'import word\ndef handler(event):\n    return word.WORD\n',
        'app/word.py': 'WORD = "v0"\n',
      },
      edit: (version: string): Tree => ({ 'app/word.py': `WORD = "${version}"\n` }),
    },
    {
      what: 'the policy',
      tree: { 'app/handler.js': says('v5'), 'app/fn.config.json': '{}' },
      edit: (version: string): Tree => ({
        'app/fn.config.json': JSON.stringify({ timeout_ms: 5000 + Number(version.slice(1)) }),
      }),
    },
  ] as const;
  for (const { what, tree, edit } of languages) {
    test(`editing ${what} five times loses no request of two steady clients`, () =>
      withGateway(tree, {}, async (gateway) => {
        await ask(gateway.url, '/app');
        const clients = [new SteadyClient(`${gateway.url}/app`), new SteadyClient(`${gateway.url}/app`)];
        const before = await generation(gateway);
        for (let version = 1; version <= 5; version++) {
          writeTree(gateway.root, edit(`v${version}`));
          await sleep(350);
        }
        await eventually(async () => assert.equal((await ask(gateway.url, '/app')).text, 'v5'));
        await eventually(async () => assert.ok((await generation(gateway)) > before));
        await Promise.all(clients.map((client) => client.stop()));
        for (const { failures, answers } of clients) {
          assert.deepEqual(failures, []);
          assert.ok([...answers.values()].reduce((sum, count) => sum + count, 0) > 20, 'it did ask');
        }
        // Those that were replaced drain and go.
        await eventually(() =>
          assert.equal(gateway.workers().filter(({ state }) => state !== 'ready').length, 0),
        );
      }));
  }

  test('a call that runs while its function is edited ends with the code it began with', () =>
    withGateway(
      {
        'slow/index.js':
          "exports.handler = () => new Promise((done) => setTimeout(() => done('old'), 1200));\n",
      },
      {},
      async (gateway) => {
        const running = ask(gateway.url, '/slow');
        await sleep(300);
        writeTree(gateway.root, { 'slow/index.js': says('new') });
        await eventually(async () => assert.equal((await ask(gateway.url, '/slow')).text, 'new'));
        assert.equal((await running).text, 'old');
      },
    ));

  test('a function that no longer loads says so, the others go on, and the repair is served', () =>
    withGateway({ 'a/index.js': says('good'), 'b/index.js': says('b') }, {}, async (gateway) => {
      assert.equal((await ask(gateway.url, '/a')).text, 'good');
      writeTree(gateway.root, { 'a/index.js': 'exports.handler = ( =>\n' });
      await becomes(gateway, '/a', 500);
      assert.match((await ask(gateway.url, '/a')).json().error, /Unexpected/);
      assert.equal((await ask(gateway.url, '/b')).text, 'b');
      writeTree(gateway.root, { 'a/index.js': says('repaired') });
      await eventually(async () => assert.equal((await ask(gateway.url, '/a')).text, 'repaired'));
    }));
});

describe('hot reload: what is picked up', () => {
  test('the root config: an assets folder and ignored folders are no routes any more', () =>
    withGateway(
      { 'public/app.js': says('x'), 'old/x.js': says('x'), 'get.a.js': says('a') },
      {},
      async (gateway) => {
        for (const target of ['/public/app', '/old/x']) await becomes(gateway, target, 200);
        const config = { assets: { directory: 'public' }, zero_config: { ignore_dirs: ['old'] } };
        writeTree(gateway.root, { 'fn.config.json': JSON.stringify(config) });
        for (const target of ['/public/app', '/old/x']) await becomes(gateway, target, 404);
        rmSync(join(gateway.root, 'fn.config.json'));
        for (const target of ['/public/app', '/old/x']) await becomes(gateway, target, 200);
      },
    ));

  test('an environment file and a manifest', () =>
    withGateway(
      { 'e/index.js': 'exports.handler = (event) => event.env.WORD ?? "none";\n', 'm/h.js': echoJs('h') },
      {},
      async (gateway) => {
        assert.equal((await ask(gateway.url, '/e')).text, 'none');
        writeTree(gateway.root, {
          'e/fn.env.json': JSON.stringify({ WORD: 'set' }),
          'm/fn.routes.json': JSON.stringify({ routes: { 'PUT /made/:id': 'h.js' } }),
        });
        await eventually(async () => assert.equal((await ask(gateway.url, '/e')).text, 'set'), soonMs);
        assert.equal((await ask(gateway.url, '/made/7', { method: 'PUT' })).json().event.params.id, '7');
      },
    ));

  test('a functions folder that is away for a moment leaves its functions serving, and health says why', () =>
    withGateway({ 'a/index.js': says('a') }, { FN_HOT_RELOAD_DEBOUNCE_MS: '25' }, async (gateway) => {
      assert.equal((await ask(gateway.url, '/a')).text, 'a');
      const away = `${gateway.root}-away`;
      const csrf = { 'x-fn-request': '1' };
      renameSync(gateway.root, away);
      try {
        const reload = await ask(gateway.url, '/_fn/reload', { method: 'POST', headers: csrf });
        assert.equal(reload.status, 500);
        assert.match(reload.json().error, /^reload failed: /);
        assert.equal((await ask(gateway.url, '/a')).text, 'a');
        const health = (await ask(gateway.url, '/_fn/health')).json();
        assert.equal(health.status, 'degraded');
        assert.match(health.hot_reload.last_error, /cannot read the functions folder/);
      } finally {
        renameSync(away, gateway.root);
      }
      const again = await ask(gateway.url, '/_fn/reload', { method: 'POST', headers: csrf });
      assert.equal(again.status, 200, again.text);
      assert.equal((await ask(gateway.url, '/_fn/health')).json().status, 'ok');
      writeTree(gateway.root, { 'b/index.js': says('b') });
      await becomes(gateway, '/b', 200);
    }));

  test('what tools write is no reason to scan', () =>
    withGateway({ 'get.a.js': says('a') }, {}, async (gateway) => {
      const before = await generation(gateway);
      writeTree(gateway.root, {
        '.deps/pkg/x.py': 'x = 1\n',
        'node_modules/pkg/index.js': says('x'),
        '.fastfn/state.json': '{}',
        '__pycache__/a.pyc': 'x',
        '.git/HEAD': 'x',
        'get.a.js~': 'backup',
      });
      await sleep(1500);
      assert.equal(await generation(gateway), before);
    }));

  test('it works with the console API off, where nobody could ask for a reload', () =>
    withGateway(
      { 'get.a.js': says('a') },
      { FN_CONSOLE_API_ENABLED: '0', FN_ADMIN_API_ENABLED: '0' },
      async (gateway) => {
        assert.equal((await ask(gateway.url, '/_fn/catalog')).status, 404);
        writeTree(gateway.root, { 'get.b.js': says('b') });
        await becomes(gateway, '/b', 200);
      },
    ));

  test('without watching, the interval finds changes', () =>
    withGateway(
      { 'get.a.js': says('a') },
      { FN_HOT_RELOAD_WATCHDOG: '0', FN_HOT_RELOAD_INTERVAL: '1' },
      async (gateway) => {
        assert.equal((await ask(gateway.url, '/_fn/health')).json().hot_reload.watchdog.active, false);
        writeTree(gateway.root, { 'deep/er/get.b.js': says('b') });
        await becomes(gateway, '/deep/er/b', 200, 4000);
      },
    ));
});

test('hot reload: off, edits and new files are ignored until somebody asks', () =>
  withGateway({ 'get.a.js': says('old') }, { FN_HOT_RELOAD: '0' }, async (gateway) => {
    assert.equal((await ask(gateway.url, '/a')).text, 'old');
    writeTree(gateway.root, { 'get.a.js': says('new'), 'get.b.js': says('b') });
    await sleep(1000);
    assert.equal((await ask(gateway.url, '/a')).text, 'old');
    assert.equal((await ask(gateway.url, '/b')).status, 404);
    const asked = await ask(gateway.url, '/_fn/reload', { method: 'POST', headers: { 'x-fn-request': '1' } });
    assert.equal(asked.status, 200, asked.text);
    assert.equal(asked.json().ok, true);
    assert.equal((await ask(gateway.url, '/a')).text, 'new');
    assert.equal((await ask(gateway.url, '/b')).text, 'b');
  }));
