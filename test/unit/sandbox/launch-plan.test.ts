import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultResourceLimits, type SandboxPolicy } from '../../../src/policy/sandbox-policy.ts';
import type { Capabilities } from '../../../src/sandbox/capabilities.ts';
import { fsAccess, knownFsAccess, netAccess } from '../../../src/sandbox/landlock-access.ts';
import { tempDirPlaceholder } from '../../../src/sandbox/language-guard.ts';
import {
  encodeLaunchPlan,
  type LaunchInput,
  type LaunchPlan,
  planLaunch,
} from '../../../src/sandbox/launch-plan.ts';
import { maxPlanBytes } from '../../../src/sandbox/launcher-protocol.ts';

const policy: SandboxPolicy = {
  strict: true,
  files: { read: ['/fn/a.js'], list: ['/fn'], write: ['/data'], execute: [] },
  network: { outboundTcp: 'all', udp: true },
  limits: defaultResourceLimits,
};

const capabilities: Capabilities = {
  platform: 'linux',
  arch: 'x64',
  landlockAbi: 7,
  seccomp: true,
  noNewPrivs: true,
  ffi: true,
  mountApi: true,
};

const input: LaunchInput = {
  policy,
  capabilities,
  system: { read: ['/usr/lib'], devices: ['/dev/null'], execute: ['/lib64/loader'], passages: [], links: [] },
  command: {
    file: '/usr/bin/node',
    args: ['--allow', tempDirPlaceholder, 'worker.js'],
    env: { PYTHONUTF8: '1' },
  },
  socketPath: '/run/fn-node.sock',
  token: 'token',
  tempDir: '/tmp/w1',
  hostEnv: {
    LANG: 'de_DE.UTF-8',
    LC_TIME: 'C',
    TZ: 'UTC',
    PATH: '/evil',
    FN_ADMIN_TOKEN: 'secret',
    AWS_KEY: 'secret',
  },
};

const planFor = (changes: Partial<LaunchInput>): LaunchPlan => planLaunch({ ...input, ...changes });
const withAbi = (landlockAbi: number) => ({ capabilities: { ...capabilities, landlockAbi } });
const accessOf = (plan: LaunchPlan, path: string): number =>
  plan.jail?.landlock?.rules.find((rule) => rule.path === path)?.access ?? 0;

