// A planner whose tool is a shell script in the function's own folder: builds that tests can make succeed, fail, hang or
// misbehave, without a registry.
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildPlan, workspacePlaceholder } from '../../../src/build/build-plan.ts';
import type { BuildPlanner } from '../../../src/build/build-planner.ts';
import { PlanFault } from '../../../src/build/build-planner.ts';
import { contentKey } from '../../../src/build/content-key.ts';

const shell = realpathSync('/bin/sh');

/** `build.sh` (online where it says so) is run in the workspace and leaves packages in `node_modules/`; without the file there is nothing to build. */
const planScript: BuildPlanner = async (unit, { settings }) => {
  const script = textOf(join(unit.dir, 'build.sh'));
  if (script === null) return null;
  if (script.includes('broken manifest')) throw new PlanFault('invalid build.sh: it says so itself');
  const plan: BuildPlan = {
    key: contentKey([['script', script]]),
    runtime: 'node',
    kind: 'dependencies',
    files: [{ path: 'build.sh', copyOf: join(unit.dir, 'build.sh') }],
    steps: [
      {
        tool: 'sh build.sh',
        command: { file: shell, args: [`${workspacePlaceholder}/build.sh`] },
        env: { WORKSPACE: workspacePlaceholder },
        network: script.startsWith('# online') ? 'registry' : 'none',
        toolchain: [],
        caches: [],
        timeoutMs: settings.timeoutMs.go,
      },
    ],
    output: { program: null, importPaths: ['node_modules'] },
    failureText: `install failed for ${unit.name}`,
  };
  return plan;
};

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** For Node functions only. */
export const scriptPlanners = { node: planScript, python: null, php: null, lua: null, rust: null, go: null };

/** A script that makes the package `made`, which exports `value`; `before` runs first. */
export function makes(value: string, before = ':'): string {
  return `${before}\nmkdir -p node_modules/made && echo "module.exports = '${value}'" > node_modules/made/index.js\n`;
}

/** A handler that answers with the package. */
export const usesMade = "exports.handler = () => require('made');\n";
