// The environment files of a catalog, checked without keeping a value: for those who only look.

import { relative } from 'node:path';
import type { Fault } from '../policy/fault.ts';
import type { Catalog } from './catalog.ts';
import { loadFunctionEnv } from './function-env.ts';

/** Faults of every `fn.env.json` that some function uses; each file is read once. */
export function findEnvFaults(catalog: Catalog): readonly Fault[] {
  const files = new Set(
    [...catalog.functions.values()].flatMap(({ envFile }) => (envFile === null ? [] : [envFile])),
  );
  return [...files].flatMap((path) => loadFunctionEnv(path, relative(catalog.root, path)).faults);
}
