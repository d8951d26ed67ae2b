// System calls that a worker may make only with certain arguments. Everything not listed as allowed is refused, so an
// operation that a newer kernel adds to one of these calls stays out.

import { metadataRules } from './metadata-rules.ts';
import { allow, type Check, type Rule, refuse } from './rule.ts';
import { socketOptionRules } from './socket-option-rules.ts';

/** What the launcher alone knows: its pid, and where the arguments of its one execve lie. */
export interface FilterParameters {
  readonly pid: number;
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly truncateGoverned: boolean;
  readonly signalsScoped: boolean;
  /** There is a folder to write to that is not the worker's alone. */
  readonly sharedWrites: boolean;
  /** It may start processes (process-rules.ts). Default: it may not. */
  readonly processes?: boolean;
  readonly execve: { readonly file: bigint; readonly argv: bigint; readonly envp: bigint };
}

export const eperm = refuse('EPERM');

export const only = (...checks: Check[]): Rule => ({ allowWhen: [checks], otherwise: eperm });

const pointerIs = (arg: 0 | 1 | 2, pointer: bigint): Check[] => [
  { arg, half: 'low', anyOf: [Number(pointer & 0xffffffffn)] },
  { arg, half: 'high', anyOf: [Number(pointer >> 32n)] },
];

// clone(2), <linux/sched.h>. A thread, and no namespace with it.
const cloneThread = 0x00010000;
/** Every CLONE_NEW…: a namespace of its own. */
export const cloneNewFlags =
  0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;

// socket(2), <sys/socket.h>, <netinet/in.h>. The protocol is named: SMC (256) and MPTCP (262) streams and UDP-Lite would
// not meet Landlock's TCP rules. SOCK_NONBLOCK and SOCK_CLOEXEC may be set in the type.
const family = { unix: 1, inet: 2, inet6: 10 } as const;
export const socketType = { stream: 1, datagram: 2, packets: 5 } as const;
const typeMask = ~(0o4000 | 0o2000000);
const protocol = { any: 0, tcp: 6, udp: 17 } as const;

/** MSG_FASTOPEN of <linux/socket.h>: connects while sending, past Landlock's connect rule. */
const msgFastOpen = 0x20000000;

// open(2), <fcntl.h>.
const openTruncate = 0o1000;
const openAccessMode = 3;

function socketRule(parameters: FilterParameters): Rule {
  const inet: Check = { arg: 0, anyOf: [family.inet, family.inet6] };
  const lineFor = (type: number, wanted: number): Check[] => [
    inet,
    { arg: 1, mask: typeMask, anyOf: [type] },
    { arg: 2, anyOf: [protocol.any, wanted] },
  ];
  return {
    allowWhen: [
      ...(parameters.tcp ? [lineFor(socketType.stream, protocol.tcp)] : []),
      ...(parameters.udp ? [lineFor(socketType.datagram, protocol.udp)] : []),
    ],
    // socket(2) names EACCES for "permission to create a socket of this type is denied".
    otherwise: refuse('EACCES'),
  };
}

/** Two connected Unix sockets of one of these types. */
export function socketPairOf(...types: readonly number[]): Rule {
  return only({ arg: 0, anyOf: [family.unix] }, { arg: 1, mask: typeMask, anyOf: types });
}

/** Until Landlock ABI 3, a file could be emptied by its path or by O_RDONLY | O_TRUNC without any right. */
function truncationRules(governed: boolean): Record<string, Rule> {
  if (governed) return { truncate: allow, open: allow, openat: allow, openat2: allow };
  const opening = (arg: 1 | 2): Rule => ({
    allowWhen: [[{ arg, mask: openTruncate, anyOf: [0] }], [{ arg, mask: openAccessMode, anyOf: [1, 2] }]],
    otherwise: eperm,
  });
  // openat2 takes its flags in memory, where a filter cannot look; callers fall back to openat.
  return { truncate: eperm, open: opening(1), openat: opening(2), openat2: refuse('ENOSYS') };
}

// ioctl(2): what programs ask of terminals, pipes, sockets and file copies. Not TIOCSTI, TIOCLINUX, SIOCSPGRP; not
// FS_IOC_SETFLAGS or FS_IOC_ENABLE_VERITY, which change a file through a read-only descriptor.
const ioctlCommands = [
  0x5401, // TCGETS
  0x802c542a, // TCGETS2
  0x5411, // TIOCOUTQ
  0x5413, // TIOCGWINSZ
  0x541b, // FIONREAD
  0x5421, // FIONBIO
  0x5450, // FIONCLEX
  0x5451, // FIOCLEX
  0x8910, // SIOCGIFNAME
  0x8933, // SIOCGIFINDEX
  0x40049409, // FICLONE
  0x4020940d, // FICLONERANGE
];

