// The planner of each language; null where a function of it never needs a build.

import type { RuntimeName } from '../policy/runtime-name.ts';
import type { BuildPlanner } from './build-planner.ts';
import { planNode } from './node/plan-node.ts';
import { planPhp } from './php/plan-php.ts';
import { planPython } from './python/plan-python.ts';

export const planners: Readonly<Record<RuntimeName, BuildPlanner | null>> = {
  node: planNode,
  python: planPython,
  php: planPhp,
  lua: null,
  rust: null,
  go: null,
};
