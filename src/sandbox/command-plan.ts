// The launch plan of a command that is no worker: a step of a build. No connection, a folder of its own to work in, and
// processes below it where its policy says so. The same launcher carries it out.

import type { SandboxPolicy } from '../policy/sandbox-policy.ts';
import type { Capabilities } from './capabilities.ts';
import { type LaunchPlan, planJail, planRlimits } from './launch-plan.ts';
import type { NamespaceWay } from './root-plan.ts';
import type { SystemGrants } from './system-grants.ts';

export interface CommandInput {
  readonly policy: SandboxPolicy;
  readonly capabilities: Capabilities;
  readonly system: SystemGrants;
  /** Absolute and without links. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder that is the command's own, writable with everything below; absolute and without links. */
  readonly ownDir: string;
  /** `ownDir` or below it. */
  readonly workingDir: string;
  readonly identity: { readonly uid: number; readonly gid: number } | null;
  /** As in LaunchInput. */
  readonly namespaceWay?: NamespaceWay | null;
}

/** Pure, like `planLaunch`. */
export function planCommand(input: CommandInput): LaunchPlan {
  const { policy, capabilities, system, file, ownDir, namespaceWay = null } = input;
  return {
    protocol: 1,
    socketPath: null,
    token: '',
    file,
    args: input.args,
    env: input.env,
    workingDir: input.workingDir,
    rlimits: planRlimits(policy.limits),
    identity: input.identity,
    jail: planJail({ policy, system, file, tempDir: ownDir }, capabilities, namespaceWay),
  };
}