// prctl(2), <linux/prctl.h>. Not PR_SET_PDEATHSIG (a worker must die with the gateway), not PR_SET_DUMPABLE (it would hide
// its memory figures from the supervisor), not PR_SET_PTRACER, PR_SET_MM or PR_SCHED_CORE.
const prctlOptions = [
  3, // PR_GET_DUMPABLE
  15, // PR_SET_NAME
  16, // PR_GET_NAME
  21, // PR_GET_SECCOMP
  23, // PR_CAPBSET_READ
  29, // PR_SET_TIMERSLACK
  30, // PR_GET_TIMERSLACK
  39, // PR_GET_NO_NEW_PRIVS
  41, // PR_SET_THP_DISABLE
  42, // PR_GET_THP_DISABLE
  51, // PR_SVE_GET_VL
  52, // PR_GET_SPECULATION_CTRL
  54, // PR_PAC_RESET_KEYS
  55, // PR_SET_TAGGED_ADDR_CTRL
  56, // PR_GET_TAGGED_ADDR_CTRL
  0x53564d41, // PR_SET_VMA
];

// fcntl(2), <linux/fcntl.h>. Not F_SETOWN or F_SETSIG (signals to others), F_SETLEASE (makes whoever edits the file wait),
// F_NOTIFY, F_SETPIPE_SZ (kernel memory).
const fcntlCommands = [
  0, // F_DUPFD
  1, // F_GETFD
  2, // F_SETFD
  3, // F_GETFL
  4, // F_SETFL
  5, // F_GETLK
  6, // F_SETLK
  7, // F_SETLKW
  36, // F_OFD_GETLK
  37, // F_OFD_SETLK
  38, // F_OFD_SETLKW
  1027, // F_DUPFD_QUERY
  1030, // F_DUPFD_CLOEXEC
  1032, // F_GETPIPE_SZ
  1034, // F_GET_SEALS
];

/** Calls that name a process: only oneself. Without this, limits and priorities of the gateway could be changed. */
function selfOnlyRules(pid: number): Record<string, Rule> {
  const self = (arg: 0 | 1): Check => ({ arg, anyOf: [0, pid] });
  return {
    prlimit64: only(self(0)),
    sched_setaffinity: only(self(0)),
    sched_setattr: only(self(0)),
    sched_setparam: only(self(0)),
    sched_setscheduler: only(self(0)),
    // PRIO_PROCESS is 0 in <sys/resource.h>, IOPRIO_WHO_PROCESS 1 in <linux/ioprio.h>.
    setpriority: only({ arg: 0, anyOf: [0] }, self(1)),
    ioprio_set: only({ arg: 0, anyOf: [1] }, self(1)),
    // 0 is the own process group, in which no one else is.
    kill: only(self(0)),
    tgkill: only({ arg: 0, anyOf: [pid] }),
    rt_sigqueueinfo: only({ arg: 0, anyOf: [pid] }),
    rt_tgsigqueueinfo: only({ arg: 0, anyOf: [pid] }),
  };
}

export function conditionalRules(parameters: FilterParameters): Record<string, Rule> {
  const { pid, execve } = parameters;
  const noFastOpen = (arg: 2 | 3): Rule => only({ arg, mask: msgFastOpen, anyOf: [0] });
  return {
    ...selfOnlyRules(pid),
    ...truncationRules(parameters.truncateGoverned),
    ...metadataRules(parameters.sharedWrites),
    ...socketOptionRules(),
    clone: only({ arg: 0, mask: cloneThread | cloneNewFlags, anyOf: [cloneThread] }),
    // Its flags lie in memory; the C libraries fall back to clone on ENOSYS.
    clone3: refuse('ENOSYS'),
    // The launcher's own call, told from every later one by addresses that the new program cannot know.
    execve: only(...pointerIs(0, execve.file), ...pointerIs(1, execve.argv), ...pointerIs(2, execve.envp)),
    // A thread id says nothing about its process; musl raises signals with this call.
    tkill: parameters.signalsScoped ? allow : only({ arg: 0, anyOf: [pid] }),
    socket: socketRule(parameters),
    // A datagram pair could be pointed at any path with sendto.
    socketpair: socketPairOf(socketType.stream),
    // UDP clients bind before they send (libuv does); TCP binds are Landlock's.
    bind: parameters.udp ? allow : eperm,
    sendto: noFastOpen(3),
    sendmsg: noFastOpen(2),
    sendmmsg: noFastOpen(3),
    ioctl: only({ arg: 1, anyOf: ioctlCommands }),
    prctl: only({ arg: 0, anyOf: prctlOptions }),
    fcntl: only({ arg: 1, anyOf: fcntlCommands }),
  };
}
