// Reads a composer.json as far as a plan needs it: which of the function's own files composer must see.
// Source: contract/dependencies.md 4.

import { join } from 'node:path';
import { readManifest, shownPath } from '../function-files.ts';
import { isObject, parseJsonManifest } from '../json-manifest.ts';

export interface ComposerJson {
  readonly text: string;
  /** `require` without what names PHP itself, its extensions and composer; lower case. */
  readonly required: readonly string[];
  /** Files and folders, as written, that composer reads while it installs: local repositories, class maps, loaded files. */
  readonly localPaths: readonly string[];
}

/** null: the folder has none. @throws PlanFault where it is no JSON object */
export function readComposerJson(dir: string, root: string): ComposerJson | null {
  const text = readManifest(join(dir, 'composer.json'), root);
  if (text === null) return null;
  const document = parseJsonManifest(text, 'composer.json', shownPath(dir, root));
  const autoload = isObject(document['autoload']) ? document['autoload'] : {};
  const required = isObject(document['require']) ? Object.keys(document['require']) : [];
  return {
    text,
    required: required.filter((name) => name.includes('/')).map((name) => name.toLowerCase()),
    localPaths: [
      ...localRepositories(document['repositories']),
      ...textsOf(autoload['files']),
      ...textsOf(autoload['classmap']),
    ],
  };
}

function localRepositories(repositories: unknown): string[] {
  const list: unknown = isObject(repositories) ? Object.values(repositories) : repositories;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    if (!isObject(entry) || (entry['type'] !== 'path' && entry['type'] !== 'artifact')) return [];
    const { url } = entry;
    // `packages/*`: the folder above holds whatever the pattern finds.
    return typeof url === 'string' ? [url.replace(/\/?[^/]*[*?[{].*$/, '') || '.'] : [];
  });
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
