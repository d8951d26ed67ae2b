// The planner of each language; null where a function of it never needs a build.

import type { RuntimeName } from '../policy/runtime-name.ts';
import type { BuildPlanner } from './build-planner.ts';

export const planners: Readonly<Record<RuntimeName, BuildPlanner | null>> = {
  node: null,
  python: null,
  php: null,
  lua: null,
  rust: null,
  go: null,
};
