// The program started in every way an operator may: languages chosen, missing or wrong, hot reload switched, sockets in odd
// places, killed without a word (contract/config-cli.md "Worth testing" 2, 8 to 14, 18).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { ask } from './support/http.ts';
import { childrenOf, isAlive } from './support/processes.ts';
import { type ProgramEnd, StartedProgram } from './support/started-program.ts';
import { type Tree, writeTree } from './support/tree.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'fastfn');
const says = (word: string) => `exports.handler = () => '${word}';\n`;

let folder: string;
before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-start-')));
});
after(() => rmSync(folder, { recursive: true, force: true }));

let lastRoot = 0;
function newRoot(tree: Tree): string {
  const root = join(folder, `root-${++lastRoot}`);
  mkdirSync(root);
  writeTree(root, tree);
  return root;
}

interface How {
  readonly cwd?: string;
  readonly variables?: Record<string, string>;
}

function start(args: readonly string[], { cwd = folder, variables = {} }: How = {}): StartedProgram {
  const env = {
    PATH: process.env['PATH'] ?? '',
    TMPDIR: folder,
    FN_SOCKET_BASE_DIR: join(folder, 'sockets'),
    ...variables,
  };
  return new StartedProgram(process.execPath, [program, ...args], { env, cwd });
}

const run = (args: readonly string[], how?: How): Promise<ProgramEnd> => start(args, how).ended;

/** Serves until `use` is done, then stops it with SIGTERM and hands over what it printed. */
async function serving(
  args: readonly string[],
  how: How,
  use: (url: string, started: StartedProgram) => Promise<void>,
): Promise<ProgramEnd> {
  const started = start([...args, '--port', '0'], how);
  try {
    const [, url = ''] = await started.printed(/listening on (http:\/\/[\d.:]+)/);
    await use(url, started);
  } finally {
    started.child.kill('SIGTERM');
  }
  return started.ended;
}

const becomes = (url: string, target: string, text: string) =>
  eventually(async () => assert.equal((await ask(url, target)).text, text));

