// What a function's worker may see of the tree, and what changes its signature.

import assert from 'node:assert/strict';
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import type { Catalog } from '../../../src/discovery/catalog.ts';
import { makeTree, scan, scanTree, type TreeTable, unitAt, writeTree } from './tree-fixture.ts';

function shown(catalog: Catalog, paths: readonly string[]): string[] {
  return paths.map((path) => relative(catalog.root, path) || '.').sort();
}

function readable(catalog: Catalog, path: string): string[] {
  return shown(catalog, unitAt(catalog, path).readable);
}

describe('view: what a worker may read', () => {
  it('a folder with nothing to hide is shown whole', async (t) => {
    const catalog = await scanTree(t, [
      'a/handler.js',
      'a/lib/x.js',
      'a/data.json',
      'a/node_modules/p/index.js',
    ]);
    assert.deepEqual(readable(catalog, 'a/handler.js'), ['a']);
    assert.deepEqual(unitAt(catalog, 'a/handler.js').listable, []);
  });

  it('a folder with a protected file is shown entry by entry, and can be listed', async (t) => {
    const tree = {
      ...{ 'a/handler.js': '', 'a/lib/x.js': '', 'a/data.json': '', 'a/node_modules/p/index.js': '' },
      ...{ 'a/fn.env.json': { T: 's' }, 'a/lib/deep/fn.config.json': {}, 'a/lib/deep/y.js': '' },
    };
    const catalog = await scanTree(t, tree);
    const expected = ['a/data.json', 'a/handler.js', 'a/lib/deep/y.js', 'a/lib/x.js', 'a/node_modules'];
    assert.deepEqual(readable(catalog, 'a/handler.js'), expected);
    assert.deepEqual(shown(catalog, unitAt(catalog, 'a/handler.js').listable), ['a', 'a/lib', 'a/lib/deep']);
    assert.equal(unitAt(catalog, 'a/handler.js').envFile, join(catalog.root, 'a/fn.env.json'));
  });

  const tree: TreeTable = {
    ...{
      'get.root.js': '',
      'get.other.js': '',
      'helper.txt': '',
      '_shared.js': '',
      '_lib/x.js': '',
      'package.json': {},
    },
    ...{
      'node_modules/p/index.js': '',
      'tsconfig.json': {},
      'data/words.txt': '',
      'fn.config.json': { timeout_ms: 5 },
    },
    ...{
      'users/get.js': '',
      'users/post.js': '',
      'users/_shared.js': '',
      'users/names.json': '',
      'users/fn.env.json': {},
    },
    ...{
      'users/[id]/get.js': '',
      'users/[id]/note.txt': '',
      'users/admin/index.js': '',
      'users/admin/secret.txt': '',
    },
    ...{ 'orders/handler.js': '', 'orders/notes.txt': '', '.git/config': '', '.fastfn/state.db': '' },
    ...{ 'orders/v2/handler.js': '', 'orders/v2/two.txt': '' },
  };

  it('a function at the root sees neither other functions nor the state', async (t) => {
    const catalog = await scanTree(t, tree);
    assert.deepEqual(readable(catalog, 'get.root.js'), [
      ...[
        '_lib',
        '_shared.js',
        'data',
        'get.root.js',
        'helper.txt',
        'node_modules',
        'package.json',
        'tsconfig.json',
      ],
    ]);
    assert.deepEqual(unitAt(catalog, 'get.root.js').listable, []);
  });

  const above = ['_lib', '_shared.js', 'node_modules', 'package.json', 'tsconfig.json'];

  it('a file route sees helpers beside it, not the routes', async (t) => {
    const catalog = await scanTree(t, tree);
    assert.deepEqual(
      readable(catalog, 'users/get.js'),
      [...above, 'users/_shared.js', 'users/get.js', 'users/names.json'].sort(),
    );
    assert.deepEqual(shown(catalog, unitAt(catalog, 'users/get.js').listable), ['users']);
  });

  it('a parameter folder sees the helpers of its parent too', async (t) => {
    const catalog = await scanTree(t, tree);
    assert.deepEqual(
      readable(catalog, 'users/[id]/get.js'),
      [...above, 'users/[id]', 'users/_shared.js', 'users/names.json'].sort(),
    );
  });

  it('a version and its function do not see each other', async (t) => {
    const catalog = await scanTree(t, tree);
    const own = [...above, 'orders/handler.js', 'orders/notes.txt'].sort();
    assert.deepEqual(readable(catalog, 'orders/handler.js'), own);
    assert.deepEqual(readable(catalog, 'orders/v2/handler.js'), [...above, 'orders/v2'].sort());
  });

  it('sub-routes of a mixed folder share its private files', async (t) => {
    const catalog = await scanTree(t, [
      'shop/handler.js',
      'shop/core.js',
      'shop/admin/get.health.js',
      'shop/admin/u.js',
    ]);
    assert.deepEqual(readable(catalog, 'shop/handler.js'), ['shop/core.js', 'shop/handler.js']);
    assert.deepEqual(readable(catalog, 'shop/admin/get.health.js'), ['shop/admin', 'shop/core.js']);
  });

  it('a deeper entrypoint still has its function folder, and nobody else has', async (t) => {
    const catalog = await scanTree(t, {
      ...{
        'get.root.js': '',
        'g/fn.config.json': { entrypoint: 'src/app.js' },
        'g/src/app.js': '',
        'g/lib/h.js': '',
      },
      ...{ 'g/package.json': {}, 'g/fn.env.json': { A: '1' } },
    });
    assert.deepEqual(readable(catalog, 'g/src/app.js'), ['g/lib', 'g/package.json', 'g/src']);
    assert.deepEqual(readable(catalog, 'get.root.js'), ['get.root.js']);
    assert.equal(unitAt(catalog, 'g/src/app.js').envFile, join(catalog.root, 'g/fn.env.json'));
  });

  it('the target of a manifest is a function like any other', async (t) => {
    const catalog = await scanTree(t, {
      'fn.routes.json': { routes: { '/m': '_lib/m.js' } },
      '_lib/m.js': '',
      'get.x.js': '',
    });
    assert.deepEqual(readable(catalog, 'get.x.js'), ['get.x.js']);
  });

  it('links and second names of protected files are hidden', async (t) => {
    const root = makeTree(t, {
      'a/handler.js': '',
      'a/fn.env.json': { T: 's' },
      'b/handler.js': '',
      'b/data.txt': '',
    });
    symlinkSync('/etc/passwd', join(root, 'b/link.txt'));
    symlinkSync(join(root, 'a'), join(root, 'b/folder'));
    linkSync(join(root, 'a/fn.env.json'), join(root, 'a/copy.json'));
    linkSync(join(root, 'b/data.txt'), join(root, 'b/again.txt'));
    const catalog = await scan(root);
    assert.deepEqual(readable(catalog, 'a/handler.js'), ['a/handler.js']);
    assert.deepEqual(readable(catalog, 'b/handler.js'), ['b/again.txt', 'b/data.txt', 'b/handler.js']);
  });

  it("a second name of another function's protected file is hidden, whichever folder is read first", async (t) => {
    const root = makeTree(t, {
      'a/handler.js': 'x',
      'a/fn.env.json': { A: '1' },
      'm/handler.js': 'x',
      'm/ours.txt': 'x',
      'z/handler.js': 'x',
      'z/fn.env.json': { Z: '1' },
    });
    linkSync(join(root, 'a/fn.env.json'), join(root, 'm/first.txt'));
    linkSync(join(root, 'z/fn.env.json'), join(root, 'm/last.txt'));
    linkSync(join(root, 'm/ours.txt'), join(root, 'm/twice.txt'));
    const unit = unitAt(await scan(root), 'm/handler.js');
    const shown = unit.readable.map((path) => path.slice(root.length + 1)).sort();
    assert.deepEqual(shown, ['m/handler.js', 'm/ours.txt', 'm/twice.txt']);
  });

  it('python may list the root, because its importer must', async (t) => {
    const catalog = await scanTree(t, ['get.a.py', 'get.b.js', '_shared.py']);
    assert.deepEqual(shown(catalog, unitAt(catalog, 'get.a.py').listable), ['.']);
    assert.deepEqual(unitAt(catalog, 'get.b.js').listable, []);
  });
});

