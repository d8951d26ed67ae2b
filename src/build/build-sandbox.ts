// The jail of one step of a build as a policy: the toolchain to run, one workspace to write to, registries or no network at
// all, no secret. A `chmod` answers success and does nothing, as for workers, so a program that a step makes and then runs
// must be made executable at once: LLD and gold do so, GNU ld does not.

import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildLimits } from '../policy/build-settings.ts';
import { closedNetwork, openNetwork } from '../policy/network-grants.ts';
import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import { type BuildStep, workspacePlaceholder } from './build-plan.ts';
import type { StepRun } from './step-runner.ts';
import type { Workspace } from './workspace.ts';

export interface BuildHost {
  /** False: FN_STRICT_FS is off. */
  readonly strict: boolean;
  readonly limits: BuildLimits;
  /** Folders of the host's own programs; `loadSystemPrograms` of the sandbox. */
  readonly programs: readonly string[];
  /** Language, time zone and CA variables of the gateway's own environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Most files and folders of a workspace or a cache. Ours: a large node_modules has some 100,000. */
const maxEntries = 500_000;
/** All downloads of one tool together, bytes. Ours. */
export const maxCacheBytes = 4 * 1024 ** 3;
/** RLIMIT_NOFILE; linkers hold all their inputs open. */
const openFiles = 4_096;
const systemPath = ['/usr/local/bin', '/usr/bin', '/bin'];

/** Everything about a step that depends on the host and on where its workspace is. */
export function planStep(step: BuildStep, workspace: Workspace, name: string, host: BuildHost): StepRun {
  const fill = (text: string): string => text.replaceAll(workspacePlaceholder, workspace.dir);
  const caches = step.caches.map((cache) => realpathSync(cache));
  const { limits } = host;
  return {
    name: `${step.tool} of ${name}`,
    policy: policyOf(step, workspace, caches, host),
    file: step.command.file,
    args: step.command.args.map(fill),
    env: environmentOf(step, workspace, host, fill),
    ownDir: workspace.home,
    workingDir: workspace.dir,
    folders: [
      { path: workspace.home, bytes: limits.diskBytes, entries: maxEntries },
      ...caches.map((path) => ({ path, bytes: maxCacheBytes, entries: maxEntries })),
    ],
    timeoutMs: step.timeoutMs,
  };
}

function policyOf(
  step: BuildStep,
  workspace: Workspace,
  caches: readonly string[],
  { strict, limits, programs }: BuildHost,
): SandboxPolicy {
  return Object.freeze({
    strict,
    processes: 'group',
    network: step.network === 'registry' ? openNetwork : closedNetwork,
    files: Object.freeze({
      read: toolConfigs(step, workspace.home),
      list: [],
      write: caches,
      execute: [],
      programs: [...programs, ...step.toolchain.map(realOrSame), workspace.home],
    }),
    limits: Object.freeze({
      memoryBytes: limits.memoryBytes,
      openFiles,
      fileBytes: limits.diskBytes,
      threads: limits.threads,
      cpuMs: null,
      outputBytes: 0,
      tempBytes: limits.diskBytes,
    }),
  });
}

/** Of the whole host, beside those of the operator that a workspace gets copies of. */
const hostConfigs = ['/etc/npmrc', '/etc/pip.conf', '/etc/xdg/pip/pip.conf'];

/**
 * Where tools look for their registries. npm also beside the Node that runs it; Cargo in every folder above, and it gives
 * up where a file is there that it may not read.
 */
function toolConfigs(step: BuildStep, folder: string): string[] {
  const found = [...hostConfigs, join(dirname(dirname(step.command.file)), 'etc/npmrc')];
  for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
    found.push(join(above, '.cargo/config.toml'), join(above, '.cargo/config'));
  }
  return found.filter((path) => existsSync(path)).map((path) => realpathSync(path));
}

/** The kernel opens real files; one that is missing grants nothing either way. */
function realOrSame(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function environmentOf(
  step: BuildStep,
  workspace: Workspace,
  host: BuildHost,
  fill: (text: string) => string,
): Record<string, string> {
  const own = Object.entries(step.env).map(([name, value]) => [name, fill(value)]);
  const toolFolders = [dirname(step.command.file), ...step.toolchain.map((folder) => join(folder, 'bin'))];
  const temp = workspace.tempDir;
  return {
    LANG: 'C.UTF-8',
    ...(step.network === 'registry' ? host.environment : {}),
    ...(Object.fromEntries(own) as Record<string, string>),
    PATH: [...new Set([...toolFolders.filter((folder) => existsSync(folder)), ...systemPath])].join(':'),
    HOME: workspace.home,
    TMPDIR: temp,
    TMP: temp,
    TEMP: temp,
  };
}
