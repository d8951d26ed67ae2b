import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type BundleScope, compileBundle, runBundle } from '../../../src/release/bundle-script.ts';

function scope(module: { exports: Record<string, unknown> }): BundleScope {
  return {
    exports: module.exports,
    module,
    require: createRequire(import.meta.filename),
    filename: '/opt/fastfn',
    dirname: '/opt',
    url: 'file:///opt/fastfn',
  };
}

function run(source: string): Record<string, unknown> {
  const module = { exports: {} };
  runBundle(compileBundle('cli', source), scope(module));
  return module.exports;
}

test('bundle: its code finds a CommonJS module around it', () => {
  const seen = run(
    'module.exports = { __filename, __dirname, __bundleUrl, path: require("node:path").sep };',
  );
  assert.deepEqual(seen, {
    __filename: '/opt/fastfn',
    __dirname: '/opt',
    __bundleUrl: 'file:///opt/fastfn',
    path: '/',
  });
});

test('bundle: a comment in its last line does not swallow the end', () => {
  assert.deepEqual(run('exports.a = 1; // the end'), { a: 1 });
});

test('bundle: import() loads a file, top-level await included', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-bundle-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'late.mjs');
  writeFileSync(file, 'export const answer = await Promise.resolve(42);');
  const loaded = run(`exports.loaded = import(${JSON.stringify(pathToFileURL(file).href)});`).loaded;
  assert.equal((await (loaded as Promise<{ answer: number }>)).answer, 42);
});

test('bundle: a code cache is accepted for the same text and refused for any other', () => {
  const cache = compileBundle('cli', 'exports.a = 1;').createCachedData();
  assert.equal(compileBundle('cli', 'exports.a = 1;', cache).cachedDataRejected, false);
  assert.equal(compileBundle('cli', 'exports.a = 1; ', cache).cachedDataRejected, true);
});
