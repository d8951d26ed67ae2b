import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harnessFiles } from '../../../src/build/harness-files.ts';
import { collectSources, workspaceFile } from '../../../src/build/source-files.ts';
import { makeTree, removeTree } from '../../integration/support/tree.ts';

test('source files: what the worker may read below the folder, without links, protected files, other builds and tool settings', async (context) => {
  const root = makeTree({
    'f/handler.go': 'a',
    'f/lib/x.go': 'b',
    'f/data.bin': 'c',
    'f/fn.config.json': '{}',
    'f/fn.env.json': '{}',
    'f/.cargo/config.toml': 'x',
    'f/.hidden': 'x',
    'f/target/debug/x': 'x',
    'f/vendor/x.go': 'x',
    'f/node_modules/x.js': 'x',
    'other/x.go': 'x',
  });
  context.after(() => removeTree(root));
  symlinkSync('/etc/passwd', join(root, 'f/link.go'));
  symlinkSync('/etc', join(root, 'f/linked'));
  const f = join(root, 'f');
  const paths = async (readable: readonly string[]) =>
    (await collectSources(f, readable)).map(({ path, bytes }) => `${path}=${bytes}`);
  assert.deepEqual(await paths([f, join(root, 'other')]), ['data.bin=c', 'handler.go=a', 'lib/x.go=b']);
  assert.deepEqual(await paths([root]), ['data.bin=c', 'handler.go=a', 'lib/x.go=b'], 'a folder above');
  assert.deepEqual(await paths([join(f, 'handler.go'), join(f, 'handler.go'), join(f, 'link.go')]), [
    'handler.go=a',
  ]);
  assert.deepEqual(await paths([join(f, 'gone.go')]), []);
});

test('source files: too many are a fault that names the limit', async (context) => {
  const root = makeTree(
    Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`f/${index}.txt`, ''])),
  );
  context.after(() => removeTree(root));
  await assert.rejects(
    collectSources(join(root, 'f'), [root]),
    /^PlanFault: too much to compile: at most 2000 files/,
  );
});

test('source files: text goes into the plan, bytes stay in their file', () => {
  assert.deepEqual(workspaceFile('/f', { path: 'a.go', bytes: Buffer.from('ü') }), {
    path: 'a.go',
    text: 'ü',
  });
  assert.deepEqual(workspaceFile('/f', { path: 'a.png', bytes: Buffer.from([0xff]) }), {
    path: 'a.png',
    copyOf: '/f/a.png',
  });
});

test('harness files: the sources of a worker and nothing that a compiler left beside them', async (context) => {
  const root = makeTree({
    'rust/runtime.json': '{}',
    'rust/Cargo.toml': 't',
    'rust/Cargo.lock': 'l',
    'rust/notes.md': 'x',
    'rust/src/lib.rs': 'r',
    'rust/target/debug/build.rs': 'x',
  });
  context.after(() => removeTree(root));
  const found = await harnessFiles(root, 'rust');
  assert.deepEqual(
    found.map(({ path }) => path),
    ['Cargo.lock', 'Cargo.toml', 'src/lib.rs'],
  );
});
