import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SandboxTier } from '../../../src/policy/function-policy.ts';
import { parseMethodList, unionOfMethods } from '../../../src/policy/methods.ts';
import { closedNetwork, networkOfPorts } from '../../../src/policy/network-grants.ts';
import { parseNumberField } from '../../../src/policy/number-field.ts';
import {
  type HandlerPatch,
  type PolicyDefaults,
  type PolicyPatch,
  resolvePolicy,
} from '../../../src/policy/resolve-policy.ts';
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';
import { defaultMaxima, defaultSandboxRules, type SandboxRules } from '../../../src/policy/sandbox-rules.ts';

function resolve(
  patches: readonly PolicyPatch[],
  runtime: RuntimeName = 'node',
  { own = {}, ...changes }: Partial<PolicyDefaults> & { readonly own?: HandlerPatch } = {},
) {
  const defaults = { timeoutMs: 2500, maxConcurrency: 20, maxBodyBytes: 1000, methods: ['GET'] } as const;
  const strictFs = { enabled: true, locked: true };
  return resolvePolicy(patches, own, runtime, { ...defaults, strictFs, ...changes });
}

describe('policy: from patches to one value', () => {
  it('the nearest patch that says something wins, field by field', () => {
    const policy = resolve([{ timeoutMs: 1 }, { timeoutMs: 2, group: 'far' }, { maxBodyBytes: 3 }]);
    assert.deepEqual([policy.timeoutMs, policy.group, policy.maxBodyBytes], [1, 'far', 3]);
    assert.equal(policy.maxConcurrency, 20);
    assert.ok(Object.isFrozen(policy));
  });

  it('a worker pool is replaced whole', () => {
    const far: PolicyPatch = { workerPool: { enabled: true, maxQueue: 9, maxWorkers: 3 } };
    assert.equal(resolve([{ workerPool: { enabled: true, maxWorkers: 1 } }, far]).workerPool.maxQueue, 0);
  });

  it('without a block the gate is max_concurrency, and says that it was not declared', () => {
    const { workerPool } = resolve([{ maxConcurrency: 7 }]);
    assert.deepEqual([workerPool.enabled, workerPool.declared, workerPool.maxWorkers], [true, false, 7]);
  });

  it('a queue without a time waits as long as the call may live, at most five seconds', () => {
    const wait = (patch: PolicyPatch) => resolve([patch]).workerPool.queueTimeoutMs;
    assert.equal(wait({ workerPool: { enabled: true, maxQueue: 5 } }), 2500);
    assert.equal(wait({ timeoutMs: 60_000, workerPool: { enabled: true, maxQueue: 5 } }), 5000);
    assert.equal(wait({ workerPool: { enabled: true, maxQueue: 5, queueTimeoutMs: 0 } }), 0);
    assert.equal(wait({ workerPool: { enabled: true } }), 0);
  });

  it('min_warm never exceeds max_workers, unless that means no limit', () => {
    const warm = (maxWorkers: number) =>
      resolve([{ workerPool: { enabled: true, minWarm: 9, maxWorkers } }]).workerPool.minWarm;
    assert.deepEqual([warm(2), warm(0)], [2, 9]);
  });

  it('compiled languages have time for their build', () => {
    assert.equal(resolve([{ timeoutMs: 100 }], 'rust').timeoutMs, 180_000);
    assert.equal(resolve([{ timeoutMs: 200_000 }], 'go').timeoutMs, 200_000);
    assert.equal(resolve([{ timeoutMs: 100 }], 'lua').timeoutMs, 100);
  });

  it('an empty host list is not the same as none', () => {
    assert.deepEqual(resolve([{ allowHosts: [] }, { allowHosts: ['a'] }]).allowHosts, []);
    assert.equal(resolve([{}]).allowHosts, null);
  });
});

