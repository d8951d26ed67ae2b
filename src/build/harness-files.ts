// The worker's own sources, which are compiled together with a function's: from `runtimes/<language>`, in every form of
// the product.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeName } from '../policy/runtime-name.ts';
import type { SourceFile } from './source-files.ts';

/** Paths are relative to the language's folder; its `runtime.json` is not part of the program. In the order of paths. */
export async function harnessFiles(runtimesDir: string, runtime: RuntimeName): Promise<SourceFile[]> {
  const folder = join(runtimesDir, runtime);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'runtime.json');
  const found = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const file = join(parentPath, name);
      return { path: file.slice(folder.length + 1), bytes: await readFile(file) };
    }),
  );
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
