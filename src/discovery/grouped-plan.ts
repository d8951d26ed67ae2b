// The runtime-grouped layout, `<root>/<runtime>/<name>/handler.*`, and loose route files inside a runtime folder.
// Source: contract/routing.md 2.4, 3.

import type { RuntimeName } from '../policy/runtime-name.ts';
import { defaultEntries, entryFor, isSingleEntry } from './entry-file.ts';
import { claimFiles, type FolderMode, planChildren, planFolder } from './file-plan.ts';
import type { Folder } from './folder.ts';
import { describe, type NamedFunction, registerNamed, warnWrongRuntime } from './named-function.ts';
import { type Plan, searchDepth } from './plan.ts';
import { versionFolders } from './version-folder.ts';

export interface RuntimeFolder {
  readonly runtime: RuntimeName;
  readonly folder: Folder;
  readonly functions: readonly NamedFunction[];
}

/** Finds the functions of every enabled runtime's folder, runtimes in alphabetical order. */
export function findGrouped(plan: Plan, root: Folder): RuntimeFolder[] {
  return [...plan.options.runtimes].sort().flatMap((runtime) => {
    const folder = root.folders.find((child) => child.name === runtime);
    if (folder === undefined) return [];
    const functions: NamedFunction[] = [];
    for (const child of folder.folders) collect(plan, child, runtime, [child.name], functions);
    return [{ runtime, folder, functions }];
  });
}

function collect(
  plan: Plan,
  folder: Folder,
  runtime: RuntimeName,
  path: readonly string[],
  found: NamedFunction[],
): void {
  if (plan.isIgnored(folder.name)) return;
  if (!/^[A-Za-z0-9_-]+$/.test(folder.name)) {
    if (isSingleEntry(folder) || !folder.name.startsWith('[')) {
      plan.warn('bad_namespace', folder.path, 'not a function: a name holds letters, digits, _ and - only');
    }
    return;
  }
  const isFunction = entryFor(folder, runtime) !== null || hasOnlyVersions(plan, folder);
  if (isFunction) {
    found.push(describe(plan, folder, runtime, path.join('/')));
    return;
  }
  if (isSingleEntry(folder)) warnWrongRuntime(plan, folder, runtime);
  if (path.length < plan.options.namespaceDepth) {
    for (const child of folder.folders) collect(plan, child, runtime, [...path, child.name], found);
  } else if (folder.folders.some((child) => !plan.isIgnored(child.name) && isSingleEntry(child))) {
    const limit = plan.options.namespaceDepth;
    plan.warn(
      'too_deep',
      folder.path,
      `functions below it are not served: a name has at most ${limit} parts`,
    );
  }
}

/** No entry of its own, and every sub-folder that is a function is called like a version. */
function hasOnlyVersions(plan: Plan, folder: Folder): boolean {
  if (isSingleEntry(folder)) return false;
  const functions = folder.folders.filter((child) => !plan.isIgnored(child.name) && isSingleEntry(child));
  return functions.length > 0 && functions.length === versionFolders(plan, folder).length;
}

/** `php/get.export.php` is `GET /php/export`: explicit files beside the functions, and nothing else. */
export function planLooseFiles(plan: Plan, group: RuntimeFolder): void {
  const { folder, runtime } = group;
  if (defaultEntries(folder).length > 0) {
    plan.warn(
      'runtime_folder_entry',
      folder.path,
      'a runtime folder is no function: its own files are not routed',
    );
    return;
  }
  const closed = new Set(group.functions.map((named) => named.folder));
  for (const single of singleEntryFolders(folder)) closed.add(single);
  const mode = {
    prefix: [runtime],
    mixed: true,
    mayBeNamed: false,
    deepest: folder.depth + searchDepth,
    closed,
    found: [],
  };
  planFolder(plan, folder, mode);
}

function singleEntryFolders(folder: Folder): Folder[] {
  return folder.folders.flatMap((child) => (isSingleEntry(child) ? [child] : singleEntryFolders(child)));
}

/** Default routes, then the explicit files of its sub-tree, then the routes of its versions. */
export function planGrouped(plan: Plan, named: NamedFunction, taken: Set<string>): void {
  registerNamed(plan, named, taken);
  const mode: FolderMode = {
    prefix: named.prefix,
    mixed: true,
    mayBeNamed: false,
    deepest: named.folder.depth + searchDepth,
    closed: new Set(),
    found: [],
  };
  if (named.entry !== null) claimFiles(plan, named.folder, mode, true);
  planChildren(plan, named.folder, mode, named);
}