describe('start: languages', () => {
  const tree = {
    'get.a.js': says('a'),
    'get.b.py': 'def handler(event):\n    return "b"\n',
    'get.c.php': '<?php function handler($e) { return "c"; }\n',
  };
  /** A PATH on which nothing but Node can be found. */
  const nodeOnly = () => {
    const bin = join(folder, 'node-only');
    if (!existsSync(bin)) {
      mkdirSync(bin);
      symlinkSync(process.execPath, join(bin, 'node'));
    }
    return bin;
  };

  test('FN_RUNTIMES=node,cobol warns of the unknown one and serves only Node', async () => {
    const end = await serving(
      ['serve', newRoot(tree)],
      { variables: { FN_RUNTIMES: 'node,cobol' } },
      async (url) => {
        assert.equal((await ask(url, '/a')).text, 'a');
        assert.equal((await ask(url, '/b')).status, 404);
        const health = (await ask(url, '/_fn/health')).json();
        assert.deepEqual([health.status, health.runtime_order], ['ok', ['node']]);
      },
    );
    assert.match(end.stderr, /^Warning: Ignoring unknown runtime in FN_RUNTIMES: cobol$/m);
  });

  test('FN_RUNTIMES=cobol cannot start, exit 2', async () => {
    const end = await run(['serve', newRoot(tree)], { variables: { FN_RUNTIMES: 'cobol' } });
    assert.equal(end.code, 2);
    assert.match(end.stderr, /no compatible runtimes enabled \(FN_RUNTIMES="cobol"\)/);
  });

  for (const [what, variables] of [
    ['selected', { FN_RUNTIMES: 'node,python' }],
    ['needed by a function', {}],
  ] as const) {
    test(`a language that is ${what} and missing is 503 runtime down, and the gateway is not ready`, async () => {
      const how = { variables: { ...variables, PATH: nodeOnly() } };
      const end = await serving(
        ['serve', newRoot({ 'get.a.js': tree['get.a.js'], 'get.b.py': tree['get.b.py'] })],
        how,
        async (url) => {
          assert.equal((await ask(url, '/a')).text, 'a');
          const down = await ask(url, '/b');
          assert.deepEqual([down.status, down.json().error], [503, 'runtime down']);
          const health = (await ask(url, '/_fn/health')).json();
          assert.equal(health.status, 'degraded');
          assert.equal(health.runtimes.python.health.up, false);
          assert.match(health.runtimes.python.health.reason, /Python not found.*install/);
          const ready = await ask(url, '/_fn/ready');
          assert.equal(ready.status, 503);
          assert.match(ready.text, /python/);
          assert.equal((await ask(url, '/_fn/health?ready=1')).status, 503);
          const catalog = (await ask(url, '/_fn/catalog')).json();
          assert.ok(catalog.mapped_routes['/b'], 'it is listed');
        },
      );
      if ('FN_RUNTIMES' in variables)
        assert.match(end.stderr, /Warning: Ignoring runtime python \(missing: Python not found/);
    });
  }

  test('a language that is missing and unused is no reason not to be ready', async () => {
    const how = { variables: { PATH: nodeOnly() } };
    await serving(['serve', newRoot({ 'get.a.js': says('a') })], how, async (url) => {
      assert.equal((await ask(url, '/_fn/ready')).status, 200);
      assert.equal((await ask(url, '/_fn/health')).json().status, 'ok');
    });
  });

  for (const [name, value, text] of [
    ['FN_PYTHON_BIN', '/nope', /override FN_PYTHON_BIN="\/nope" is invalid/],
    ['FN_RUNTIME_DAEMONS', 'node=0', /invalid daemon count for runtime node: "0"/],
    ['FN_RUNTIME_DAEMONS', 'node', /invalid FN_RUNTIME_DAEMONS entry "node"/],
    ['FN_TRUSTED_PROXY_CIDRS', '10.0.0.0/99', /10\.0\.0\.0\/99/],
  ] as const) {
    test(`${name}=${value} cannot start, exit 2`, async () => {
      const end = await run(['serve', newRoot(tree), '--port', '0'], { variables: { [name]: value } });
      assert.equal(end.code, 2, end.stderr);
      assert.match(end.stderr, text);
    });
  }
});

describe('start: hot reload', () => {
  const cases = [
    { args: ['dev'], variables: {}, reloads: true },
    { args: ['serve'], variables: {}, reloads: false },
    { args: ['serve'], variables: { FN_HOT_RELOAD: '1' }, reloads: true },
    { args: ['run'], variables: { FN_HOT_RELOAD: '0' }, reloads: false },
    { args: ['serve', '--hot-reload'], variables: { FN_HOT_RELOAD: '0' }, reloads: true },
    { args: ['dev', '--no-hot-reload'], variables: {}, reloads: false },
    { args: ['dev'], variables: { FN_HOT_RELOAD: 'off' }, reloads: false },
  ];
  for (const { args, variables, reloads } of cases) {
    const [command = '', ...flags] = args;
    const shown = `${JSON.stringify(variables)} fastfn ${args.join(' ')}`;
    test(`${shown} ${reloads ? 'picks up edits' : 'ignores edits'}`, async () => {
      const root = newRoot({ 'get.a.js': says('old') });
      await serving([command, root, ...flags], { variables }, async (url) => {
        assert.equal((await ask(url, '/a')).text, 'old');
        writeTree(root, { 'get.a.js': says('new'), 'get.b.js': says('b') });
        if (reloads) {
          await becomes(url, '/a', 'new');
          await becomes(url, '/b', 'b');
        } else {
          await sleep(900);
          assert.equal((await ask(url, '/a')).text, 'old');
          assert.equal((await ask(url, '/b')).status, 404);
        }
      });
    });
  }
});

describe('start: sockets', () => {
  test('a socket folder of 120 characters gives way to a short one, with a warning', async () => {
    const base = join(folder, 'd'.repeat(Math.max(1, 120 - folder.length)));
    const root = newRoot({ 'get.a.js': says('a') });
    let short = '';
    const end = await serving(['serve', root], { variables: { FN_SOCKET_BASE_DIR: base } }, async (url) => {
      assert.equal((await ask(url, '/a')).text, 'a');
      const { socket } = (await ask(url, '/_fn/health')).json().runtimes.node;
      short = dirname(socket.replace(/^unix:/, ''));
      assert.match(short, /^\/tmp\/ffn-sock-[0-9a-f]{8}$/);
    });
    assert.match(end.stdout, /is too long for a Unix socket/);
    assert.ok(!existsSync(short), 'it is gone afterwards');
  });

  test('the sockets of a killed gateway are no hindrance', async () => {
    const root = newRoot({ 'get.a.js': says('a') });
    const base = join(folder, 'stale');
    const how = { variables: { FN_SOCKET_BASE_DIR: base } };
    const killed = start(['serve', root, '--port', '0'], how);
    await killed.printed(/listening on/);
    killed.child.kill('SIGKILL');
    await killed.ended;
    assert.ok(existsSync(join(base, 'fn-node.sock')), 'it had no time to tidy up');
    await serving(['serve', root], how, async (url) => {
      assert.equal((await ask(url, '/a')).text, 'a');
      assert.ok(existsSync(join(base, 'fn-node.sock')));
    });
    assert.ok(!existsSync(join(base, 'fn-node.sock')));
  });

  test('two gateways run side by side, and the end of one is nothing to the other', async () => {
    const root = newRoot({ 'get.a.js': says('a') });
    await serving(['serve', root], {}, async (first) => {
      await serving(['serve', root], {}, async (second) => {
        for (const url of [first, second]) assert.equal((await ask(url, '/a')).text, 'a');
      });
      assert.equal((await ask(first, '/a')).text, 'a');
    });
  });
});

test('start: SIGKILL of the gateway takes workers and spare launchers with it, and the next start cleans up', async () => {
  const root = newRoot({
    'get.a.js': says('a'),
    'get.hangs.js': 'exports.handler = () => { for (;;); };\n',
    'get.b.py': 'def handler(event):\n    return "b"\n',
    'get.spins.py': 'def handler(event):\n    while True:\n        pass\n',
    'fn.config.json': JSON.stringify({ timeout_ms: 30_000 }),
  });
  const ours = () => readdirSync(folder).filter((name) => /^fastfn-[wp]-/.test(name));
  const started = start(['serve', root, '--port', '0']);
  const [, url = ''] = await started.printed(/listening on (http:\/\/[\d.:]+)/);
  for (const target of ['/a', '/b']) await ask(url, target);
  const busy = ['/hangs', '/spins'].map((target) => ask(url, target).catch(() => 'cut'));
  const pid = started.child.pid ?? 0;
  // Four workers and two spares.
  await eventually(() => assert.ok(childrenOf(pid).length >= 6, childrenOf(pid).join()));
  await sleep(300);
  const children = childrenOf(pid);
  started.child.kill('SIGKILL');
  await started.ended;
  await eventually(() => assert.deepEqual(children.filter(isAlive), []), 3000);
  assert.deepEqual(await Promise.all(busy), ['cut', 'cut']);
  assert.equal(ours().length, 2, ours().join());
  const left = ours();
  await serving(['serve', root], {}, async () => {
    assert.deepEqual(
      ours().filter((name) => left.includes(name)),
      [],
    );
  });
  assert.deepEqual(ours(), []);
});

describe('start: fastfn init', () => {
  const noPhp = spawnSync('php', ['--version']).status === 0 ? false : 'no php on this host';
  for (const template of ['node', 'typescript', 'python', 'php']) {
    const skip = template === 'php' && noPhp;
    test(`the ${template} template works as it is written`, { skip }, async () => {
      const cwd = newRoot({});
      const made = await run(['init', 'team/hello', '-t', template], { cwd });
      assert.equal(made.code, 0, made.stderr);
      const config = JSON.parse(readFileSync(join(cwd, 'team/hello/fn.config.json'), 'utf8'));
      assert.equal(config.name, 'team/hello');
      assert.equal((await run(['check', cwd])).code, 0);
      await serving(['dev', cwd], {}, async (url) => {
        const answer = await ask(url, '/team/hello?name=Ada');
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['content-type'], 'application/json');
        assert.deepEqual(answer.json(), { message: 'Hello, Ada!' });
        assert.deepEqual((await ask(url, '/team/hello')).json(), { message: 'Hello, world!' });
      });
    });
  }

  test('it refuses bad names, unknown templates and to write over files', async () => {
    const cwd = newRoot({});
    for (const args of [['init'], ['init', '../x'], ['init', 'a b'], ['init', 'x', '-t', 'cobol']]) {
      assert.equal((await run(args, { cwd })).code, 2, args.join(' '));
    }
    assert.deepEqual(readdirSync(cwd), []);
    assert.equal((await run(['init', 'x'], { cwd })).code, 0);
    writeTree(cwd, { 'x/handler.js': says('mine') });
    const again = await run(['init', 'x'], { cwd });
    assert.equal(again.code, 1);
    assert.match(again.stderr, /--force/);
    assert.equal(readFileSync(join(cwd, 'x/handler.js'), 'utf8'), says('mine'));
    assert.equal((await run(['init', 'x', '--force'], { cwd })).code, 0);
    assert.notEqual(readFileSync(join(cwd, 'x/handler.js'), 'utf8'), says('mine'));
  });
});
