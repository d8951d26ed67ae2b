import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMethodList, unionOfMethods } from '../../../src/policy/methods.ts';
import { parseNumberField } from '../../../src/policy/number-field.ts';
import { type PolicyPatch, resolvePolicy } from '../../../src/policy/resolve-policy.ts';
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';

function resolve(patches: readonly PolicyPatch[], runtime: RuntimeName = 'node') {
  const defaults = { timeoutMs: 2500, maxConcurrency: 20, maxBodyBytes: 1000, methods: ['GET'] } as const;
  return resolvePolicy(patches, {}, runtime, { ...defaults, strictFs: { enabled: true, locked: true } });
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