describe('policy: sandbox and limits', () => {
  const mib = 1024 * 1024;

  it('defaults are those of the contract', () => {
    const { sandbox, limits } = resolve([]);
    assert.deepEqual(sandbox, {
      network: { outboundTcp: 'all', udp: true },
      require: 'none',
      namespace: false,
    });
    assert.deepEqual(limits, {
      memoryBytes: 512 * mib,
      openFiles: 256,
      fileBytes: 64 * mib,
      threads: 128,
      cpuMs: null,
      outputBytes: 256 * 1024,
      tempBytes: 256 * mib,
    });
    assert.ok(Object.isFrozen(sandbox) && Object.isFrozen(limits));
  });

  it('a nearer limit does not set the other limits of an outer file free', () => {
    const { limits, sandbox } = resolve([
      { limits: { threads: 20 }, require: 'none' },
      { limits: { threads: 30, memoryBytes: 64 * mib }, network: closedNetwork },
    ]);
    assert.deepEqual([limits.threads, limits.memoryBytes], [20, 64 * mib]);
    assert.equal(sandbox.network.outboundTcp, 'none');
  });

  it('the operator bounds what nobody asked for, too', () => {
    const { limits, sandbox, stream } = resolve([], 'node', {
      sandbox: {
        network: networkOfPorts([443], true),
        maxima: { ...defaultMaxima, memoryBytes: 100 * mib, cpuMs: 700 },
        streams: { idleMs: 5000, maxMs: 7000 },
        kernelTier: true,
        namespaceUse: 'asked',
        namespaceMissing: null,
      },
    });
    assert.deepEqual([limits.memoryBytes, limits.cpuMs, limits.openFiles], [100 * mib, 700, 256]);
    assert.deepEqual(stream, { idleMs: 5000, maxMs: 7000 });
    assert.deepEqual(sandbox.network, { outboundTcp: [443], udp: true });
  });

  it('a minimal root is for who asks, unless the operator says all or none; a host without one gives none', () => {
    const rooted = (rules: Partial<SandboxRules>, require: SandboxTier, strictFs?: false) =>
      resolve([{ require }], 'node', {
        own: strictFs === undefined ? {} : { strictFs },
        strictFs: { enabled: true, locked: false },
        sandbox: { ...defaultSandboxRules, ...rules },
      }).sandbox.namespace;
    assert.deepEqual(
      [rooted({}, 'none'), rooted({}, 'kernel'), rooted({}, 'namespace')],
      [false, false, true],
    );
    for (const namespaceUse of ['auto', 'required'] as const) {
      assert.equal(rooted({ namespaceUse }, 'none'), true);
      assert.equal(rooted({ namespaceUse, namespaceMissing: 'no' }, 'namespace'), false);
      assert.equal(rooted({ namespaceUse }, 'none', false), false);
    }
    assert.equal(rooted({ namespaceUse: 'off' }, 'namespace'), false);
  });

  it('each stream limit is inherited on its own', () => {
    const patches = [{ streamIdleMs: 10 }, { streamIdleMs: 20, streamMaxMs: 30 }];
    assert.deepEqual(resolve(patches).stream, { idleMs: 10, maxMs: 30 });
    assert.deepEqual(resolve([]).stream, { idleMs: 60_000, maxMs: 3_600_000 });
  });

  it('only native Node and Python handlers read a body that is still arriving', () => {
    const mode = (runtime: RuntimeName, own: HandlerPatch) => resolve([], runtime, { own }).bodyMode;
    assert.equal(mode('node', { bodyMode: 'stream' }), 'stream');
    assert.equal(mode('python', { bodyMode: 'stream' }), 'stream');
    assert.equal(mode('node', {}), 'buffer');
    assert.equal(mode('node', { bodyMode: 'stream', adapter: 'aws-lambda' }), 'buffer');
    for (const runtime of ['php', 'lua', 'rust', 'go'] as const) {
      assert.equal(mode(runtime, { bodyMode: 'stream' }), 'buffer');
    }
  });

  it('a function whose network is limited cannot opt out of what holds it to it', () => {
    const strict = (locked: boolean, patches: readonly PolicyPatch[]) =>
      resolve(patches, 'node', { strictFs: { enabled: true, locked }, own: { strictFs: false } }).strictFs;
    assert.equal(strict(true, []), true);
    assert.equal(strict(false, []), false);
    assert.equal(strict(false, [{ network: closedNetwork }]), true);
    assert.equal(strict(false, [{ network: networkOfPorts([443], true) }]), true);
  });
});

describe('policy: methods and numbers as people write them', () => {
  it('reads methods from lists and texts', () => {
    assert.deepEqual(parseMethodList('post, get'), { methods: ['GET', 'POST'], unknown: [] });
    assert.deepEqual(parseMethodList(['Put', 'put', 'TRACE', 5]), { methods: ['PUT'], unknown: ['TRACE'] });
    assert.deepEqual(parseMethodList(null), { methods: [], unknown: [] });
    assert.deepEqual(unionOfMethods([['DELETE'], ['GET', 'DELETE']]), ['GET', 'DELETE']);
  });

  it('reads whole numbers within bounds', () => {
    const read = (raw: unknown) => parseNumberField(raw, { min: 1, max: 10 });
    assert.deepEqual(read('5'), { kind: 'ok', value: 5 });
    assert.deepEqual(read(' 5.9 '), { kind: 'ok', value: 5 });
    assert.deepEqual(read(11), { kind: 'lowered', value: 10 });
    assert.deepEqual(read('1e999'), { kind: 'bad' });
    for (const raw of [
      0,
      -1,
      0.9,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '',
      '0x5',
      'x',
      null,
      true,
      [5],
      {},
    ]) {
      assert.deepEqual(read(raw), { kind: 'bad' });
    }
  });
});
