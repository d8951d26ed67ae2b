import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../../src/sandbox/capabilities.ts';
import { describeSandbox, kernelTierInForce, type LayerName } from '../../../src/sandbox/sandbox-layers.ts';

const whole: Capabilities = {
  platform: 'linux',
  arch: 'x64',
  landlockAbi: 7,
  seccomp: true,
  noNewPrivs: true,
  ffi: true,
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

test('layers: switched off leaves limits, group, environment and descriptors on', () => {
  assert.equal(stateOf(whole, 'landlock', false), 'off');
  assert.equal(stateOf(whole, 'language_guard', false), 'off');
  for (const layer of ['process_group', 'environment', 'descriptors'] as const) {
    assert.equal(stateOf(whole, layer, false), 'on');
  }
});

test('layers: without a launcher nothing is claimed', () => {
  const none: Capabilities = { ...whole, landlockAbi: 0, seccomp: false, noNewPrivs: false, ffi: false };
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
