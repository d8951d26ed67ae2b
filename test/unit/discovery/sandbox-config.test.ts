import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFunctionConfig } from '../../../src/discovery/function-config.ts';
import { closedNetwork, describeNetwork, networkOfPorts } from '../../../src/policy/network-grants.ts';
import { defaultMaxima, defaultSandboxRules, type SandboxRules } from '../../../src/policy/sandbox-rules.ts';

const mib = 1024 * 1024;

function read(config: unknown, rules: Partial<SandboxRules> = {}) {
  const text = JSON.stringify(config);
  const { config: read, faults } = parseFunctionConfig(text, 'f/fn.config.json', {
    ...defaultSandboxRules,
    ...rules,
  });
  return {
    patch: read?.policy ?? {},
    network: read?.policy.network === undefined ? undefined : describeNetwork(read.policy.network),
    faults: faults.map(({ key, found, accepted, severity }) => [severity, key, found, accepted] as const),
  };
}

describe('sandbox.network', () => {
  it('is all, none, or what the object lists', () => {
    const network = (value: unknown) => read({ sandbox: { network: value } }).network;
    assert.equal(network('all'), 'all');
    assert.equal(network('none'), 'none');
    assert.equal(network({ tcp_ports: [443, 80, 443] }), 'tcp 80, 443');
    assert.equal(network({ tcp_ports: [443], udp: true }), 'tcp 443 and udp');
    assert.equal(network({ udp: true }), 'udp');
    assert.equal(network({}), 'none');
  });

  it('says nothing where the file says nothing', () => {
    assert.equal(read({ sandbox: { require: 'none' } }).network, undefined);
    assert.deepEqual(read({ timeout_ms: 5 }).patch, { timeoutMs: 5 });
  });

  for (const bad of [
    'open',
    '',
    null,
    true,
    443,
    [443],
    { tcp_ports: 443 },
    { tcp_ports: [0] },
    { tcp_ports: [443, 65_536] },
    { tcp_ports: ['443'] },
    { tcp_ports: [443], udp: 'no' },
    { tcp_ports: [443], hosts: ['example.org'] },
  ]) {
    it(`is none, with a fault, when it is ${JSON.stringify(bad)}`, () => {
      const { network, faults } = read({ sandbox: { network: bad } });
      assert.equal(network, 'none');
      assert.ok(faults.some(([severity, key]) => severity === 'error' && key === 'sandbox.network'));
    });
  }

  it('is narrowed to what the operator allows, with a warning', () => {
    const network = networkOfPorts([443, 5432], false);
    const { network: got, faults } = read(
      { sandbox: { network: { tcp_ports: [80, 443], udp: true } } },
      { network },
    );
    assert.equal(got, 'tcp 443');
    assert.deepEqual(faults, [
      [
        'warning',
        'sandbox.network',
        '{"tcp_ports":[80,443],"udp":true}',
        'at most tcp 443, 5432 by the operator (FN_SANDBOX_NETWORK)',
      ],
    ]);
    assert.deepEqual(read({ sandbox: { network: { tcp_ports: [443] } } }, { network }).faults, []);
    assert.equal(read({ sandbox: { network: 'all' } }, { network: closedNetwork }).network, 'none');
  });
});

describe('sandbox.require', () => {
  it('is the strictest unless the file clearly says less', () => {
    const required = (value: unknown) => read({ sandbox: { require: value } }).patch.require;
    for (const word of ['none', 'kernel', 'namespace']) assert.equal(required(word), word);
    for (const bad of ['kernal', 1, null, {}]) assert.equal(required(bad), 'namespace', JSON.stringify(bad));
    assert.equal(read({ sandbox: { network: 'none' } }).patch.require, undefined);
  });
});

describe('sandbox as a whole', () => {
  for (const bad of ['none', false, null, [], 0]) {
    it(`counts as the strictest when it is ${JSON.stringify(bad)}`, () => {
      const { network, patch, faults } = read({ sandbox: bad });
      assert.deepEqual([network, patch.require], ['none', 'namespace']);
      assert.equal(faults[0]?.[1], 'sandbox');
    });
  }
});

describe('limits', () => {
  it('are read in their units', () => {
    const { patch, faults } = read({
      limits: {
        memory_mb: 128,
        open_files: '64',
        file_size_mb: 2,
        threads: 32,
        cpu_ms: 50,
        output_kb: 8,
        temp_mb: 1,
      },
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(patch.limits, {
      memoryBytes: 128 * mib,
      openFiles: 64,
      fileBytes: 2 * mib,
      threads: 32,
      cpuMs: 50,
      outputBytes: 8192,
      tempBytes: mib,
    });
  });

  it('above the operator’s maximum are lowered, with a warning that says whose maximum it is', () => {
    const { patch, faults } = read(
      { limits: { memory_mb: 4096, cpu_ms: 900 } },
      { maxima: { ...defaultMaxima, cpuMs: 500 } },
    );
    assert.deepEqual(patch.limits, { memoryBytes: 2048 * mib, cpuMs: 500 });
    assert.deepEqual(faults, [
      ['warning', 'limits.memory_mb', '4096', 'at most 2048 by the operator (FN_SANDBOX_MAX_MEMORY_MB)'],
      ['warning', 'limits.cpu_ms', '900', 'at most 500 by the operator (FN_SANDBOX_MAX_CPU_MS)'],
    ]);
  });

  it('too small for any worker are raised, not forgotten: the default would be more than was asked for', () => {
    const { patch, faults } = read({ limits: { memory_mb: 1, threads: 0.5 } });
    assert.deepEqual(patch.limits, { memoryBytes: 16 * mib, threads: 16 });
    assert.deepEqual(
      faults.map(([severity]) => severity),
      ['warning', 'warning'],
    );
  });

  it('are raised no further than the operator allows', () => {
    const { patch } = read(
      { limits: { memory_mb: 1 } },
      { maxima: { ...defaultMaxima, memoryBytes: 4 * mib } },
    );
    assert.deepEqual(patch.limits, { memoryBytes: 4 * mib });
  });

  it('that cannot be read keep the default, with a fault; unknown ones are named', () => {
    for (const bad of ['much', -5, 0, null, {}, Number.MAX_VALUE.toString()]) {
      const { patch, faults } = read({ limits: { memory_mb: bad } });
      assert.deepEqual(patch.limits, {}, JSON.stringify(bad));
      assert.equal(faults[0]?.[1], 'limits.memory_mb');
    }
    assert.deepEqual(read({ limits: { memory: 5 } }).faults, [
      ['warning', 'limits.memory', 'an unknown key', 'a known key'],
    ]);
    assert.equal(read({ limits: 5 }).faults[0]?.[1], 'limits');
  });
});
