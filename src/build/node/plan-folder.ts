// One folder's packages as part of a plan: files for the workspace, what they add to the key, and npm's step. Packages bring
// scripts that run when they are installed; none of them runs here (contract/dependencies.md 3.1, 12.4).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildStep, type WorkspaceFile, workspacePlaceholder } from '../build-plan.ts';
import { type BuildTools, PlanFault } from '../build-planner.ts';
import { shownPath } from '../function-files.ts';
import type { NpmFacts } from './npm-facts.ts';
import type { PackageSet } from './package-set.ts';

export interface FolderPlan {
  readonly files: readonly WorkspaceFile[];
  readonly keyParts: readonly (readonly [string, string | Uint8Array])[];
  readonly steps: readonly BuildStep[];
  /** Relative to the workspace: `node_modules`, and the folders of local packages, which are links in it. */
  readonly importPaths: readonly string[];
}

const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];

/**
 * @param prefix of everything that the folder gets in the workspace: '' or a folder with a slash behind it
 * @throws PlanFault where production wants a lock
 */
export function planFolder(set: PackageSet, prefix: string, npm: NpmFacts, tools: BuildTools): FolderPlan {
  const { manifest, lock } = set;
  if (lock === null && tools.settings.production) {
    const wanted = shownPath(join(manifest.dir, 'package-lock.json'), tools.functionsRoot);
    throw new PlanFault(`FN_PRODUCTION wants a lock: ${wanted} is missing`);
  }
  const texts = [
    { path: 'package.json', text: manifest.text },
    ...(lock === null ? [] : [{ path: lock.name, text: lock.text }]),
    ...(set.npmrc === null ? [] : [{ path: '.npmrc', text: set.npmrc }]),
  ].map(({ path, text }) => ({ path: prefix + path, text }));
  const local = set.local.map((file) => ({ ...file, path: prefix + file.path }));
  return {
    files: [...texts, ...local],
    keyParts: [
      ...texts.map(({ path, text }) => [path, text] as const),
      ...local.map(({ path, copyOf }) => [path, readFileSync(copyOf)] as const),
    ],
    steps: [npmStep(set, prefix, npm, tools)],
    importPaths: [`${prefix}node_modules`, ...topFolders(set).map((folder) => prefix + folder)],
  };
}

function topFolders({ local }: PackageSet): string[] {
  return [...new Set(local.flatMap(({ path }) => path.split('/').slice(0, -1).slice(0, 1)))];
}

function npmStep(set: PackageSet, prefix: string, npm: NpmFacts, tools: BuildTools): BuildStep {
  const { settings } = tools;
  // Settings of the function's own may name programs that npm runs: those get no cache that other functions use.
  const shared = set.npmrc === null ? tools.cacheDir('npm') : null;
  const place = prefix === '' ? [] : ['--prefix', `${workspacePlaceholder}/${prefix.replace(/\/$/, '')}`];
  const step = (verb: 'ci' | 'install'): BuildStep => ({
    tool: `npm ${verb}`,
    command: { file: npm.file, args: [...npm.args, verb, ...flags, ...place] },
    env: {
      ...settings.registryEnvironment,
      npm_config_cache: shared ?? `${workspacePlaceholder}/fastfn-npm-cache`,
      npm_config_update_notifier: 'false',
      npm_config_logs_max: '0',
    },
    network: 'registry',
    toolchain: npm.toolchain,
    caches: shared === null ? [] : [shared],
    timeoutMs: settings.timeoutMs.install,
  });
  if (set.lock === null) return step('install');
  // In production a lock that does not fit is an answer, not a reason to install something else.
  return settings.production ? step('ci') : { ...step('ci'), fallback: step('install') };
}
