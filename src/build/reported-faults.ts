// Sees to it that a function whose plan fails has a state file that says so (contract/dependencies.md 9): a fault met before
// anything was known is told with the little that is.

import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildPlanner, PlanFault } from './build-planner.ts';
import { manifestFolder } from './manifest-folder.ts';

/** @param manifest file name, for example `package.json` */
export function withReportedFaults(manifest: string, planner: BuildPlanner): BuildPlanner {
  return async (unit, tools) => {
    try {
      return await planner(unit, tools);
    } catch (error) {
      if (!(error instanceof PlanFault) || error.report !== null) throw error;
      const path = join(manifestFolder(unit, manifest), manifest);
      const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      throw new PlanFault(error.message, { mode: 'manifest', manifestPath: isThere ? path : null });
    }
  };
}
