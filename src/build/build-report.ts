// How a function's build stands, as `/_fn/health`, `/_fn/catalog` and `fastfn routes --json` show it.

import type { BuildState } from './build-state.ts';

export interface BuildReport {
  /** `idle`: the first request begins it. */
  readonly state: BuildState['kind'];
  /** Why it failed; null otherwise. */
  readonly reason: string | null;
  /** What answers requests meanwhile: this version of the function, the one before it, or nothing. */
  readonly serving: 'current' | 'previous' | 'nothing';
}

export function buildReport(state: BuildState, serving: BuildReport['serving']): BuildReport {
  return { state: state.kind, reason: state.kind === 'failed' ? state.fault.text : null, serving };
}
