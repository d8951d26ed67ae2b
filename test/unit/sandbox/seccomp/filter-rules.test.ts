import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { auditArch, compileFilter } from '../../../../src/sandbox/seccomp/bpf-program.ts';
import type { FilterParameters } from '../../../../src/sandbox/seccomp/conditional-rules.ts';
import {
  type FilterArch,
  filterRules,
  namedRules,
  syscallNumber,
} from '../../../../src/sandbox/seccomp/filter-rules.ts';
import numbers from '../../../../src/sandbox/seccomp/syscall-numbers.json' with { type: 'json' };
import { evaluate } from './bpf-interpreter.ts';

const pid = 4242;
const execve = { file: 0x1234_5678_9abcn, argv: 0x2345_6789_abcdn, envp: 0x3456_789a_bcden };
const usual: FilterParameters = {
  pid,
  tcp: true,
  udp: true,
  truncateGoverned: true,
  signalsScoped: true,
  sharedWrites: false,
  execve,
};

/** `pretended`: the call answers 0 and does nothing. */
type Met = 'allow' | 'pretended' | 'EPERM' | 'EACCES' | 'ENOSYS';

function decider(arch: FilterArch, changes: Partial<FilterParameters> = {}) {
  const program = compileFilter(arch, filterRules(arch, { ...usual, ...changes }));
  return (name: string, ...args: (number | bigint)[]): string => {
    const number = syscallNumber(arch, name);
    if (number === null) return 'absent';
    const decision = evaluate(program, { arch: auditArch[arch], number, args: args.map(BigInt) });
    if (typeof decision === 'string') return decision;
    if (decision.errno === 0) return 'pretended';
    const known = Object.entries(constants.errno).find(([, value]) => value === decision.errno);
    return known?.[0] ?? String(decision.errno);
  };
}

const threadFlags = 0x3d0f00; // what glibc's pthread_create asks for
const [unix, inet, inet6, netlink] = [1, 2, 10, 16];
const [stream, datagram, raw] = [1, 2, 3];
const stream4 = stream | 0o2004000; // with SOCK_CLOEXEC and SOCK_NONBLOCK

const table: readonly [Met, string, ...(number | bigint)[]][] = [
  ['allow', 'read', 0],
  ['allow', 'mmap'],
  ['allow', 'futex'],
  ['allow', 'exit_group'],
  ['EPERM', 'fork'],
  ['EPERM', 'vfork'],
  ['allow', 'clone', threadFlags],
  ['EPERM', 'clone', 17],
  ['EPERM', 'clone', 0x4111],
  ['EPERM', 'clone', threadFlags | 0x10000000],
  ['ENOSYS', 'clone3'],
  ['allow', 'execve', execve.file, execve.argv, execve.envp],
  ['EPERM', 'execve', execve.file, execve.argv, execve.envp + 8n],
  ['EPERM', 'execve', execve.file ^ (1n << 40n), execve.argv, execve.envp],
  ['EPERM', 'execve', execve.argv, execve.file, execve.envp],
  ['EPERM', 'execveat'],
  ['EPERM', 'ptrace'],
  ['EPERM', 'process_vm_writev'],
  ['EPERM', 'pidfd_getfd'],
  ['pretended', 'chmod'],
  ['pretended', 'fchmodat2'],
  ['pretended', 'utimensat', -100, 0x7fff_0000_1000n, 0x7fff_0000_2000n, 0],
  ['pretended', 'utimensat', 5, 0, 0, 0],
  ['EPERM', 'utimensat', -100, 0x7fff_0000_1000n, 0, 0],
  ['pretended', 'utimensat', -100, 0x7fff_0000_1000n, 0x7fff_0000_0000n, 0],
  ['EPERM', 'utime'],
  ['EPERM', 'fchown'],
  ['EPERM', 'setxattrat'],
  ['EPERM', 'mount'],
  ['EPERM', 'unshare'],
  ['EPERM', 'bpf'],
  ['EPERM', 'io_uring_setup'],
  ['EPERM', 'keyctl'],
  ['EPERM', 'memfd_create'],
  ['EPERM', 'shmget'],
  ['EPERM', 'mq_open'],
  ['EPERM', 'listen'],
  ['allow', 'prlimit64', 0, 7],
  ['allow', 'prlimit64', pid, 7],
  ['EPERM', 'prlimit64', pid + 1, 7],
  ['EPERM', 'setpriority', 2, 0],
  ['allow', 'setpriority', 0, 0],
  ['EPERM', 'sched_setaffinity', 1],
  ['EPERM', 'ioprio_set', 3, 0],
  ['allow', 'kill', pid, 15],
  ['EPERM', 'kill', -1, 9],
  ['EPERM', 'kill', -pid, 9],
  ['EPERM', 'tgkill', 1, 1, 9],
  ['allow', 'tgkill', pid, pid + 3, 6],
  ['allow', 'socket', inet, stream4, 0],
  ['allow', 'socket', inet6, datagram, 17],
  ['EACCES', 'socket', inet, stream, 262],
  ['EACCES', 'socket', inet, stream, 132],
  ['EACCES', 'socket', inet, datagram, 136],
  ['EACCES', 'socket', inet, raw, 1],
  ['EACCES', 'socket', unix, stream, 0],
  ['EACCES', 'socket', netlink, raw, 0],
  ['allow', 'socketpair', unix, stream4, 0],
  ['EPERM', 'socketpair', unix, datagram, 0],
  ['allow', 'sendto', 3, 0, 0, 0x4000],
  ['EPERM', 'sendto', 3, 0, 0, 0x20004000],
  ['EPERM', 'sendmsg', 3, 0, 0x20000000],
  ['allow', 'ioctl', 1, 0x5401],
  ['EPERM', 'ioctl', 1, 0x5412],
  ['EPERM', 'ioctl', 1, 0x541c],
  ['EPERM', 'ioctl', 1, 0x1_0000_5412n],
  ['EPERM', 'prctl', 1, 0],
  ['EPERM', 'prctl', 4, 0],
  ['allow', 'prctl', 15],
  ['allow', 'fcntl', 3, 4],
  ['EPERM', 'fcntl', 3, 8, 1],
  ['EPERM', 'fcntl', 3, 1024],
  ['allow', 'setsockopt', 3, 6, 1],
  ['EPERM', 'setsockopt', 3, 6, 31],
  ['EPERM', 'setsockopt', 3, 1, 26],
  ['EPERM', 'setsockopt', 3, 1, 50],
  ['EPERM', 'setsockopt', 3, 263, 1],
  ['allow', 'getsockopt', 3, 1, 4],
  ['EPERM', 'getsockopt', 3, 1, 77],
  ['EPERM', 'setsockopt', 3, 1, 4],
];

