// Classes whose programs run as plain programs inside the jail: compiled languages, of which the jail knows nothing but
// the file, and PHP.

import {
  type AttackClass,
  byBoth,
  byLandlock,
  byNamespace,
  bySeccomp,
  bySeccompAndCapabilities,
  rowsOf,
} from '../../src/prove/attack-class.ts';
import { phpRows } from '../../src/prove/classes/php-classes.ts';

const go: AttackClass<'go'> = {
  name: 'go',
  language: 'go',
  unguarded: true,
  rows: {
    ...rowsOf(byLandlock(), [
      'read /etc/passwd',
      'read /etc/passwd in a thread',
      'read /etc/passwd by open',
      'read own fn.env.json',
      'read own environ',
      "read the gateway's environ",
      'write own code',
      'read through a link',
    ]),
    'read through a hard link': byLandlock('EXDEV'),
    ...rowsOf(bySeccomp(), [
      'chmod own code',
      'start a program',
      'become a program',
      'fork by number',
      'limits of the gateway',
      'listen',
      'shared memory',
      'mount',
    ]),
    namespace: bySeccompAndCapabilities(),
    ...rowsOf(byNamespace(), [
      'stat /etc/passwd',
      'stat /etc/passwd by number',
      'stat /etc/passwd in a thread',
      'stat own fn.env.json',
      "stat the gateway's process",
      "resolve the gateway's program",
    ]),
    'watch /etc/passwd': { ...bySeccomp(), ...byNamespace() },
    'kill the gateway': byBoth('EPERM'),
    ...rowsOf(bySeccomp('EACCES'), ['Unix socket', 'netlink socket']),
    'raw socket': bySeccompAndCapabilities('EACCES'),
  },
};

const rust: AttackClass<'rust'> = {
  name: 'rust',
  language: 'rust',
  unguarded: true,
  rows: {
    ...rowsOf(byLandlock(), [
      'read /etc/passwd',
      'read /etc/passwd in a thread',
      'read own fn.env.json',
      "read the gateway's environ",
      'list /etc',
      'write own code',
      'read through a link',
      'listen',
    ]),
    'read through a hard link': byLandlock('EXDEV'),
    ...rowsOf(bySeccomp(), [
      'chmod own code',
      'start a program',
      'fork',
      'keyring',
      'io_uring',
      'datagram pair',
      'anonymous file',
    ]),
    ...rowsOf(byBoth('EPERM'), ['kill the gateway', 'ptrace the gateway']),
    namespace: bySeccompAndCapabilities(),
    ...rowsOf(byNamespace(), [
      'stat /etc/passwd',
      'stat /etc/passwd by number',
      'stat own fn.env.json',
      "stat the gateway's process",
      'resolve /etc/passwd',
      "resolve the gateway's program",
    ]),
    'another root': bySeccomp(),
    'serve a Unix socket': bySeccomp('EACCES'),
  },
};

/** PHP with all that a host's own settings might allow, FFI among it; the worker's settings are phpClasses. */
const php: AttackClass<'php'> = {
  name: 'php',
  variant: 'bare engine',
  language: 'php',
  rows: { ...phpRows, FFI: byLandlock() },
};

export const programClasses: readonly AttackClass<'go' | 'rust' | 'php'>[] = [go, rust, php];
