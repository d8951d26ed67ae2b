// What is told of builds while they happen: log events in the names of contract/dependencies.md 10, metrics, and the state
// file of each function.

import { relative } from 'node:path';
import type { FunctionUnit } from '../discovery/catalog.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { BuildPlan, DependencyReport } from './build-plan.ts';
import type { BuildEnd } from './build-run.ts';
import type { BuildState } from './build-state.ts';
import { type DependencyState, StateFiles } from './state-file.ts';

/** One function on its way to being built. */
export interface BuildEntry {
  unit: FunctionUnit;
  state: BuildState;
  plan: BuildPlan | null;
  report: DependencyReport | null;
  /** When a failure may be tried again (clock). */
  retryAt: number;
  /** The function before its change, whose build may turn out to be the same: let go when this one is planned. */
  replaces: BuildEntry | null;
}

export interface BuildJournalOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly stateDir: string;
  readonly functionsRoot: string;
}

/** What happens at every start, for every function, is for those who ask. */
const events = {
  deps_inference_done: { level: 'info', text: 'imports were read' },
  deps_install_start: { level: 'info', text: 'a build begins' },
  deps_install_done: { level: 'info', text: 'a build is done' },
  deps_install_error: { level: 'error', text: 'cannot build a function' },
  deps_install_reuse: { level: 'debug', text: 'a finished build is used' },
  deps_install_skip: { level: 'debug', text: 'nothing is to be built' },
} as const;

const statusOf = { none: 'skipped', built: 'ok', failed: 'error' } as const;

export class BuildJournal {
  readonly #options: BuildJournalOptions;
  readonly #states: StateFiles;

  constructor(options: BuildJournalOptions) {
    this.#options = options;
    this.#states = new StateFiles(options.stateDir, options.functionsRoot);
  }

  /** Contents of the function's state file, or null. */
  stateOf(functionKey: string): DependencyState | null {
    return this.#states.get(functionKey);
  }

  /** Removes the state files of other functions. */
  keepOnly(functionKeys: ReadonlySet<string>): Promise<void> {
    return this.#states.keepOnly(functionKeys);
  }

  event({ unit, report, plan }: BuildEntry, event: keyof typeof events, fields: object): void {
    const line = {
      event,
      runtime: unit.runtime,
      function: unit.key,
      fn_dir: relative(this.#options.functionsRoot, unit.dir) || '.',
      mode: report?.mode ?? (plan?.kind === 'program' ? 'build' : 'manifest'),
      ...fields,
    };
    const { level, text } = events[event];
    this.#options.log[level](line, text);
  }

  /** A function was planned: what its imports said, where somebody asked them. */
  planned(entry: BuildEntry): void {
    const { report } = entry;
    if (report?.inferenceDurationMs === undefined) return;
    this.event(entry, 'deps_inference_done', {
      backend: report.inferBackend,
      duration_ms: report.inferenceDurationMs,
      inferred: report.inferredImports,
      resolved: report.resolvedPackages,
      unresolved: report.unresolvedImports,
    });
  }

  /** A build has begun; returns what is to be called at its end. */
  begun(entry: BuildEntry, nowMs: () => number): (end: BuildEnd) => void {
    const { metrics } = this.#options;
    const { runtime } = entry.unit;
    const began = nowMs();
    metrics.buildsRunning.inc({ runtime });
    this.event(entry, 'deps_install_start', {});
    return (end) => {
      const tookMs = nowMs() - began;
      const outcome = end.kind === 'failed' ? end.outcome : end.kind;
      metrics.buildsRunning.dec({ runtime });
      metrics.builds.inc({ runtime, outcome });
      if (end.kind === 'cancelled') return;
      metrics.buildSeconds.observe({ runtime, outcome }, tookMs / 1000);
      if (end.kind === 'failed') return;
      const source = end.reused ? { source: 'other_gateway' } : {};
      this.event(entry, 'deps_install_done', { duration_ms: Math.round(tookMs), ...source });
    };
  }

  /** Writes the state file where there is something to say. @throws the system's error */
  async write({ unit, state, report, plan }: BuildEntry): Promise<void> {
    if (state.kind === 'building' || state.kind === 'idle' || report === null) return;
    const facts = {
      report,
      status: statusOf[state.kind],
      error: state.kind === 'failed' ? state.fault.text : (report.note ?? null),
      key: plan?.key ?? '',
      artifact: state.kind === 'built' ? state.artifact : null,
    };
    await this.#states.set(unit, facts, Date.now());
  }
}
