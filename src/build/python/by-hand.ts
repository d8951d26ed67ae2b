// Whether a `.deps` folder that somebody filled already holds what the manifest names: then nothing is installed.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { normalizeName, type RequirementsFile } from './requirements-file.ts';

/**
 * By the names and exact versions of its `.dist-info` folders; ranges count as met, paths and other files as not.
 * @param dir holds `.deps`
 */
export function isMetByHand(dir: string, asked: readonly RequirementsFile[]): boolean {
  if (asked.some((file) => file.hasDirect || file.includes.length > 0)) return false;
  const installed = installedVersions(join(dir, '.deps'));
  const pins = asked.flatMap((file) => [...file.pins]);
  return (
    pins.length > 0 &&
    pins.every(([name, version]) => {
      const found = installed.get(name);
      return found !== undefined && (version === null || version === found);
    })
  );
}

function installedVersions(folder: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const name of listing(folder)) {
    const found = /^(.+)-([^-]+)\.dist-info$/.exec(name);
    if (found !== null) versions.set(normalizeName(found[1] ?? ''), found[2] ?? '');
  }
  return versions;
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
