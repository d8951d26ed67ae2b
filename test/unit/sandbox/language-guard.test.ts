import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultResourceLimits, type SandboxPolicy } from '../../../src/policy/sandbox-policy.ts';
import {
  nodePermissionFlags,
  sealedPermissionFlags,
  tempDirPlaceholder,
  withTempDir,
} from '../../../src/sandbox/language-guard.ts';

const system = { read: ['/usr/lib'], devices: ['/dev/null'], execute: [], passages: [], links: [] };
const policy: SandboxPolicy = {
  strict: true,
  files: { read: ['/fn/a.js'], list: ['/fn'], write: ['/data'], execute: [] },
  network: { outboundTcp: 'none', udp: false },
  limits: defaultResourceLimits,
};

test('guard: reads and writes exactly what the policy grants', () => {
  const flags = nodePermissionFlags(policy, system);
  const reads = flags.filter((flag) => flag.startsWith('--allow-fs-read='));
  assert.deepEqual(
    reads.map((flag) => flag.slice('--allow-fs-read='.length)),
    ['/usr/lib', '/dev/null', '/fn/a.js', '/data', tempDirPlaceholder],
  );
  const writes = flags.filter((flag) => flag.startsWith('--allow-fs-write='));
  assert.deepEqual(
    writes.map((flag) => flag.slice('--allow-fs-write='.length)),
    ['/dev/null', '/data', tempDirPlaceholder],
  );
});

test('guard: the network only where the policy has some', () => {
  const online = { ...policy, network: { outboundTcp: [443], udp: false } };
  assert.ok(!nodePermissionFlags(policy, system).includes('--allow-net'));
  assert.ok(nodePermissionFlags(online, system).includes('--allow-net'));
});

test('guard: a sealed language reads what the policy names, and that is all', () => {
  const online = { ...policy, network: { outboundTcp: 'all', udp: true } } as const;
  assert.deepEqual(sealedPermissionFlags(online), [
    '--permission',
    '--disable-warning=ExperimentalWarning',
    '--allow-fs-read=/fn/a.js',
  ]);
});

test('guard: off with the sandbox', () => {
  assert.deepEqual(nodePermissionFlags({ ...policy, strict: false }, system), []);
  assert.deepEqual(sealedPermissionFlags({ ...policy, strict: false }), []);
});

test('guard: the private folder replaces its placeholder', () => {
  assert.deepEqual(withTempDir([`--allow-fs-write=${tempDirPlaceholder}`, 'x'], '/tmp/w'), [
    '--allow-fs-write=/tmp/w',
    'x',
  ]);
});
