// One folder's requirements as part of a plan: files for the workspace, what they add to the key, and pip's steps.

import { readFileSync } from 'node:fs';
import type { BuildStep, WorkspaceFile } from '../build-plan.ts';
import type { BuildTools } from '../build-planner.ts';
import { chooseLock } from './lock-choice.ts';
import { pipSteps } from './pip-steps.ts';
import type { PythonFacts } from './python-facts.ts';
import type { RequirementsSet } from './requirements-set.ts';

export interface FolderPlan {
  readonly files: readonly WorkspaceFile[];
  readonly keyParts: readonly (readonly [string, string | Uint8Array])[];
  readonly steps: readonly BuildStep[];
  /** Relative to the workspace. */
  readonly importPath: string;
}

/**
 * @param prefix of everything that the folder gets in the workspace: '' or a folder with a slash behind it
 * @throws PlanFault where the lock does not fit, and where there is no pip
 */
export function planFolder(
  { set, extra }: { readonly set: RequirementsSet; readonly extra: readonly string[] },
  prefix: string,
  python: PythonFacts,
  tools: BuildTools,
): FolderPlan {
  const use = chooseLock(set, extra, tools.settings.production, tools.functionsRoot);
  const texts = [
    { path: 'requirements.txt', text: set.manifest === null ? null : set.manifestText },
    { path: 'fastfn-extra.txt', text: extra.length === 0 ? null : `${extra.join('\n')}\n` },
    { path: 'fastfn-lock.txt', text: use === 'none' ? null : set.lockText },
  ].flatMap(({ path, text }) => (text === null ? [] : [{ path: prefix + path, text }]));
  const drawnIn = set.drawnIn.map((file) => ({ ...file, path: prefix + file.path }));
  const asked = texts.map(({ path }) => path).filter((path) => !path.endsWith('fastfn-lock.txt'));
  const lockFile = `${prefix}fastfn-lock.txt`;
  const install = {
    target: `${prefix}fastfn-site`,
    files: use === 'hashes' ? [lockFile] : asked,
    constraints: use === 'constraints' ? lockFile : null,
    hashed: use === 'hashes',
    hasDirect: set.manifest?.hasDirect === true,
    lock: `${prefix}requirements.lock.txt`,
  };
  return {
    // The folder is there even where no requirement applies to this host.
    files: [...texts, ...drawnIn, { path: `${install.target}/.fastfn`, text: '' }],
    keyParts: [
      ...texts.map(({ path, text }) => [path, text] as const),
      ...drawnIn.map(({ path, copyOf }) => [path, readFileSync(copyOf)] as const),
    ],
    steps: pipSteps(install, python, tools),
    importPath: install.target,
  };
}
