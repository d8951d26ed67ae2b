import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { auditArch, compileFilter } from '../../../../src/sandbox/seccomp/bpf-program.ts';
import type { FilterParameters } from '../../../../src/sandbox/seccomp/conditional-rules.ts';
import { filterRules, namedRules, syscallNumber } from '../../../../src/sandbox/seccomp/filter-rules.ts';
import { evaluate } from './bpf-interpreter.ts';

const pid = 4242;
const build: FilterParameters = {
  pid,
  tcp: false,
  udp: false,
  truncateGoverned: true,
  signalsScoped: true,
  sharedWrites: false,
  processes: true,
  execve: { file: 1n << 33n, argv: 1n << 34n, envp: 1n << 35n },
};

function met(changes: Partial<FilterParameters>, name: string, ...args: number[]): string {
  const number = syscallNumber('x64', name) ?? assert.fail(name);
  const program = compileFilter('x64', filterRules('x64', { ...build, ...changes }));
  const decision = evaluate(program, { arch: auditArch.x64, number, args: args.map(BigInt) });
  if (typeof decision === 'string') return decision;
  const known = Object.entries(constants.errno).find(([, value]) => value === decision.errno);
  return decision.errno === 0 ? 'pretended' : (known?.[0] ?? String(decision.errno));
}

const sigchld = 17;
const stranger = 999;

describe('the filter of a build', () => {
  for (const [verdict, name, ...args] of [
    ['allow', 'fork'],
    ['allow', 'vfork'],
    ['allow', 'clone', sigchld],
    ['allow', 'clone', 0x4111], // CLONE_VM | CLONE_VFORK | SIGCHLD: posix_spawn
    ['EPERM', 'clone', 0x10000000 | sigchld], // CLONE_NEWUSER
    ['EPERM', 'clone', 0x00020000 | sigchld], // CLONE_NEWNS
    ['EPERM', 'clone', 0x8000 | sigchld], // CLONE_PARENT
    ['ENOSYS', 'clone3'],
    ['allow', 'execve', 1, 2, 3],
    ['EPERM', 'execveat'],
    ['EPERM', 'setsid'],
    ['EPERM', 'setpgid'],
    ['EPERM', 'unshare'],
    ['EPERM', 'setns'],
    ['EPERM', 'ptrace'],
    ['EPERM', 'mount'],
    ['pretended', 'chmod', 1, 0o777],
    ['allow', 'kill', stranger],
    ['EACCES', 'socket', 2, 1, 0],
    ['EACCES', 'socket', 1, 1, 0],
    ['allow', 'socketpair', 1, 1],
    ['allow', 'socketpair', 1, 5],
    ['EPERM', 'socketpair', 1, 2],
  ] as const) {
    test(`${name}(${args.join(', ')}) → ${verdict}`, () => assert.equal(met({}, name, ...args), verdict));
  }

  test('reaches nobody but its own group with signals where the kernel does not scope them', () => {
    const unscoped = { signalsScoped: false };
    assert.equal(met(unscoped, 'kill', stranger), 'EPERM');
    assert.equal(met(unscoped, 'kill', 0), 'allow');
    assert.equal(met(unscoped, 'tgkill', stranger, stranger), 'EPERM');
    assert.equal(met(unscoped, 'tkill', stranger), 'EPERM');
  });

  test('differs from that of a worker in these calls only', () => {
    const [ours, workers] = [namedRules(build), namedRules({ ...build, processes: false })];
    const differing = [...ours].filter(
      ([name, rule]) => JSON.stringify(rule) !== JSON.stringify(workers.get(name)),
    );
    const names = differing.map(([name]) => name).sort();
    assert.deepEqual(names, [
      'clone',
      'execve',
      'fork',
      'kill',
      'rt_sigqueueinfo',
      'rt_tgsigqueueinfo',
      'socketpair',
      'tgkill',
      'utimensat',
      'vfork',
    ]);
    assert.equal(ours.size, workers.size);
  });
});