describe('the launch plan', () => {
  test('gives the same plan for the same input, as plain JSON', () => {
    const plan = planFor({});
    assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
    assert.deepEqual(planFor({}), plan);
  });

  test('passes nothing of the gateway but language, time zone and what the runtime needs', () => {
    assert.deepEqual(planFor({}).env, {
      LANG: 'de_DE.UTF-8',
      LC_TIME: 'C',
      TZ: 'UTC',
      PYTHONUTF8: '1',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/tmp/w1',
      TMPDIR: '/tmp/w1',
      TMP: '/tmp/w1',
      TEMP: '/tmp/w1',
    });
  });

  test('puts the private folder into the arguments', () => {
    assert.deepEqual(planFor({}).args, ['--allow', '/tmp/w1', 'worker.js']);
  });

  test('a runtime cannot move the private folder', () => {
    assert.equal(planFor({ command: { ...input.command, env: { TMPDIR: '/tmp' } } }).env.TMPDIR, '/tmp/w1');
  });

  test('without strictness there is no jail but limits stay', () => {
    const plan = planFor({ policy: { ...policy, strict: false } });
    assert.equal(plan.jail, null);
    assert.equal(plan.rlimits.nofile, 256);
    assert.equal(plan.rlimits.core, 0);
  });

  test('files: only the interpreter and its loader can be executed, nothing writable can', () => {
    const plan = planFor({});
    const rules = plan.jail?.landlock?.rules ?? [];
    const executable = rules
      .filter(({ access }) => (access & fsAccess.execute) !== 0)
      .map(({ path }) => path);
    assert.deepEqual(executable.sort(), ['/lib64/loader', '/usr/bin/node']);
    const writable = rules.filter(({ access }) => (access & fsAccess.makeReg) !== 0).map(({ path }) => path);
    assert.deepEqual(writable.sort(), ['/data', '/tmp/w1']);
    assert.equal(accessOf(plan, '/fn/a.js') & fsAccess.writeFile, 0);
    assert.equal(accessOf(plan, '/fn'), fsAccess.readDir);
    for (const path of writable) {
      assert.equal(
        accessOf(plan, path) &
          (fsAccess.makeSock | fsAccess.makeChar | fsAccess.makeBlock | fsAccess.makeFifo),
        0,
      );
    }
  });

  test('files: the interpreter and the private folder are required, a function file is not', () => {
    const required = (planFor({}).jail?.landlock?.rules ?? [])
      .filter((rule) => rule.required)
      .map(({ path }) => path);
    assert.deepEqual(required.sort(), ['/tmp/w1', '/usr/bin/node']);
  });

  test('files: grants of one path add up', () => {
    const twice = { ...policy, files: { ...policy.files, read: ['/data'] } };
    const rules = planFor({ policy: twice }).jail?.landlock?.rules ?? [];
    assert.equal(rules.filter(({ path }) => path === '/data').length, 1);
    assert.ok((accessOf(planFor({ policy: twice }), '/data') & fsAccess.writeFile) !== 0);
  });

  for (const abi of [1, 2, 3, 4, 5, 6, 7]) {
    test(`Landlock ABI ${abi}: asks for nothing that this kernel does not know`, () => {
      const landlock = planFor(withAbi(abi)).jail?.landlock;
      assert.ok(landlock);
      assert.equal(landlock.handledFs, knownFsAccess(abi));
      for (const { access } of landlock.rules) assert.equal(access & ~landlock.handledFs, 0);
      assert.equal(landlock.handledNet, abi >= 4 ? netAccess.bindTcp : 0);
      assert.equal(landlock.scoped, abi >= 6 ? 3 : 0);
    });
  }

  test('Landlock: what an old version lacks, the filter is told to cover', () => {
    assert.equal(planFor(withAbi(2)).jail?.seccomp?.truncateGoverned, false);
    assert.equal(planFor(withAbi(3)).jail?.seccomp?.truncateGoverned, true);
    assert.equal(planFor(withAbi(5)).jail?.seccomp?.signalsScoped, false);
    assert.equal(planFor(withAbi(6)).jail?.seccomp?.signalsScoped, true);
  });

  test('without Landlock the filter stays, and without seccomp the file rules stay', () => {
    assert.equal(planFor(withAbi(0)).jail?.landlock, null);
    assert.ok(planFor(withAbi(0)).jail?.seccomp);
    const noFilter = planFor({ capabilities: { ...capabilities, seccomp: false } });
    assert.equal(noFilter.jail?.seccomp, null);
    assert.ok(noFilter.jail?.landlock);
  });

  test('network: a port list becomes Landlock rules', () => {
    const plan = planFor({ policy: { ...policy, network: { outboundTcp: [443], udp: true } } });
    assert.deepEqual(plan.jail?.landlock?.connectPorts, [443]);
    assert.equal(plan.jail?.landlock?.handledNet, netAccess.bindTcp | netAccess.connectTcp);
    assert.equal(plan.jail?.seccomp?.tcp, true);
  });

  test('network: a port list that this kernel cannot hold means no TCP at all', () => {
    const ports: SandboxPolicy = { ...policy, network: { outboundTcp: [443], udp: true } };
    const plan = planFor({ policy: ports, ...withAbi(3) });
    assert.equal(plan.jail?.seccomp?.tcp, false);
    assert.deepEqual(plan.jail?.landlock?.connectPorts, []);
  });

  test('network: none is enforced twice', () => {
    const plan = planFor({ policy: { ...policy, network: { outboundTcp: 'none', udp: false } } });
    assert.deepEqual([plan.jail?.seccomp?.tcp, plan.jail?.seccomp?.udp], [false, false]);
    assert.equal(plan.jail?.landlock?.handledNet, netAccess.bindTcp | netAccess.connectTcp);
  });

  test('the frame is a length and JSON, and has a maximum', () => {
    const plan = planFor({});
    const frame = encodeLaunchPlan(plan);
    assert.equal(frame.readUInt32BE(), frame.length - 4);
    assert.deepEqual(JSON.parse(frame.toString('utf8', 4)), plan);
    assert.throws(
      () => encodeLaunchPlan({ ...plan, token: 'x'.repeat(maxPlanBytes) }),
      /cannot send a launch plan/,
    );
  });
});

describe('launch plan: minimal root', () => {
  const asking = { ...policy, namespace: true };

  test('is planned where the policy has it, by the way of the host', () => {
    assert.equal(planFor({}).jail?.root, null);
    assert.equal(planFor({ namespaceWay: 'mount' }).jail?.root, null);
    const { jail } = planFor({ policy: asking, namespaceWay: 'unshare' });
    assert.equal(jail?.root?.way, 'unshare');
    assert.notEqual(jail?.landlock, null);
    assert.notEqual(jail?.seccomp, null);
  });

  test('cannot be planned on a host without one: nothing is started with less than was asked', () => {
    assert.throws(() => planFor({ policy: asking }), /cannot plan a minimal root/);
  });

  test('is off with the rest of the sandbox', () => {
    assert.equal(planFor({ policy: { ...asking, strict: false } }).jail, null);
  });
});
