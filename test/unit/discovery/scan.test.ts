// Trees that nobody would write on purpose: a scan always gives a catalog, and says what it left out.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultSandboxRules, type SandboxRules } from '../../../src/policy/sandbox-rules.ts';
import { ask, makeTree, notesOf, scan, scanTree, unitAt, warningsOf, writeTree } from './tree-fixture.ts';

describe('scan: odd trees', () => {
  it('a root that is missing or a file is an empty catalog with a fault', async (t) => {
    const root = makeTree(t, ['file.txt']);
    for (const path of [join(root, 'none'), join(root, 'file.txt')]) {
      const catalog = await scan(path);
      assert.equal(catalog.functions.size, 0);
      assert.deepEqual(
        catalog.faults.map((fault) => fault.severity),
        ['error'],
      );
    }
  });

  it('links to files and folders are not discovered', async (t) => {
    const root = makeTree(t, ['real/get.x.js']);
    symlinkSync(join(root, 'real'), join(root, 'linked'));
    symlinkSync(join(root, 'real/get.x.js'), join(root, 'get.y.js'));
    symlinkSync(join(root), join(root, 'real/loop'));
    const catalog = await scan(root);
    assert.deepEqual([...catalog.functions.keys()], ['node/real/get.x.js@default']);
    assert.deepEqual(notesOf(catalog), ['link get.y.js', 'link linked', 'link real/loop']);
  });

  it('a config that is a link is a fault, never followed', async (t) => {
    const root = makeTree(t, { 'a/handler.js': '', 'evil.json': { timeout_ms: 5 } });
    symlinkSync(join(root, 'evil.json'), join(root, 'a/fn.config.json'));
    const catalog = await scan(root);
    assert.equal(unitAt(catalog, 'a/handler.js').policy.timeoutMs, 2500);
    assert.deepEqual(
      catalog.faults.map((fault) => [fault.file, fault.found]),
      [['a/fn.config.json', 'a link']],
    );
  });

  it('devices and pipes are skipped without waiting for a writer', async (t) => {
    const root = makeTree(t, ['a/handler.js']);
    execFileSync('mkfifo', [join(root, 'a/get.pipe.js'), join(root, 'a/fn.env.json')]);
    const catalog = await scan(root);
    assert.deepEqual([...catalog.functions.keys()], ['node/a/handler.js@default']);
    assert.equal(unitAt(catalog, 'a/handler.js').envFile, null);
  });

  it('names with line ends, spaces and bytes that are no text do no harm', async (t) => {
    const root = makeTree(t, ['a\nb/get.x.js', ' s p /get.y.js', 'ok/get.z.js']);
    writeFileSync(
      Buffer.concat([Buffer.from(`${root}/get.`), Buffer.from([0xff, 0xfe]), Buffer.from('.js')]),
      'x',
    );
    mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]));
    const catalog = await scan(root);
    assert.equal(ask(catalog, 'GET /a-b/x'), 'a\nb/get.x.js');
    assert.equal(ask(catalog, 'GET /s-p/y'), ' s p /get.y.js');
    assert.equal(ask(catalog, 'GET /ok/z'), 'ok/get.z.js');
  });

  it('a folder that cannot be read is a warning', {
    skip: process.getuid?.() === 0 && 'root reads all',
  }, async (t) => {
    const root = makeTree(t, ['a/get.x.js', 'b/get.y.js']);
    chmodSync(join(root, 'a'), 0);
    t.after(() => chmodSync(join(root, 'a'), 0o755));
    assert.deepEqual(warningsOf(await scan(root)), ['unreadable_folder a']);
  });

  it('a tower of folders ends somewhere', async (t) => {
    const catalog = await scanTree(t, [`${'d/'.repeat(60)}get.x.js`, 'get.ok.js']);
    assert.equal(ask(catalog, 'GET /ok'), 'get.ok.js');
    assert.ok(warningsOf(catalog).some((warning) => warning.startsWith('too_deep')));
  });

  it('a huge folder of data costs no function its place', async (t) => {
    const root = makeTree(t, ['a/handler.js']);
    mkdirSync(join(root, 'a/data'));
    for (let index = 0; index < 3_000; index++) writeFileSync(join(root, `a/data/${index}.txt`), '');
    const catalog = await scan(root);
    assert.deepEqual(unitAt(catalog, 'a/handler.js').readable, [join(root, 'a')]);
  });

  it('gives way to the event loop', async (t) => {
    const root = makeTree(
      t,
      Array.from({ length: 300 }, (_, index) => `f${index}/handler.js`),
    );
    let turns = 0;
    let done = false;
    const count = () => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await scan(root);
    done = true;
    assert.ok(turns > 1, `${turns} turns`);
  });

  it('any names at all give a catalog', async (t) => {
    const part = fc.oneof(
      fc.constantFrom(
        'index',
        'handler',
        '[id]',
        '[...x]',
        '[[...y]]',
        '[',
        ']',
        '..',
        '_',
        'get',
        'post',
        'v2',
        '日本',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    );
    const name = fc
      .tuple(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('.js', '.py', '.TS', '.d.ts', '', '.go'),
      )
      .map(([parts, extension]) => `${parts.join('.')}${extension}`.replaceAll(/[/\0]/g, '-'))
      .filter((text) => text !== '.' && text !== '..' && Buffer.byteLength(text) < 200);
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { minLength: 1, maxLength: 6 }), async (paths) => {
        const root = makeTree(t, []);
        for (const each of paths) {
          try {
            writeTree(root, [each]);
          } catch {
            // One path is a folder of another: the tree simply has fewer files.
          }
        }
        const catalog = await scan(root, { runtimes: null });
        for (const route of catalog.routes) assert.ok(catalog.functions.has(route.functionKey));
        ask(catalog, 'GET /x/y');
      }),
      { numRuns: 60 },
    );
  });
});

