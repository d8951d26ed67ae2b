// What one folder asks npm for: its package.json, its lock, its own npm settings, and local packages. As facts for a plan.

import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PlanFault } from '../build-planner.ts';
import { filesOf, readManifest, shownPath, type View } from '../function-files.ts';
import { isObject } from '../json-manifest.ts';
import { hasDependencies, type PackageJson } from './package-json.ts';

export interface PackageSet {
  readonly manifest: PackageJson;
  /** `package-lock.json`, else `npm-shrinkwrap.json`; null: neither. */
  readonly lock: { readonly name: string; readonly text: string } | null;
  /** Project settings of npm, such as a registry for a scope; null: none. */
  readonly npmrc: string | null;
  /** Files of `file:` dependencies, relative to the folder. */
  readonly local: readonly { readonly path: string; readonly copyOf: string }[];
}

/** null: nothing is asked for. @throws PlanFault for a file that cannot be read or leads out of the folder */
export function readPackageSet(manifest: PackageJson | null, view: View, root: string): PackageSet | null {
  if (!hasDependencies(manifest)) return null;
  const { dir } = manifest;
  const locks = ['package-lock.json', 'npm-shrinkwrap.json'].map((name) => ({
    name,
    text: readManifest(join(dir, name), root),
  }));
  const lock = locks.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]))[0] ?? null;
  return {
    manifest,
    lock,
    npmrc: readManifest(join(dir, '.npmrc'), root),
    local: localFiles(manifest, view, root),
  };
}

function localFiles({ dir, required, optional }: PackageJson, view: View, root: string) {
  const ranges = [...required.values(), ...optional.values()];
  const paths = ranges.flatMap((range) => /^(?:file:|link:)?(\.{1,2}\/.*)$/.exec(range)?.[1] ?? []);
  return paths
    .flatMap((path) => filesOf(path, dir, view, root))
    .map((file) => {
      const path = relative(dir, file);
      if (!path.startsWith('..')) return { path, copyOf: file };
      const named = shownPath(join(dir, 'package.json'), root);
      throw new PlanFault(`cannot use ${shownPath(file, root)}: ${named} names a file outside its folder`);
    });
}

/** Names that the lock holds at the top, or null for all where it cannot be read: npm will tell. */
export function lockedNames(lock: PackageSet['lock']): ReadonlyMap<string, string> {
  const packages = lockPackages(lock);
  const names = Object.entries(packages).flatMap(([path, entry]) => {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    return name === undefined || !isObject(entry) ? [] : [[name, String(entry['version'] ?? '')] as const];
  });
  return new Map(names);
}

function lockPackages(lock: PackageSet['lock']): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(lock?.text ?? '{}');
    const packages = isObject(document) ? document['packages'] : undefined;
    return isObject(packages) ? packages : {};
  } catch {
    return {};
  }
}

/**
 * Whether a node_modules that somebody filled holds what is asked for: by name, and by version where the manifest or the lock
 * names one exactly.
 */
export function isMetByHand({ manifest, lock }: PackageSet, root: string): boolean {
  const locked = lockedNames(lock);
  return [...manifest.required].every(([name, range]) => {
    const version = installedVersion(join(manifest.dir, 'node_modules', name), root);
    if (version === null) return false;
    const exact = locked.get(name) || (/^\d+\.\d+\.\d+[\w.+-]*$/.test(range) ? range : version);
    return exact === version;
  });
}

function installedVersion(folder: string, root: string): string | null {
  const file = join(folder, 'package.json');
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return null;
  try {
    const document: unknown = JSON.parse(readManifest(file, root) ?? '');
    return isObject(document) ? String(document['version'] ?? '') : null;
  } catch {
    return null;
  }
}
