// Deletes a function: moves what is its own into the trash, from where it can be taken back until the next change. What belongs
// to other functions, versions included, stays. Source: contract/control-plane.md 6.3.

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Catalog, FunctionUnit } from '../discovery/catalog.ts';
import { isVersionName } from '../discovery/entry-file.ts';
import { GatewayError } from '../errors.ts';
import type { ControlCall } from './access-row.ts';
import { checkConditions } from './etag.ts';
import { configPathOf, envPathOf, namesOf } from './function-target.ts';
import { readCode } from './function-view.ts';
import type { HandlerParts } from './handler-parts.ts';
import { checkWay, removeEmptyFolders, statOrNull } from './tree-file.ts';

/** To be called alone among all changes. */
export async function deleteFunction(
  { deps, changes, trash }: HandlerParts,
  { query, request }: ControlCall,
): Promise<unknown> {
  const catalog = deps.catalog();
  const unit = ownUnit(catalog, query);
  await checkWay(catalog.root, unit.entry);
  checkConditions(request.headers, (await readCode(unit)).bytes);
  const paths = await ownPaths(catalog, unit);
  const names = namesOf(unit);
  await changes.carryOut({
    apply: async () => {
      await trash.put(catalog.root, paths, { kind: 'function', ...names });
      // The folder of a language stays: without FN_RUNTIMES it is what switches the language on.
      const grouped = join(catalog.root, unit.runtime);
      const stop = unit.home.startsWith(`${grouped}/`) ? grouped : catalog.root;
      await removeEmptyFolders(unit.home, stop);
    },
    revert: () => trash.takeBack(catalog.root).then(() => {}),
    mayVanish: (key) => key === unit.key,
    keepsTrash: true,
  });
  return { ok: true, ...names, undo: '/_fn/undo' };
}

function ownUnit(catalog: Catalog, { runtime, name, version = '' }: ControlCall['query']): FunctionUnit {
  const wanted = version === '' ? 'default' : version;
  const found = [...catalog.functions.values()].find(
    (unit) => unit.runtime === runtime && unit.name === name && unit.version === wanted,
  );
  if (found === undefined) throw new GatewayError('not_found', { text: 'function not found' });
  return found;
}

/** Top entries that belong to this function and to no other, absolute. */
async function ownPaths(catalog: Catalog, unit: FunctionUnit): Promise<string[]> {
  if (unit.kind === 'file') return [unit.entry];
  // The root is every function's folder: only what names this one goes.
  const candidates =
    unit.home === catalog.root
      ? [unit.entry, configPathOf(unit), envPathOf(unit)]
      : (await readdir(unit.home)).map((name) => join(unit.home, name));
  const others = [...catalog.functions.values()].filter((other) => other.key !== unit.key);
  const kept: string[] = [];
  for (const path of candidates) {
    const stats = await statOrNull(path);
    if (stats === null || (stats.isDirectory() && isVersionName(path.slice(dirname(path).length + 1))))
      continue;
    const isShared = others.some((other) => other.entry === path || other.entry.startsWith(`${path}/`));
    if (!isShared) kept.push(path);
  }
  return kept;
}
