// The planner of each language; null where a function of it never needs a build.

import type { RuntimeName } from '../policy/runtime-name.ts';
import type { BuildPlanner } from './build-planner.ts';
import { planGo } from './go/plan-go.ts';
import { planNode } from './node/plan-node.ts';
import { planPhp } from './php/plan-php.ts';
import { planPython } from './python/plan-python.ts';
import { planRust } from './rust/plan-rust.ts';

export const planners: Readonly<Record<RuntimeName, BuildPlanner | null>> = {
  node: planNode,
  python: planPython,
  php: planPhp,
  lua: null,
  rust: planRust,
  go: planGo,
};
