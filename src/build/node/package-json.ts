// Reads a package.json as far as a plan needs it. Source: contract/dependencies.md 3.1.

import { join } from 'node:path';
import { PlanFault } from '../build-planner.ts';
import { readManifest, shownPath } from '../function-files.ts';

export interface PackageJson {
  /** Absolute folder that holds it. */
  readonly dir: string;
  readonly text: string;
  readonly document: Readonly<Record<string, unknown>>;
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
  const fault = (detail: string) =>
    new PlanFault(`invalid package.json at ${shownPath(dir, root)}: ${detail}`);
  const document = parse(text, fault);
  if (!isObject(document)) throw fault('expected JSON object');
  const tables = ['dependencies', 'optionalDependencies'].map((key) => {
    const table = document[key];
    if (table !== undefined && !isObject(table)) throw fault(`expected an object in ${key}`);
    return new Map(Object.entries(table ?? {}).map(([name, range]) => [name, String(range)]));
  });
  return { dir, text, document, required: tables[0] ?? new Map(), optional: tables[1] ?? new Map() };
}

export function hasDependencies(manifest: PackageJson | null): manifest is PackageJson {
  return manifest !== null && manifest.required.size + manifest.optional.size > 0;
}

function parse(text: string, fault: (detail: string) => PlanFault): unknown {
  try {
    // A byte order mark is no JSON, and npm reads over it.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw fault(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it cannot be read');
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
