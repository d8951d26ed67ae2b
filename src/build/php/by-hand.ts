// Whether a `vendor` folder that somebody filled already holds what composer.json and the lock name: then nothing is installed.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '../function-files.ts';
import { isObject } from '../json-manifest.ts';
import type { ComposerJson } from './composer-json.ts';

/** By name, and by version where there is a lock. */
export function isMetByHand(
  dir: string,
  manifest: ComposerJson,
  lockText: string | null,
  root: string,
): boolean {
  if (!existsSync(join(dir, 'vendor', 'autoload.php'))) return false;
  const installed = versionsIn(readManifest(join(dir, 'vendor', 'composer', 'installed.json'), root));
  const locked = versionsIn(lockText);
  return (
    manifest.required.every((name) => installed.has(name)) &&
    [...locked].every(([name, version]) => installed.get(name) === version)
  );
}

/** Both files have a list of packages with name and version. */
function versionsIn(text: string | null): Map<string, string> {
  const document = parse(text ?? '{}');
  const packages: unknown = isObject(document) ? document['packages'] : document;
  const entries: unknown[] = Array.isArray(packages) ? packages : [];
  return new Map(
    entries.filter(isObject).map((entry) => [String(entry['name']).toLowerCase(), String(entry['version'])]),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
