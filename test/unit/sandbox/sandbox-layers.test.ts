import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../../src/sandbox/capabilities.ts';
import {
  describeSandbox,
  kernelTierInForce,
  type LayerName,
  type NamespaceState,
} from '../../../src/sandbox/sandbox-layers.ts';

const whole: Capabilities = {
  platform: 'linux',
  arch: 'x64',
  landlockAbi: 7,
  seccomp: true,
  noNewPrivs: true,
  ffi: true,
  mountApi: true,
};

const stateOf = (capabilities: Capabilities, name: LayerName, strict = true) =>
  describeSandbox(capabilities, { strict }).find(({ layer }) => layer === name)?.state;

test('layers: a whole kernel has the kernel tier', () => {
  assert.equal(stateOf(whole, 'landlock'), 'on');
  assert.equal(stateOf(whole, 'seccomp'), 'on');
  assert.ok(kernelTierInForce(describeSandbox(whole, { strict: true })));
});

test('layers: an old Landlock is partial and says what is missing', () => {
  const layers = describeSandbox({ ...whole, landlockAbi: 3 }, { strict: true });
  const landlock = layers.find(({ layer }) => layer === 'landlock');
  assert.equal(landlock?.state, 'partial');
  assert.match(landlock?.detail ?? '', /TCP ports/);
  assert.doesNotMatch(landlock?.detail ?? '', /moving files/);
});

test('layers: without Landlock, without seccomp or switched off there is no kernel tier', () => {
  assert.equal(stateOf({ ...whole, landlockAbi: 0 }, 'landlock'), 'unavailable');
  assert.equal(stateOf({ ...whole, arch: 'riscv64' }, 'seccomp'), 'unavailable');
  for (const changes of [{ landlockAbi: 0 }, { seccomp: false }, { noNewPrivs: false }]) {
    assert.ok(!kernelTierInForce(describeSandbox({ ...whole, ...changes }, { strict: true })));
  }
  assert.ok(!kernelTierInForce(describeSandbox(whole, { strict: false })));
});

test('layers: switched off leaves privileges dropped, limits, group, environment and descriptors on', () => {
  assert.equal(stateOf(whole, 'landlock', false), 'off');
  assert.equal(stateOf(whole, 'language_guard', false), 'off');
  for (const layer of [
    'no_new_privs',
    'capabilities',
    'process_group',
    'environment',
    'descriptors',
  ] as const) {
    assert.equal(stateOf(whole, layer, false), 'on');
  }
});

test('layers: cgroups and a user of their own are said to be there only when they are', () => {
  const find = (name: LayerName, options: Partial<Parameters<typeof describeSandbox>[1]> = {}) =>
    describeSandbox(whole, { strict: true, ...options }).find(({ layer }) => layer === name);
  assert.equal(find('cgroup')?.state, 'unavailable');
  assert.match(find('cgroup', { noCgroups: 'not lent' })?.detail ?? '', /^not lent; the supervisor/);
  assert.equal(find('cgroup', { noCgroups: null })?.state, 'on');
  assert.match(find('worker_user')?.detail ?? '', /which is not root/);
  assert.match(find('worker_user', { isRoot: true })?.detail ?? '', /FN_WORKER_USER is not set/);
  const own = find('worker_user', { isRoot: true, workerUser: { uid: 990, gid: 991 } });
  assert.deepEqual([own?.state, own?.detail], ['on', 'workers run as user 990, group 991']);
});

test('layers: a minimal root is on for all, available to who asks, off or missing with the reason', () => {
  const row = (namespace: NamespaceState | null, strict = true) => {
    const found = describeSandbox(whole, { strict, namespace }).find(({ layer }) => layer === 'namespace');
    return [found?.state, found?.detail ?? ''] as const;
  };
  assert.deepEqual(row(null), ['off', 'not looked for: no function has asked for it']);
  assert.equal(row({ use: 'asked', missing: null })[0], 'available');
  assert.equal(row({ use: 'auto', missing: null })[0], 'on');
  assert.equal(row({ use: 'required', missing: null })[0], 'on');
  assert.deepEqual(row({ use: 'off', missing: null }), ['off', 'switched off by FN_SANDBOX_NAMESPACE']);
  for (const use of ['asked', 'auto', 'required'] as const) {
    assert.deepEqual(row({ use, missing: 'no such thing' }), ['unavailable', 'no such thing']);
  }
  assert.deepEqual(row({ use: 'auto', missing: null }, false), ['off', 'switched off by FN_STRICT_FS']);
});

test('layers: without a launcher nothing is claimed', () => {
  const none: Capabilities = {
    ...whole,
    landlockAbi: 0,
    seccomp: false,
    noNewPrivs: false,
    ffi: false,
    mountApi: false,
  };
  const claimed = describeSandbox(none, { strict: true }).filter(({ state }) => state === 'on');
  assert.deepEqual(
    claimed.map(({ layer }) => layer),
    ['language_guard'],
  );
});

test('layers: no detail names a path of the host', () => {
  for (const { detail } of describeSandbox(whole, { strict: true }))
    assert.doesNotMatch(detail, /\/(etc|tmp|usr)/);
});
