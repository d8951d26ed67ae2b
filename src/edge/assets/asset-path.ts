// From the path of a request to the files that could answer it (contract/assets-home-openapi.md A3). Decodes once; knows no
// dotfile but `.well-known`, no config of the product, no backslash.

import { parseRequestPath } from '../../discovery/request-path.ts';

export interface AssetPath {
  /** Decoded, none empty. */
  readonly segments: readonly string[];
  /** The path ends with a slash: only a folder's index can answer. */
  readonly isFolder: boolean;
}

/** Configs and secrets of the product that somebody left among the files, and what editors and tools make of their names. */
const productFile = /^(?:fn\.[^.]+\.json|fastfn\.(?:json|toml))/i;

/** null: no file has this path. */
export function parseAssetPath(rawPath: string): AssetPath | null {
  const path = parseRequestPath(rawPath);
  if (path.kind !== 'ok' || path.key === null || !path.segments.every(isServableSegment)) return null;
  return { segments: path.segments, isFolder: rawPath.endsWith('/') || path.segments.length === 0 };
}

/** Holds for names on disk as for names in paths: a link must not lead to what its own name could not. */
export function isServableSegment(name: string, index: number): boolean {
  if (name.startsWith('.') && !(index === 0 && name === '.well-known')) return false;
  return !/[\\/\p{Cc}]/u.test(name) && !productFile.test(name);
}

/** For `Location`: every segment encoded again, so that no path can look like another host's. */
export function folderLocation(path: AssetPath, query: string): string {
  const text = `/${path.segments.map(encodeURIComponent).join('/')}/`;
  return query === '' ? text : `${text}?${query}`;
}
