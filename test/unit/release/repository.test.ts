import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { dataFilesOf, repositoryRoot } from '../../../src/release/repository.ts';

test('data files: everything but TypeScript, prose and what a language generates, in order', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-data-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const written = [
    'python/main.py',
    'node/main.ts',
    'node/runtime.json',
    'python/__pycache__/main.pyc',
    'python/worker/frame.py',
    'README.md',
  ];
  for (const file of written) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  assert.deepEqual(dataFilesOf(folder), ['node/runtime.json', 'python/main.py', 'python/worker/frame.py']);
});

test('data files: those of the repository hold the row of every language', () => {
  const files = dataFilesOf(join(repositoryRoot, 'runtimes'));
  for (const language of ['node', 'python']) assert.ok(files.includes(`${language}/runtime.json`), language);
  assert.ok(files.includes('python/main.py'));
});
