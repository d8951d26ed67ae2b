// What a language's planner is given and what it answers: from one function to the plan of its build, or to none, or to a
// fault of its files that a person must mend. Planners read files and ask tools for facts; they install and compile nothing.

import type { FunctionUnit } from '../discovery/catalog.ts';
import type { BuildSettings } from '../policy/build-settings.ts';
import type { BuildPlan, DependencyReport } from './build-plan.ts';

export type ToolState =
  | {
      readonly found: true;
      /** Absolute, as it was found; may be a link. */
      readonly path: string;
      /** For example `3.12.3`. */
      readonly version: string;
      /** The language's own files, where the program describes itself; else empty. */
      readonly readable: readonly string[];
    }
  /** In words: `not found`, `found 3.8.1, needs 3.10 or newer`. */
  | { readonly found: false; readonly reason: string };

/** The variable that may name the program; runtimes/<language>/runtime.json has the row. */
export type ToolVariable =
  | 'FN_PYTHON_BIN'
  | 'FN_NPM_BIN'
  | 'FN_COMPOSER_BIN'
  | 'FN_PHP_BIN'
  | 'FN_CARGO_BIN'
  | 'FN_GO_BIN';

/** What planners may know of the host. */
export interface BuildTools {
  readonly settings: BuildSettings;
  /** Absolute. */
  readonly functionsRoot: string;
  /** Holds `<runtime>/…`: sources that a `program` build copies into its workspace. */
  readonly runtimesDir: string;
  /** Looked for once per process; an override that does not work is told in `reason`. */
  find(variable: ToolVariable): Promise<ToolState>;
  /** Fires when the service ends: long questions to tools end with it. */
  readonly signal?: AbortSignal;
  /** Folder that outlives builds, for downloads: named by `BuildStep.caches`; made when a step that names it begins. */
  cacheDir(name: string): string;
}

/** Nothing to build, and why: for the state file. Such a function is served as it is. */
export interface NoBuild {
  readonly kind: 'none';
  readonly report: DependencyReport;
}

/**
 * null: the function has nothing to install or to compile, and nothing to tell about it.
 * @throws PlanFault when its files are wrong or a tool is missing; anything else it throws is a fault of ours
 */
export type BuildPlanner = (unit: FunctionUnit, tools: BuildTools) => Promise<BuildPlan | NoBuild | null>;

/**
 * The function cannot be built until somebody changes something. The message is the contract's text, shown to clients
 * (500 build_failed): paths in it are relative to the functions root.
 */
export class PlanFault extends Error {
  /** For the state file; what is known of it so far. */
  readonly report: DependencyReport | null;

  constructor(message: string, report: DependencyReport | null = null) {
    super(message);
    this.name = 'PlanFault';
    this.report = report;
  }
}
