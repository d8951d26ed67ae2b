// What the supervisor and a launcher agree on beside the plan itself.
//
// Handshake between the supervisor and a launcher (design section 3):
//   1. The supervisor starts a spare: `spawn(process.execPath, launcherArguments, { detached: true, env: {…}, stdio: ['pipe', 'pipe', 'pipe'] })`.
//      `detached` gives it its own session and process group. It loads its code and blocks in read() on fd 0.
//   2. The supervisor writes ONE frame to its stdin: 4-byte big-endian length, then the plan as UTF-8 JSON
//      (`encodeLaunchPlan`), at most `maxPlanBytes`. It may leave stdin open; EOF before the first byte ends the spare with status 0.
//   3. With a `plan.socketPath` the launcher connects to it (AF_UNIX, SOCK_STREAM) and writes ONE frame: 4-byte big-endian length,
//      then `{"type":"hello","token":"<plan.token>"}`. The gateway checks the token (once only) and that `peerPid(fd)` of the
//      accepted connection is the child's pid. It need not answer the hello; it may send `load` at once.
//   4. The launcher makes that connection, if there is one, fd 3 (blocking), opens /dev/null as fd 0, keeps its stdout and stderr as fds 1
//      and 2, closes every other descriptor, builds its minimal root where the plan has one, enters the jail and replaces itself by execve. The pid stays the same.
//   5. A step that fails prints ONE line on stderr, `{"launcher":"failed","step":"landlock","call":"landlock_add_rule","errno":"EINVAL","message":"cannot …"}`,
//      and ends the process with `launcherExitCodes[step]` (70–80). The connection closes with it. A read grant that is a
//      link or is not there is left out of the jail; a link also prints `{"launcher":"note",…}`.

/** Longest plan a launcher reads, bytes. Ours: a plan is a few KiB; 1 MiB leaves room for many granted entries. */
export const maxPlanBytes = 1_048_576;

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
  namespace: 80,
} as const;

export type LauncherStep = keyof typeof launcherExitCodes;
