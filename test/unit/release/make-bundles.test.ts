import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleNames, codeCacheAsset, compileBundle } from '../../../src/release/bundle-script.ts';
import { makeBundles } from '../../../src/release/make-bundles.ts';

test('bundles: each role has a bundle of its own and a code cache that V8 accepts', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-bundles-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'part.ts'),
    "export const part = (text: string): string => 'cli '.concat(text);",
  );
  writeFileSync(
    join(folder, 'cli.ts'),
    "import { part } from './part.ts'; export const said: string = part(import.meta.url);",
  );
  writeFileSync(join(folder, 'launcher.ts'), "export const said = 'launcher';");
  writeFileSync(join(folder, 'worker.ts'), "export const said = 'worker';");
  const { main, assets } = await makeBundles(
    {
      cli: join(folder, 'cli.ts'),
      launcher: join(folder, 'launcher.ts'),
      'node-worker': join(folder, 'worker.ts'),
      'lua-worker': join(folder, 'worker.ts'),
    },
    folder,
  );
  assert.deepEqual(
    Object.keys(assets).sort(),
    bundleNames.flatMap((name) => [name, codeCacheAsset(name)]).sort(),
  );
  for (const name of bundleNames) {
    const source = readFileSync(String(assets[name]), 'utf8');
    const cache = readFileSync(String(assets[codeCacheAsset(name)]));
    assert.equal(compileBundle(name, source, cache).cachedDataRejected, false, name);
    assert.equal(source.includes('import.meta'), false, name);
  }
  assert.ok(readFileSync(main).length < 10_000, 'the first code of the binary must stay small');
});