for (const arch of ['x64', 'arm64'] as const) {
  describe(`the rules on ${arch}`, () => {
    test('answer every row of the table', () => {
      const met = decider(arch);
      const wrong = table
        .filter(([, name]) => syscallNumber(arch, name) !== null)
        .filter(([expected, name, ...args]) => met(name, ...args) !== expected)
        .map(([expected, name, ...args]) => `${name}(${args}) → ${met(name, ...args)}, expected ${expected}`);
      assert.deepEqual(wrong, []);
    });

    test('without TCP and UDP there is no internet socket and nothing to bind', () => {
      const met = decider(arch, { tcp: false, udp: false });
      assert.equal(met('socket', inet, stream, 0), 'EACCES');
      assert.equal(met('socket', inet6, datagram, 0), 'EACCES');
      assert.equal(met('bind', 3), 'EPERM');
      assert.equal(met('socketpair', unix, stream, 0), 'allow');
    });

    test('where Landlock does not know truncation, the filter refuses it', () => {
      const met = decider(arch, { truncateGoverned: false });
      assert.equal(met('truncate'), 'EPERM');
      assert.equal(met('openat', -100, 0, 0o1000), 'EPERM');
      assert.equal(met('openat', -100, 0, 0o1001), 'allow');
      assert.equal(met('openat', -100, 0, 0), 'allow');
      assert.equal(met('openat2'), 'ENOSYS');
    });

    test('with a shared folder to write to, a mode that would hide a file is refused, not pretended', () => {
      const met = decider(arch, { sharedWrites: true });
      assert.deepEqual([met('fchmod', 5, 0o644), met('fchmod', 5, 0o100755)], ['pretended', 'pretended']);
      assert.deepEqual([met('fchmod', 5, 0o600), met('fchmod', 5, 0o640)], ['EPERM', 'EPERM']);
      assert.deepEqual(
        [met('fchmodat', -100, 1, 0o644), met('fchmodat', -100, 1, 0)],
        ['pretended', 'EPERM'],
      );
      assert.equal(met('fchmodat2', -100, 1, 0o600), 'EPERM');
    });

    test('where Landlock does not scope signals, tkill reaches the main thread only', () => {
      const met = decider(arch, { signalsScoped: false });
      assert.equal(met('tkill', pid, 6), 'allow');
      assert.equal(met('tkill', pid + 1, 6), 'EPERM');
    });
  });
}

test('the rules: only calls that no kernel serves any more have no rule', () => {
  const rules = namedRules(usual);
  const obsolete = [
    '_sysctl',
    'afs_syscall',
    'epoll_ctl_old',
    'epoll_wait_old',
    'get_kernel_syms',
    'getpmsg',
  ];
  const without = Object.keys(numbers).filter((name) => !rules.has(name));
  assert.deepEqual(without, [
    ...obsolete,
    ...['putpmsg', 'query_module', 'security', 'sysfs', 'tuxcall', 'uselib', 'ustat', 'vserver'],
  ]);
});

test('the rules: every name is in the table of numbers', () => {
  for (const name of namedRules(usual).keys()) assert.doesNotThrow(() => syscallNumber('x64', name));
});
