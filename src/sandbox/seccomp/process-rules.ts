// What the filter of a build allows beyond that of a worker: starting processes. Leaving the process group stays refused
// (setsid, setpgid: plain-rules.ts), so that a kill of the group reaches all of them, also while they fork.

import {
  cloneNewFlags,
  eperm,
  type FilterParameters,
  only,
  socketPairOf,
  socketType,
} from './conditional-rules.ts';
import { timesRule } from './metadata-rules.ts';
import { allow, type Rule } from './rule.ts';

/** clone(2): the child of a child would become the gateway's own, which does not wait for it. */
const cloneParent = 0x00008000;

/** They take the place of the rules of the same names. */
export function processRules({ signalsScoped, pid }: FilterParameters): Record<string, Rule> {
  // Landlock lets signals reach the build's own processes only; where it cannot, nobody but the own group is reached.
  const signal: Rule = signalsScoped ? allow : only({ arg: 0, anyOf: [0, pid] });
  return {
    fork: allow,
    vfork: allow,
    clone: only({ arg: 0, mask: cloneParent | cloneNewFlags, anyOf: [0] }),
    execve: allow,
    // Rust hands the descriptor of a new process through packets (SOCK_SEQPACKET), which go to the other end only (unix(7)).
    socketpair: socketPairOf(socketType.stream, socketType.packets),
    // setuptools touches its own folder and gives up when it cannot. All it can tell anybody's file is that it is new.
    utimensat: timesRule(allow),
    kill: signal,
    tgkill: signal,
    tkill: signalsScoped ? allow : eperm,
    rt_sigqueueinfo: signal,
    rt_tgsigqueueinfo: signal,
  };
}
