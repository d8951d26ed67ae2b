import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxReport } from '../../../src/control/sandbox-report.ts';
import { closedNetwork, networkOfPorts, openNetwork } from '../../../src/policy/network-grants.ts';
import { functionUnit } from '../../fakes/function-unit.ts';

test('sandbox report: speaks the language of fn.config.json', () => {
  assert.deepEqual(sandboxReport(functionUnit().policy), {
    strict_fs: true,
    network: { tcp_ports: 'all', udp: true },
    require: 'none',
    namespace: false,
    limits: {
      memory_mb: 512,
      open_files: 256,
      file_size_mb: 64,
      threads: 128,
      cpu_ms: null,
      output_kb: 256,
      temp_mb: 256,
    },
  });
});

test('sandbox report: no port is an empty list, never the word for all', () => {
  const network = (grants: typeof openNetwork) =>
    sandboxReport(functionUnit({ sandbox: { network: grants, require: 'kernel', namespace: false } }).policy)[
      'network'
    ];
  assert.deepEqual(network(closedNetwork), { tcp_ports: [], udp: false });
  assert.deepEqual(network(networkOfPorts([443], true)), { tcp_ports: [443], udp: true });
  assert.deepEqual(network(openNetwork), { tcp_ports: 'all', udp: true });
});
