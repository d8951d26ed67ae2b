// Which layer stops which attempt to make processes, to reach into others, to signal them, to change their limits.

import { type AttackClass, byBoth, byLandlock, bySeccomp, rowsOf } from '../attack-class.ts';

const processes: AttackClass<'python'> = {
  name: 'processes',
  language: 'python',
  rows: {
    ...rowsOf(bySeccomp(), [
      'fork',
      'fork by number',
      'clone without CLONE_THREAD',
      'clone with a shared parent',
      'clone into a user namespace',
      'clone into a network namespace',
      'clone into a process namespace',
      'posix_spawn',
      'subprocess',
      'fork_exec',
      'multiprocessing',
      'system',
      'execve of the interpreter',
      'execve of /proc/self/exe',
      'execve through the loader',
      'execveat of a descriptor',
      'execve of a written copy',
      'execve of a script',
      'execve of memory',
      'leave the process group',
      'leave the session',
      'offer itself to a tracer',
      'handle on the gateway',
      'handle on a peer',
      'descriptor of another process',
      "advise on another's memory",
      "release another's memory",
      'namespace of files',
      'namespace of users',
      'enter a namespace',
      'survive the gateway',
      'adopt orphans',
      'allow any tracer',
      'hide its memory from the supervisor',
      'move its own memory map',
    ]),
    ...rowsOf(bySeccomp('ENOSYS'), ['clone3', 'clone3 into a user namespace']),
    'execve of another program': byBoth(),
    // The file or the terminal is opened before there is anything to run.
    ...rowsOf({ ...byBoth(), kernel: 'EACCES' }, ["execve of a descriptor's name", 'pty.fork']),
    ...rowsOf(byBoth('EPERM'), [
      'ptrace the gateway',
      'ptrace a sibling',
      "read the gateway's memory",
      "read a sibling's memory",
      "write a sibling's memory",
      'compare with the gateway',
      'list of locks of the gateway',
      "move the gateway's pages",
      "migrate the gateway's pages",
    ]),
  },
};

const signals: AttackClass<'python'> = {
  name: 'signals',
  language: 'python',
  rows: {
    ...rowsOf(byBoth('EPERM'), [
      'kill the gateway',
      "kill the gateway's group",
      'kill a sibling',
      'tgkill',
      'rt_sigqueueinfo',
      'rt_tgsigqueueinfo',
      'pidfd_send_signal',
    ]),
    tkill: byLandlock('EPERM'),
    ...rowsOf(bySeccomp(), [
      'kill everyone',
      "own the gateway's SIGIO",
      "own a sibling's SIGIO",
      "own the gateway's SIGURG",
      'choose the signal',
    ]),
  },
};

const others: AttackClass<'python'> = {
  name: 'others',
  language: 'python',
  rows: rowsOf(bySeccomp(), [
    'read a limit of the gateway',
    'set a limit of the gateway',
    'set a limit of a sibling',
    'priority of the gateway',
    'priority of a sibling',
    'priority of a group',
    'priority of a user',
    'affinity of the gateway',
    'affinity of a sibling',
    'scheduler of the gateway',
    'scheduling parameters of the gateway',
    'scheduling attributes of the gateway',
    'I/O priority of the gateway',
    'I/O priority of a user',
  ]),
};

export const processClasses: readonly AttackClass<'python'>[] = [processes, signals, others];