describe('signature: changes with what a worker can see', () => {
  const tree: TreeTable = {
    ...{
      'a/handler.js': 'one',
      'a/lib/help.js': 'x',
      'a/fn.config.json': { timeout_ms: 5 },
      'a/fn.env.json': { A: '1' },
    },
    ...{
      'a/node_modules/.package-lock.json': '{}',
      '_shared/util.js': 'x',
      'b/handler.js': 'x',
      'fn.config.json': {},
    },
  };

  async function signatures(root: string): Promise<Record<string, string>> {
    const catalog = await scan(root);
    return { a: unitAt(catalog, 'a/handler.js').signature, b: unitAt(catalog, 'b/handler.js').signature };
  }

  const edits: readonly (readonly [what: string, path: string, content: unknown, changed: string])[] = [
    ['the handler', 'a/handler.js', 'two!', 'a'],
    ['a helper', 'a/lib/help.js', 'y!', 'a'],
    ['a new helper', 'a/lib/new.js', 'y', 'a'],
    ['the config', 'a/fn.config.json', { timeout_ms: 66 }, 'a'],
    ['the environment', 'a/fn.env.json', { A: '22' }, 'a'],
    ['a new environment', 'b/fn.env.json', { A: '22' }, 'b'],
    ['installed packages', 'a/node_modules/.package-lock.json', '{ }', 'a'],
    ['a shared file', '_shared/util.js', 'y!', 'ab'],
    ['an inherited policy', 'fn.config.json', { timeout_ms: 77 }, 'b'],
    ['another function', 'c/handler.js', 'x', ''],
    ['a file nobody can see', '.fastfn/state.db', 'x', ''],
  ];

  for (const [what, path, content, changed] of edits) {
    it(`${what}: ${changed === '' ? 'nobody' : [...changed].join(' and ')} starts anew`, async (t) => {
      const root = makeTree(t, tree);
      const before = await signatures(root);
      assert.deepEqual(await signatures(root), before);
      writeTree(root, { [path]: content });
      const after = await signatures(root);
      const different = Object.keys(before).filter((name) => before[name] !== after[name]);
      assert.equal(different.join(''), changed);
    });
  }

  it('a replaced file of the same size and time is still seen', async (t) => {
    const root = makeTree(t, tree);
    utimesSync(join(root, 'a/handler.js'), 1000, 1000);
    const before = await signatures(root);
    writeFileSync(join(root, 'new'), 'two');
    utimesSync(join(root, 'new'), 1000, 1000);
    renameSync(join(root, 'new'), join(root, 'a/handler.js'));
    assert.notEqual((await signatures(root)).a, before.a);
  });

  it('a file that goes away is seen', async (t) => {
    const root = makeTree(t, tree);
    const before = await signatures(root);
    rmSync(join(root, 'a/lib/help.js'));
    mkdirSync(join(root, 'a/empty'));
    assert.notEqual((await signatures(root)).a, before.a);
  });
});
