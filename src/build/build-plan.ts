// What making a function's dependencies or program takes, as data: the tools to run, in which jail, and what comes out.
// A planner for each language makes plans, build-service.ts carries them out once for each key; contract/dependencies.md 12.

import type { RuntimeName } from '../policy/runtime-name.ts';

/** One run of a tool inside the workspace of a build. */
export interface BuildStep {
  /** For logs and error texts, for example `pip install` or `go build`. */
  readonly tool: string;
  /** Absolute program without links in its path; arguments may hold `workspacePlaceholder`. */
  readonly command: { readonly file: string; readonly args: readonly string[] };
  /** The whole environment beside PATH, HOME and TMPDIR, which the runner sets. Values may hold `workspacePlaceholder`. */
  readonly env: Readonly<Record<string, string>>;
  /** `registry`: outbound TCP and name look-ups; `none`: no network. Code of packages runs without it where possible. */
  readonly network: 'registry' | 'none';
  /** Readable and executable with everything below: the toolchain. */
  readonly toolchain: readonly string[];
  /** Writable beside the workspace: a download cache that no package code runs in reach of. */
  readonly caches: readonly string[];
  /** The process group is killed at this time after the step began, ms. */
  readonly timeoutMs: number;
  /** Runs instead when this step fails, for example `npm install` after a lock that `npm ci` refuses. */
  readonly fallback?: BuildStep;
}

/** A file of the workspace: made by the planner, or copied from the function (never through a link). */
export type WorkspaceFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly copyOf: string };

export interface BuildPlan {
  /** SHA-256, hex, of everything the result depends on: tool version, manifests, locks, hints, sources, packs. */
  readonly key: string;
  readonly runtime: RuntimeName;
  /** `dependencies`: packages are installed; `program`: sources are compiled. */
  readonly kind: 'dependencies' | 'program';
  readonly files: readonly WorkspaceFile[];
  readonly steps: readonly BuildStep[];
  /** Relative to the workspace: what must exist afterwards, and what a worker gets of it. */
  readonly output: {
    /** Executable made by a `program` build, or null. */
    readonly program: string | null;
    /** Folders put on the import path of the language. */
    readonly importPaths: readonly string[];
    /** Absolute folders of the functions tree that need no build, behind `importPaths`: packs filled by hand. */
    readonly sharedPaths?: readonly string[];
  };
  /** Contract text in front of the tool's own last lines, for example `rust build failed`. */
  readonly failureText: string;
  /** Contract text behind them, for example `Check inferred imports …`. */
  readonly failureHint?: string;
  /** For the state file; absent: a plain `manifest` (`dependencies`) or `build` (`program`). */
  readonly report?: DependencyReport;
}

/** What a planner knows about a function's dependencies: its part of the state file (contract/dependencies.md 9). */
export interface DependencyReport {
  readonly mode: 'manifest' | 'inferred' | 'build';
  /** Absolute here, relative to the functions root in the file; null: there is none. */
  readonly manifestPath: string | null;
  readonly manifestGenerated?: boolean;
  /** `native` where inference is off. */
  readonly inferBackend?: string;
  readonly inferenceDurationMs?: number;
  readonly inferredImports?: readonly string[];
  readonly resolvedPackages?: readonly string[];
  readonly unresolvedImports?: readonly string[];
  /** Absolute, or relative to the workspace of the build; null: there is none. */
  readonly lockfilePath?: string | null;
  /** Why nothing is installed, for example `FN_AUTO_REQUIREMENTS is disabled`. */
  readonly note?: string | null;
}

/** A finished build, immutable, at `<state dir>/deps/<runtime>/<key>`; functions with equal keys share it. */
export interface Artifact {
  readonly key: string;
  readonly dir: string;
  /** Absolute. */
  readonly program: string | null;
  /** Absolute; packs filled by hand are among them. */
  readonly importPaths: readonly string[];
  /** Absolute, or null: what the tool locked. */
  readonly lockfile: string | null;
}

/** Stands for the absolute path of the workspace, which is known when a build begins. */
export const workspacePlaceholder = '{workspace}';
