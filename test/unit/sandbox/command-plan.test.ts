import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closedNetwork } from '../../../src/policy/network-grants.ts';
import { defaultResourceLimits, type SandboxPolicy } from '../../../src/policy/sandbox-policy.ts';
import { type CommandInput, planCommand } from '../../../src/sandbox/command-plan.ts';
import { executeAccess, readAccess, writeAccess } from '../../../src/sandbox/landlock-access.ts';

const policy: SandboxPolicy = {
  strict: true,
  processes: 'group',
  files: { read: [], list: [], write: ['/cache'], execute: [], programs: ['/toolchain', '/own'] },
  network: closedNetwork,
  limits: defaultResourceLimits,
};

const input: CommandInput = {
  policy,
  capabilities: {
    platform: 'linux',
    arch: 'x64',
    landlockAbi: 7,
    seccomp: true,
    noNewPrivs: true,
    ffi: true,
    mountApi: true,
  },
  system: { read: ['/usr/lib'], devices: ['/dev/null'], execute: ['/lib64/loader'], passages: [], links: [] },
  file: '/usr/bin/make',
  args: ['all'],
  env: { HOME: '/own' },
  ownDir: '/own',
  workingDir: '/own/work',
  identity: null,
};

describe('the plan of a command', () => {
  test('has no connection, exactly its environment, and its own folder to work in', () => {
    const plan = planCommand(input);
    assert.equal(plan.socketPath, null);
    assert.deepEqual(plan.env, { HOME: '/own' });
    assert.equal(plan.workingDir, '/own/work');
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
  });

  test('runs programs of the toolchain and of its own folder, and writes to that folder and the caches only', () => {
    const rules = planCommand(input).jail?.landlock?.rules ?? [];
    const accessOf = (path: string) => rules.find((rule) => rule.path === path)?.access;
    assert.equal(accessOf('/toolchain'), executeAccess | readAccess);
    assert.equal(accessOf('/own'), executeAccess | readAccess | writeAccess);
    assert.equal(accessOf('/cache'), writeAccess);
    const writable = rules.filter(({ access }) => (access & writeAccess & ~readAccess) !== 0);
    assert.deepEqual(writable.map(({ path }) => path).sort(), ['/cache', '/dev/null', '/own']);
  });

  test('starts processes, pretends modes although there is a cache, and has no socket without network', () => {
    const seccomp = planCommand(input).jail?.seccomp;
    assert.equal(seccomp?.processes, true);
    assert.equal(seccomp?.sharedWrites, false);
    assert.deepEqual([seccomp?.tcp, seccomp?.udp], [false, false]);
  });

  test('has no jail where the sandbox is off', () => {
    assert.equal(planCommand({ ...input, policy: { ...policy, strict: false } }).jail, null);
  });
});
