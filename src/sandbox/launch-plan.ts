// What one spare launcher must do to become one worker, as plain JSON: computed here from a policy and from what this
// kernel can enforce, carried out by launcher/ and by nothing else. Planning does no I/O, so a plan can be printed and tested.
//
// Handshake between the supervisor and a launcher (design section 3):
//   1. The supervisor starts a spare: `spawn(process.execPath, launcherArguments, { detached: true, env: {…}, stdio: ['pipe', 'pipe', 'pipe'] })`.
//      `detached` gives it its own session and process group. It loads its code and blocks in read() on fd 0.
//   2. The supervisor writes ONE frame to its stdin: 4-byte big-endian length, then the plan as UTF-8 JSON
//      (`encodeLaunchPlan`), at most `maxPlanBytes`. It may leave stdin open; EOF before the first byte ends the spare with status 0.
//   3. The launcher connects to `plan.socketPath` (AF_UNIX, SOCK_STREAM) and writes ONE frame: 4-byte big-endian length,
//      then `{"type":"hello","token":"<plan.token>"}`. The gateway checks the token (once only) and that `peerPid(fd)` of the
//      accepted connection is the child's pid. It need not answer the hello; it may send `load` at once.
//   4. The launcher makes that connection fd 3 (blocking), opens /dev/null as fd 0, keeps its stdout and stderr as fds 1
//      and 2, closes every other descriptor, enters the jail and replaces itself by execve. The pid stays the same.
//   5. A step that fails prints ONE line on stderr, `{"launcher":"failed","step":"landlock","call":"landlock_add_rule","errno":"EINVAL","message":"cannot …"}`,
//      and ends the process with `launcherExitCodes[step]` (70–79). The connection closes with it. A read grant that is a
//      link or is not there is left out of the jail; a link also prints `{"launcher":"note",…}`.

import type { SandboxPolicy } from '../policy/sandbox-policy.ts';

/** Longest plan a launcher reads, bytes. Ours: a plan is a few KiB; 1 MiB leaves room for many granted entries. */
export const maxPlanBytes = 1_048_576;

/** What the kernel is asked to refuse about files, TCP and scopes; numbers are those of <linux/landlock.h>. */
export interface LandlockPlan {
  readonly abi: number;
  readonly handledFs: number;
  readonly handledNet: number;
  readonly scoped: number;
  readonly rules: readonly LandlockRule[];
  /** TCP ports that may be connected to; only when handledNet has CONNECT_TCP. */
  readonly connectPorts: readonly number[];
}

export interface LandlockRule {
  readonly path: string;
  /** Rights on a folder and all below it; those that make no sense for a file are taken off for a file. */
  readonly access: number;
  /** True: a missing path fails the launch. Links are never followed, either way. */
  readonly required: boolean;
}

/** Parameters of the system call filter; the program itself is built by seccomp/ in the launcher, which knows its pid. */
export interface SeccompPlan {
  readonly arch: 'x64' | 'arm64';
  readonly tcp: boolean;
  readonly udp: boolean;
  /** Landlock here governs truncation (ABI 3); otherwise the filter refuses truncate and O_TRUNC without write. */
  readonly truncateGoverned: boolean;
  /** Landlock here scopes signals (ABI 6); otherwise the filter allows tkill on the main thread only. */
  readonly signalsScoped: boolean;
}

/** setrlimit(2), soft = hard; null leaves a limit as it was inherited. */
export interface RlimitPlan {
  readonly nofile: number;
  readonly fsize: number;
  readonly core: number;
  readonly data: number;
  readonly nproc: number | null;
  readonly memlock: number;
  readonly msgqueue: number;
}

export interface LaunchPlan {
  readonly protocol: 1;
  readonly socketPath: string;
  readonly token: string;
  /** Interpreter, absolute and without links; also argv[0]. */
  readonly file: string;
  /** argv[1] and on. */
  readonly args: readonly string[];
  /** The whole environment of the worker process. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly rlimits: RlimitPlan;
  /** Started as root: become this user first; null keeps the user. */
  readonly identity: { readonly uid: number; readonly gid: number } | null;
  /** null: the sandbox is off (FN_STRICT_FS=0); rlimits, process group, environment and descriptors still apply. */
  readonly jail: { readonly landlock: LandlockPlan | null; readonly seccomp: SeccompPlan | null } | null;
}

/** Exit status of a launcher whose step failed. */
export const launcherExitCodes = {
  plan: 70,
  dial: 71,
  descriptors: 72,
  rlimits: 73,
  privileges: 74,
  landlock: 75,
  seccomp: 76,
  exec: 77,
  platform: 78,
  unexpected: 79,
} as const;

export type LauncherStep = keyof typeof launcherExitCodes;
