// One build from plan to artifact: the key's lock, a workspace, the steps one after the other, and what they made put in its
// place. Promises to leave no workspace, no lock and no process behind, however it ends.

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { RegistryFile } from '../policy/build-settings.ts';
import { type FileLock, tryLockFile } from '../sandbox/file-lock.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { Artifact, BuildPlan, BuildStep } from './build-plan.ts';
import { type BuildHost, planStep } from './build-sandbox.ts';
import { type BuildFault, stepFault } from './failure-text.ts';
import { SealFault } from './seal.ts';
import type { StepOutcome, StepRunner } from './step-runner.ts';
import { InputFault, makeWorkspace, type Workspace, type WorkspaceOwner } from './workspace.ts';

export interface BuildRunDeps {
  readonly store: ArtifactStore;
  readonly run: StepRunner;
  readonly host: BuildHost;
  readonly clock: Clock;
  /** `<state dir>/deps`, without links. */
  readonly root: string;
  /** Folder of this gateway alone, without links. */
  readonly staging: string;
  readonly owner: WorkspaceOwner | null;
  readonly registryFiles: readonly RegistryFile[];
  readonly maskPaths: (text: string) => string;
  readonly removeTree: (path: string) => Promise<void>;
  /** Makes a cache folder that a step names. */
  readonly openCache: (path: string) => void;
}

export type BuildEnd =
  | { readonly kind: 'built'; readonly artifact: Artifact; readonly reused: boolean }
  | {
      readonly kind: 'failed';
      readonly fault: BuildFault;
      /** For metrics. */
      readonly outcome: 'failed' | 'timeout' | 'limit' | 'host';
      /** For the log: may hold paths of this host. */
      readonly detail: string;
    }
  | { readonly kind: 'cancelled' };

/** Between two looks whether another gateway has finished the same build, ms. */
const lockPollMs = 250;

/** Never rejects. @param name of a function that waits for it, for the log */
export async function runBuild(
  plan: BuildPlan,
  name: string,
  deps: BuildRunDeps,
  signal: AbortSignal,
): Promise<BuildEnd> {
  try {
    const lock = await waitForLock(plan, deps, signal);
    if (lock === null) return { kind: 'cancelled' };
    try {
      const found = deps.store.find(plan);
      if (found !== null) return { kind: 'built', artifact: found, reused: true };
      return await buildInWorkspace(plan, name, deps, signal);
    } finally {
      lock.release();
    }
  } catch (error) {
    return hostFailure(error);
  }
}

/** null: cancelled. The lock ends with the gateway that holds it. */
async function waitForLock(
  plan: BuildPlan,
  { root, clock }: BuildRunDeps,
  signal: AbortSignal,
): Promise<FileLock | null> {
  const path = join(root, plan.runtime, `${plan.key}.lock`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  while (!signal.aborted) {
    const lock = tryLockFile(path);
    if (lock !== null) return lock;
    await new Promise<void>((resolve) => clock.after(lockPollMs, resolve));
  }
  return null;
}

async function buildInWorkspace(
  plan: BuildPlan,
  name: string,
  deps: BuildRunDeps,
  signal: AbortSignal,
): Promise<BuildEnd> {
  const { staging: parent, owner, registryFiles, removeTree, store } = deps;
  let home: string | null = null;
  try {
    const workspace = makeWorkspace(plan.files, { parent, owner, registryFiles }, (path) => {
      home = path;
    });
    for (const step of plan.steps) {
      const end = await runStep(step, plan, workspace, name, deps, signal);
      if (end !== null) return end;
    }
    return { kind: 'built', artifact: await store.commit(plan, workspace), reused: false };
  } catch (error) {
    if (!(error instanceof SealFault || error instanceof InputFault)) throw error;
    const text = `${plan.failureText}: ${error.message}`;
    const fault: BuildFault = { text, code: 'not_built', stage: 'build' };
    return { kind: 'failed', fault, outcome: 'failed', detail: error.message };
  } finally {
    if (home !== null) await removeTree(home);
  }
}

/** null: it is done and the next one may begin. */
async function runStep(
  step: BuildStep,
  plan: BuildPlan,
  workspace: Workspace,
  name: string,
  deps: BuildRunDeps,
  signal: AbortSignal,
): Promise<BuildEnd | null> {
  for (const cache of step.caches) deps.openCache(cache);
  const outcome = await deps.run(planStep(step, workspace, name, deps.host), signal);
  if (outcome.kind === 'ok') return null;
  if (outcome.kind === 'cancelled') return { kind: 'cancelled' };
  const { fallback } = step;
  if (outcome.kind === 'failed' && fallback !== undefined)
    return runStep(fallback, plan, workspace, name, deps, signal);
  const masking = { maskPaths: deps.maskPaths, own: [workspace.dir, workspace.home] };
  const fault = stepFault(plan, outcome, step.timeoutMs, masking);
  const kind = fault.stage === 'host' ? 'host' : outcome.kind;
  return { kind: 'failed', fault, outcome: kind, detail: detailOf(step, outcome) };
}

function detailOf({ tool }: BuildStep, outcome: StepOutcome): string {
  const how = outcome.kind === 'failed' ? outcome.reason : outcome.kind;
  return [`${tool}: ${how}`, ...outcome.stdout, ...outcome.stderr].join('\n');
}

const hostReasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the state folder is read-only',
  EACCES: 'the state folder cannot be written',
  EPERM: 'the state folder cannot be written',
};

const unknownReason = 'the gateway could not carry it out, its log says why';

/** Nothing that the function could mend. */
export function hostFailure(error: unknown): Extract<BuildEnd, { kind: 'failed' }> {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  return hostFault(hostReasons[code] ?? unknownReason, error);
}

/** A fault of ours, or of a file that discovery could read and a planner could not. */
export function planningFailure(error: unknown): Extract<BuildEnd, { kind: 'failed' }> {
  return hostFault(unknownReason, error);
}

function hostFault(reason: string, error: unknown): Extract<BuildEnd, { kind: 'failed' }> {
  const fault: BuildFault = { text: `cannot build: ${reason}`, code: 'not_built', stage: 'host' };
  return {
    kind: 'failed',
    fault,
    outcome: 'host',
    detail: error instanceof Error ? String(error.stack) : String(error),
  };
}
