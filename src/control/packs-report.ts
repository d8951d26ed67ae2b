// `GET /_fn/packs`: the shared packs of the functions folder that functions may name in `shared_deps` (contract/dependencies.md 8).

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { statOrNull } from './tree-file.ts';

const packRuntimes = ['node', 'python'] as const;
const maxPacks = 500;

/** @param functionsRoot absolute; packs lie in `.fastfn/packs/<runtime>/<name>` below it */
export async function packsReport(
  functionsRoot: string,
  nowEpochMs: number,
): Promise<Record<string, unknown>> {
  const root = join(functionsRoot, '.fastfn', 'packs');
  const runtimes = await Promise.all(
    packRuntimes.map(
      async (runtime) => [runtime, { packs: await packsOf(join(root, runtime), runtime) }] as const,
    ),
  );
  return { generated_at: nowEpochMs / 1000, packs_root: root, runtimes: Object.fromEntries(runtimes) };
}

async function packsOf(folder: string, runtime: (typeof packRuntimes)[number]): Promise<unknown[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
  return Promise.all(
    names
      .sort()
      .slice(0, maxPacks)
      .map((name) => describePack(join(folder, name), name, runtime)),
  );
}

async function describePack(
  dir: string,
  name: string,
  runtime: (typeof packRuntimes)[number],
): Promise<unknown> {
  const has = async (file: string): Promise<boolean> => (await statOrNull(join(dir, file))) !== null;
  if (runtime === 'python') {
    return { name, dir, requirements_txt: await has('requirements.txt'), deps_dir: await has('.deps') };
  }
  const lock = (await has('package-lock.json')) ? 'package-lock.json' : null;
  return {
    name,
    dir,
    package_json: await has('package.json'),
    ...(lock === null ? {} : { lock_file: lock }),
    node_modules: await has('node_modules'),
  };
}
