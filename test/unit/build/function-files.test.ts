// Which files of a function a plan may read and copy, and where its manifest is.
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { filesOf, isInView, readManifest } from '../../../src/build/function-files.ts';
import { manifestFolder } from '../../../src/build/manifest-folder.ts';
import { writeManifest } from '../../../src/build/write-manifest.ts';
import { makeTree, removeTree, type Tree } from '../../integration/support/tree.ts';

function tree(context: TestContext, files: Tree): string {
  const root = makeTree(files);
  context.after(() => removeTree(root));
  return root;
}

describe('files of a function', () => {
  test('a manifest is a regular file of bounded size, or a fault that names it', (context) => {
    const root = tree(context, { 'f/a.txt': 'text', 'f/big.txt': '' });
    assert.equal(readManifest(join(root, 'f/a.txt'), root), 'text');
    assert.equal(readManifest(join(root, 'f/none.txt'), root), null);
    assert.equal(readManifest(join(root, 'f/a.txt/none'), root), null);
    symlinkSync('/etc/hostname', join(root, 'f/link.txt'));
    assert.throws(() => readManifest(join(root, 'f/link.txt'), root), {
      message: /^cannot read f\/link\.txt: found a link/,
    });
    truncateSync(join(root, 'f/big.txt'), 20_000_000);
    assert.throws(() => readManifest(join(root, 'f/big.txt'), root), { message: /found 20000000 bytes/ });
  });

  test("what is protected or another function's is in no view", () => {
    const view = { readable: ['/r/f', '/r/.fastfn/packs/node/p', '/r/x.js'] };
    const seen = ['/r/f/a', '/r/f', '/r/x.js', '/r/.fastfn/packs/node/p/a'];
    for (const path of seen) assert.ok(isInView(view, path), path);
    const unseen = ['/r/fg', '/r/f/fn.env.json', '/r/f/.git/config', '/r/x.jsx', '/r/.fastfn/state/a'];
    for (const path of unseen) assert.ok(!isInView(view, path), path);
  });

  test('files below a folder come without links, protected ones and installed packages', (context) => {
    const root = tree(context, {
      'f/lib/a.py': '',
      'f/lib/deep/b.py': '',
      'f/lib/fn.env.json': '{}',
      'f/lib/node_modules/c': '',
    });
    symlinkSync('/etc', join(root, 'f/lib/link'));
    const view = { readable: [join(root, 'f')] };
    const found = filesOf('./lib', join(root, 'f'), view, root);
    assert.deepEqual(found, [join(root, 'f/lib/a.py'), join(root, 'f/lib/deep/b.py')]);
    for (const path of ['./none', '../g', '/etc', 'lib/link'])
      assert.throws(
        () => filesOf(path, join(root, 'f'), view, root),
        { message: /^cannot find .*, named in f,/ },
        path,
      );
  });

  test('too many of them are a fault', (context) => {
    const many = Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`f/lib/${at}`, '']));
    const root = tree(context, many);
    assert.throws(() => filesOf('lib', join(root, 'f'), { readable: [root] }, root), {
      message: /holds more than 2000 files/,
    });
  });
});

test('the manifest of a function is in its folder, or in one above it that belongs to it', (context) => {
  const root = tree(context, {
    'm.txt': '',
    'f/m.txt': '',
    'f/src/h.py': '',
    'g/[id]/h.py': '',
    'g/m.txt': '',
    'h/v2/h.py': '',
  });
  const folder = (dir: string, home: string) =>
    manifestFolder({ dir: join(root, dir), home: join(root, home) }, 'm.txt').slice(root.length + 1);
  assert.equal(folder('f/src', 'f'), 'f');
  assert.equal(folder('f/src', 'f/src'), 'f/src');
  assert.equal(folder('g/[id]', 'g/[id]'), 'g');
  assert.equal(folder('h/v2', 'h/v2'), 'h/v2');
});

describe('writing a manifest', () => {
  test('replaces it in one step, keeps its mode, leaves nothing else', (context) => {
    const root = tree(context, { 'a.txt': 'old' });
    const path = join(root, 'a.txt');
    chmodSync(path, 0o600);
    assert.ok(writeManifest(path, 'new'));
    assert.equal(readFileSync(path, 'utf8'), 'new');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(root), ['a.txt']);
  });

  test('never goes through a link, and a folder that is away is no failure', (context) => {
    const root = tree(context, { 'target.txt': 'kept' });
    symlinkSync('target.txt', join(root, 'link.txt'));
    assert.ok(!writeManifest(join(root, 'link.txt'), 'new'));
    assert.ok(!writeManifest(join(root, 'none/a.txt'), 'new'));
    assert.equal(readFileSync(join(root, 'target.txt'), 'utf8'), 'kept');
  });
});
