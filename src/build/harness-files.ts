// The worker's own sources, which are compiled together with a function's: from `runtimes/<language>`, in every form of
// the product.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { SourceFile } from './source-files.ts';

/** Not what a developer's own compiler leaves beside them. */
const sources = /\.(?:go|mod|rs|toml|lock)$/;

/** Paths are relative to the language's folder; its `runtime.json` is none of them. In the order of paths. */
export async function harnessFiles(runtimesDir: string, runtime: RuntimeName): Promise<SourceFile[]> {
  const folder = join(runtimesDir, runtime);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .filter((path) => sources.test(path) && !path.startsWith('target/'));
  const found = await Promise.all(
    files.map(async (path) => ({ path, bytes: await readFile(join(folder, path)) })),
  );
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