describe('scan: runtimes and policy', () => {
  it('without a list, the runtimes are those that have a folder, else all', async (t) => {
    const some = await scanTree(t, ['python/a/handler.py', 'node/b/handler.js', 'rust/c/handler.rs'], {
      runtimes: null,
    });
    assert.deepEqual(some.runtimes, ['node', 'python', 'rust']);
    const none = await scanTree(t, ['a.js', 'b.lua', 'c.rs'], { runtimes: null });
    assert.deepEqual(none.runtimes, ['go', 'lua', 'node', 'php', 'python', 'rust']);
    assert.deepEqual([ask(none, 'GET /b'), ask(none, 'GET /c')], ['b.lua', 'c.rs']);
    const listed = await scanTree(t, ['a.js', 'c.rs'], { runtimes: ['node'] });
    assert.deepEqual(notesOf(listed), ['runtime_disabled c.rs']);
  });

  it('overlays reach file routes, nearest first, and skip named functions', async (t) => {
    const catalog = await scanTree(t, {
      'fn.config.json': { timeout_ms: 1, max_concurrency: 7, group: 'all' },
      'a/fn.config.json': { timeout_ms: 2 },
      'a/b/get.x.js': '',
      'beta/fn.config.json': { runtime: 'node', timeout_ms: 3 },
      'beta/handler.js': '',
      'beta/get.stats.js': '',
      'node/named/handler.js': '',
    });
    const timeout = (path: string) => unitAt(catalog, path).policy.timeoutMs;
    assert.deepEqual(
      [
        timeout('a/b/get.x.js'),
        timeout('beta/handler.js'),
        timeout('beta/get.stats.js'),
        timeout('node/named/handler.js'),
      ],
      [2, 3, 1, 2500],
    );
    assert.equal(unitAt(catalog, 'a/b/get.x.js').policy.maxConcurrency, 7);
  });

  it('a version takes what it does not say from its function', async (t) => {
    const catalog = await scanTree(t, {
      'node/d/handler.js': '',
      'node/d/fn.config.json': { timeout_ms: 9, invoke: { methods: ['POST'], handler: 'run' } },
      'node/d/v2/handler.js': '',
      'node/d/v2/fn.config.json': { max_concurrency: 3, invoke: { routes: ['/two'] } },
    });
    const { policy, version, name, key } = unitAt(catalog, 'node/d/v2/handler.js');
    assert.deepEqual([key, name, version], ['node/d@v2', 'd', 'v2']);
    assert.deepEqual(
      [policy.timeoutMs, policy.maxConcurrency, policy.methods, policy.handler],
      [9, 3, ['POST'], 'handler'],
    );
    assert.equal(ask(catalog, 'POST /two'), 'node/d/v2/handler.js');
    assert.equal(unitAt(catalog, 'node/d/handler.js').policy.handler, 'run');
  });

  it('strict_fs: false counts only where the operator permits it', async (t) => {
    const tree = { 'a/handler.js': '', 'a/fn.config.json': { strict_fs: false } };
    const strict = async (enabled: boolean, locked: boolean) => {
      const catalog = await scanTree(t, tree, { strictFs: { enabled, locked } });
      return [unitAt(catalog, 'a/handler.js').policy.strictFs, warningsOf(catalog).length];
    };
    assert.deepEqual(await strict(true, true), [true, 1]);
    assert.deepEqual(await strict(true, false), [false, 0]);
    assert.deepEqual(await strict(false, true), [false, 0]);
  });

  it('strict_fs: false does not count for a function whose network is limited', async (t) => {
    const tree = {
      'a/handler.js': '',
      'a/fn.config.json': { strict_fs: false, sandbox: { network: 'none' } },
    };
    const catalog = await scanTree(t, tree, { strictFs: { enabled: true, locked: false } });
    assert.equal(unitAt(catalog, 'a/handler.js').policy.strictFs, true);
    assert.deepEqual(warningsOf(catalog), ['strict_fs_locked a/fn.config.json']);
  });

  it('sandbox.require: kernel is not served where the kernel layers are missing or switched off', async (t) => {
    const tree = {
      'fn.config.json': { sandbox: { require: 'kernel' } },
      'a.js': '',
      'b/get.js': '',
      'b/fn.config.json': { sandbox: { require: 'none' } },
      'c/get.js': '',
      'c/fn.config.json': { strict_fs: false },
    };
    const refusals = async (kernelTier: boolean) => {
      const catalog = await scanTree(t, tree, {
        strictFs: { enabled: true, locked: false },
        sandbox: { ...defaultSandboxRules, kernelTier },
      });
      return ['a.js', 'b/get.js', 'c/get.js'].map((path) => unitAt(catalog, path).refusedAs);
    };
    assert.deepEqual(await refusals(true), [undefined, undefined, 'sandbox_unavailable']);
    assert.deepEqual(await refusals(false), ['sandbox_unavailable', undefined, 'sandbox_unavailable']);
  });

  it('sandbox.require: namespace is not served without one, and the warning says why', async (t) => {
    const tree = {
      'asks/get.js': '',
      'asks/fn.config.json': { sandbox: { require: 'namespace' } },
      'plain/get.js': '',
    };
    const scanned = async (rules: Partial<SandboxRules>) => {
      const catalog = await scanTree(t, tree, { sandbox: { ...defaultSandboxRules, ...rules } });
      const [asks, plain] = ['asks/get.js', 'plain/get.js'].map((path) => unitAt(catalog, path));
      return {
        served: [asks?.refusedAs === undefined, plain?.refusedAs === undefined],
        rooted: [asks?.policy.sandbox.namespace, plain?.policy.sandbox.namespace],
        warning: catalog.warnings.map(({ message }) => message).join('\n'),
      };
    };
    const offered = await scanned({});
    assert.deepEqual(
      [offered.served, offered.rooted],
      [
        [true, true],
        [true, false],
      ],
    );
    const missing = await scanned({ namespaceMissing: 'this host says no' });
    assert.deepEqual(
      [missing.served, missing.rooted],
      [
        [false, true],
        [false, false],
      ],
    );
    assert.match(
      missing.warning,
      /not served: sandbox.require asks for the namespace, but this host says no/,
    );
    const off = await scanned({ namespaceUse: 'off' });
    assert.deepEqual(off.served, [false, true]);
    assert.match(off.warning, /FN_SANDBOX_NAMESPACE is off/);
    const noKernel = await scanned({ kernelTier: false });
    assert.deepEqual(noKernel.served, [false, true]);
    const all = await scanned({ namespaceUse: 'auto' });
    assert.deepEqual(all.rooted, [true, true]);
  });

  it('a limited network that nothing enforces is a warning', async (t) => {
    const tree = { 'a/get.js': '', 'a/fn.config.json': { sandbox: { network: 'none' } } };
    const warnings = async (enabled: boolean, kernelTier: boolean) =>
      warningsOf(
        await scanTree(t, tree, {
          strictFs: { enabled, locked: true },
          sandbox: { ...defaultSandboxRules, kernelTier },
        }),
      );
    assert.deepEqual(await warnings(true, true), []);
    assert.deepEqual(await warnings(false, true), ['network_not_enforced a/fn.config.json']);
    assert.deepEqual(await warnings(true, false), ['network_not_enforced a/fn.config.json']);
  });

  it('a route that its own policy forbids is a warning', async (t) => {
    const tree = { 'fn.config.json': { invoke: { methods: ['POST'] } }, 'a/x.js': '' };
    assert.deepEqual(warningsOf(await scanTree(t, tree)), ['unreachable_route a/x.js']);
  });

  it('no value of an environment file is anywhere in the catalog', async (t) => {
    const tree = {
      'a/handler.js': '',
      'a/fn.env.json': '{"A": "hush-1", "B": ["hush-2"], "C": {"value": "hush-3"}}',
    };
    const catalog = await scanTree(t, tree);
    assert.equal(catalog.faults.length, 1);
    assert.doesNotMatch(JSON.stringify([...catalog.functions.values(), ...catalog.faults]), /hush/);
  });

  it('the state folder is never part of the tree, wherever it is', async (t) => {
    const root = makeTree(t, ['state/get.x.js', 'get.y.js']);
    const catalog = await scan(root, { stateDir: join(root, 'state') });
    assert.deepEqual([...catalog.functions.keys()], ['node/get.y.js@default']);
  });
});
