// Makes the JavaScript of the binary: one bundle a role and a code cache for each, in a work folder.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { build } from 'esbuild';
import { type BundleName, bundleNames, codeCacheAsset, compileBundle } from './bundle-script.ts';
import { repositoryRoot } from './repository.ts';

/** Where each role's program starts. */
export type BundleEntries = Readonly<Record<BundleName, string>>;

export const productEntries: BundleEntries = {
  cli: join(repositoryRoot, 'src/cli/main.ts'),
  launcher: join(repositoryRoot, 'src/sandbox/launcher/main.ts'),
  'node-worker': join(repositoryRoot, 'runtimes/node/main.ts'),
  'lua-worker': join(repositoryRoot, 'runtimes/lua/main.ts'),
};

async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    // Names stay: a stack trace in an operator's log must be readable.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'inline',
    logLevel: 'warning',
    define: {
      'import.meta.url': '__bundleUrl',
      'import.meta.filename': '__filename',
      'import.meta.dirname': '__dirname',
      'import.meta.main': 'true',
    },
  });
}

/** Code cache of a whole bundle. Compiled eagerly: functions that run later are in it too, without running any here. */
function codeCacheOf(name: BundleName, file: string): Buffer {
  setFlagsFromString('--no-lazy');
  const script = compileBundle(name, readFileSync(file, 'utf8'));
  // V8 stamps a cache with its flags; the binary runs with the default ones.
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

/** Bundles every role and the binary's first code into `folder`; returns the assets by name and the first code's file. */
export async function makeBundles(
  entries: BundleEntries,
  folder: string,
): Promise<{ main: string; assets: Record<string, string> }> {
  const assets: Record<string, string> = {};
  for (const name of bundleNames) {
    const file = join(folder, `${name}.cjs`);
    await bundle(entries[name], file);
    const cache = join(folder, codeCacheAsset(name));
    writeFileSync(cache, codeCacheOf(name, file));
    assets[name] = file;
    assets[codeCacheAsset(name)] = cache;
  }
  const main = join(folder, 'main.cjs');
  await bundle(join(import.meta.dirname, 'binary-main.ts'), main);
  return { main, assets };
}
