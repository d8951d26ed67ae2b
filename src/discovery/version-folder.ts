// Which sub-folders of a function are versions of it (contract/routing.md 3.2).

import { isSingleEntry, isVersionName } from './entry-file.ts';
import type { Folder } from './folder.ts';
import type { Plan } from './plan.ts';

/** Direct children that are called like a version and are one function each. */
export function versionFolders(plan: Plan, folder: Folder): Folder[] {
  return folder.folders.filter(
    (child) => isVersionName(child.name) && !plan.isIgnored(child.name) && isSingleEntry(child),
  );
}
