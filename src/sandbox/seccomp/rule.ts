// The small language in which the system call filter is written: a verdict, or a verdict that depends on arguments.
// Rules are data; bpf-program.ts turns them into instructions and the tests evaluate the result.

import { constants } from 'node:os';

export type Verdict = { readonly do: 'allow' } | { readonly do: 'errno'; readonly errno: number };

/** One 32-bit half of a system call argument, masked, is one of `anyOf`. */
export interface Check {
  readonly arg: 0 | 1 | 2 | 3 | 4 | 5;
  /**
   * Default `low`: `int`, `pid_t` and `unsigned int` parameters, of which the kernel itself drops the upper half
   * (SYSCALL_DEFINE casts; the C library may leave anything there). `high` is for pointers.
   */
  readonly half?: 'low' | 'high';
  readonly mask?: number;
  readonly anyOf: readonly number[];
}

export interface ConditionalRule {
  /** Looked at first, in order: the verdict of the first case whose checks all hold. */
  readonly cases?: readonly { readonly when: readonly Check[]; readonly verdict: Verdict }[];
  /** Allowed when every check of any one line holds. */
  readonly allowWhen: readonly (readonly Check[])[];
  readonly otherwise: Verdict;
}

export type Rule = Verdict | ConditionalRule;

export const allow: Verdict = { do: 'allow' };

/** The call answers 0 and does nothing (seccomp(2): SECCOMP_RET_ERRNO with the errno 0). */
export const pretend: Verdict = { do: 'errno', errno: 0 };

export const refuse = (name: 'EPERM' | 'EACCES' | 'ENOSYS'): Verdict => ({
  do: 'errno',
  errno: constants.errno[name],
});
