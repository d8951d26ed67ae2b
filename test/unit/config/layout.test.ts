import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveLayout } from '../../../src/config/layout.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

test('layout: a checkout runs its own files, with the Node that runs us', () => {
  assert.deepEqual(resolveLayout(), {
    kind: 'checkout',
    version: JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')).version,
    node: process.execPath,
    codeRoot: repository,
    packageRoot: repository,
  });
  assert.ok(Object.isFrozen(resolveLayout()));
});
