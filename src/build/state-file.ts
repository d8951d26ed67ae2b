// What became of a function's dependencies, one small file for each function below the state folder: for people, and for
// `/_fn/function` (contract/dependencies.md 9, with paths relative to the functions root).

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { JsonFile } from '../store/json-file.ts';
import type { Artifact, DependencyReport } from './build-plan.ts';

export interface DependencyState {
  readonly runtime: string;
  readonly mode: DependencyReport['mode'];
  readonly manifest_path: string | null;
  readonly manifest_generated: boolean;
  readonly infer_backend: string;
  readonly inference_duration_ms: number;
  readonly inferred_imports: readonly string[];
  readonly resolved_packages: readonly string[];
  readonly unresolved_imports: readonly string[];
  readonly last_install_status: 'ok' | 'skipped' | 'error';
  readonly last_error: string | null;
  readonly lockfile_path: string | null;
  /** Key of the build; '' where there is none. */
  readonly install_signature: string;
  readonly updated_at: string;
}

export interface StateFacts {
  readonly report: DependencyReport;
  readonly status: DependencyState['last_install_status'];
  readonly error: string | null;
  readonly key: string;
  readonly artifact: Artifact | null;
}

const suffix = '.deps.json';
/** A name in a folder has at most 255 bytes (NAME_MAX of <linux/limits.h>). */
const longestName = 180;

export class StateFiles {
  readonly #folder: string;
  readonly #root: string;
  readonly #known = new Map<string, DependencyState>();

  /**
   * @param stateDir the gateway's state folder
   * @param root of the functions: paths are shown relative to it
   */
  constructor(stateDir: string, root: string) {
    this.#folder = join(stateDir, 'state');
    this.#root = root;
  }

  get(functionKey: string): DependencyState | null {
    return this.#known.get(functionKey) ?? null;
  }

  /** Writes only what has changed; resolves when it is on disk. @throws the system's error */
  async set(unit: FunctionUnit, facts: StateFacts, nowEpochMs: number): Promise<void> {
    const state = this.#describe(unit, facts, nowEpochMs);
    const before = this.#known.get(unit.key) ?? (await this.load(unit.key));
    this.#known.set(unit.key, state);
    if (before !== null && same(before, state)) this.#known.set(unit.key, before);
    else await new JsonFile(this.#path(unit.key)).save(state);
  }

  /** What an earlier gateway has written, or null. */
  async load(functionKey: string): Promise<DependencyState | null> {
    try {
      return (await new JsonFile(this.#path(functionKey)).load()) as DependencyState | null;
    } catch {
      return null; // Missing or damaged: it is written anew.
    }
  }

  /** Removes the files of functions that are no more. */
  async keepOnly(functionKeys: ReadonlySet<string>): Promise<void> {
    for (const key of this.#known.keys()) if (!functionKeys.has(key)) this.#known.delete(key);
    const wanted = new Set([...functionKeys].map(fileName));
    for (const name of namesIn(this.#folder)) {
      if (name.endsWith(suffix) && !wanted.has(name)) await rm(join(this.#folder, name), { force: true });
    }
  }

  #path(functionKey: string): string {
    return join(this.#folder, fileName(functionKey));
  }

  #describe(unit: FunctionUnit, facts: StateFacts, nowEpochMs: number): DependencyState {
    const { report, artifact } = facts;
    return {
      runtime: unit.runtime,
      mode: report.mode,
      manifest_path: this.#shown(report.manifestPath),
      manifest_generated: report.manifestGenerated ?? false,
      infer_backend: report.inferBackend ?? 'native',
      inference_duration_ms: Math.round(report.inferenceDurationMs ?? 0),
      inferred_imports: report.inferredImports ?? [],
      resolved_packages: report.resolvedPackages ?? [],
      unresolved_imports: report.unresolvedImports ?? [],
      last_install_status: facts.status,
      last_error: facts.error,
      lockfile_path: this.#shown(artifact?.lockfile ?? absoluteOnly(report.lockfilePath)),
      install_signature: facts.key,
      updated_at: new Date(nowEpochMs).toISOString(),
    };
  }

  #shown(path: string | null): string | null {
    return path === null || !isAbsolute(path) ? path : relative(this.#root, path);
  }
}

/** One relative to a workspace exists in the artifact only. */
function absoluteOnly(path: string | null | undefined): string | null {
  return path !== null && path !== undefined && isAbsolute(path) ? path : null;
}

function fileName(functionKey: string): string {
  const name = encodeURIComponent(functionKey);
  if (name.length <= longestName) return `${name}${suffix}`;
  const hash = createHash('sha256').update(functionKey).digest('hex').slice(0, 16);
  return `${name.slice(0, longestName)}~${hash}${suffix}`;
}

/** Two readings of the same facts differ in their times only. */
function same(one: DependencyState, other: DependencyState): boolean {
  const facts = (state: DependencyState) =>
    JSON.stringify({ ...state, updated_at: '', inference_duration_ms: 0 });
  return facts(one) === facts(other);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing was written yet.
  }
}
