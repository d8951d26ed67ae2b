// Reads a package.json as far as a plan needs it. Source: contract/dependencies.md 3.1.

import { join } from 'node:path';
import { PlanFault } from '../build-planner.ts';
import { readManifest, shownPath } from '../function-files.ts';
import { isObject, type JsonObject, parseJsonManifest } from '../json-manifest.ts';

export interface PackageJson {
  /** Absolute folder that holds it. */
  readonly dir: string;
  readonly text: string;
  readonly document: JsonObject;
  /** `dependencies`: name → range. */
  readonly required: ReadonlyMap<string, string>;
  /** `optionalDependencies`. */
  readonly optional: ReadonlyMap<string, string>;
}

/**
 * null: the folder has none.
 * @throws PlanFault in the contract's words where it is no JSON object
 */
export function readPackageJson(dir: string, root: string): PackageJson | null {
  const text = readManifest(join(dir, 'package.json'), root);
  if (text === null) return null;
  const place = shownPath(dir, root);
  const document = parseJsonManifest(text, 'package.json', place);
  const table = (key: string): ReadonlyMap<string, string> => {
    const ranges = document[key] ?? {};
    if (isObject(ranges))
      return new Map(Object.entries(ranges).map(([name, range]) => [name, String(range)]));
    throw new PlanFault(`invalid package.json at ${place}: expected an object in ${key}`);
  };
  return { dir, text, document, required: table('dependencies'), optional: table('optionalDependencies') };
}

export function hasDependencies(manifest: PackageJson | null): manifest is PackageJson {
  return manifest !== null && manifest.required.size + manifest.optional.size > 0;
}
