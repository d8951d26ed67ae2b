// What the service needs of whoever can run a command in a jail: gateway/ passes the supervisor's runner. Neither folder
// imports the other.

import type { SandboxPolicy } from '../policy/sandbox-policy.ts';

export interface StepRun {
  /** For the log. */
  readonly name: string;
  readonly policy: SandboxPolicy;
  /** Absolute and without links. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The build's own folder; absolute and without links. */
  readonly ownDir: string;
  readonly workingDir: string;
  /** What may be written to, and how full each may get. */
  readonly folders: readonly { readonly path: string; readonly bytes: number; readonly entries: number }[];
  readonly timeoutMs: number;
}

export type StepOutcome = (
  | { readonly kind: 'ok' }
  /** In words: `exit status 1`, `cannot …` when it never began. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'timeout' }
  /** Which limit, in words. */
  | { readonly kind: 'limit'; readonly text: string }
  | { readonly kind: 'cancelled' }
) & { readonly stdout: readonly string[]; readonly stderr: readonly string[] };

/** Never rejects; when it settles, no process of the step is left. */
export type StepRunner = (run: StepRun, signal: AbortSignal) => Promise<StepOutcome>;
