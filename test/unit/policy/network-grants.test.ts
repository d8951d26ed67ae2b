import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  closedNetwork,
  describeNetwork,
  isConfined,
  isWiderThan,
  narrowNetwork,
  networkOfPorts,
  openNetwork,
} from '../../../src/policy/network-grants.ts';
import type { NetworkGrants } from '../../../src/policy/sandbox-policy.ts';

const grants: fc.Arbitrary<NetworkGrants> = fc.record({
  outboundTcp: fc.oneof(
    fc.constantFrom('all' as const, 'none' as const),
    fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
  ),
  udp: fc.boolean(),
});

const allows = ({ outboundTcp }: NetworkGrants, port: number) =>
  outboundTcp === 'all' || (outboundTcp !== 'none' && outboundTcp.includes(port));

test('network grants: narrowing allows exactly what both allow, whichever comes first', () => {
  fc.assert(
    fc.property(grants, grants, fc.integer({ min: 1, max: 7 }), (one, other, port) => {
      const both = narrowNetwork(one, other);
      assert.equal(allows(both, port), allows(one, port) && allows(other, port));
      assert.equal(both.udp, one.udp && other.udp);
      assert.equal(isWiderThan(both, one), false);
      assert.equal(isWiderThan(both, other), false);
    }),
  );
});

test('network grants: asking for more is seen, asking for the same or less is not', () => {
  assert.ok(isWiderThan(openNetwork, closedNetwork));
  assert.ok(isWiderThan(networkOfPorts([80, 443], false), networkOfPorts([443], false)));
  assert.ok(!isWiderThan(networkOfPorts([443], false), networkOfPorts([443, 80], true)));
  assert.ok(isConfined(networkOfPorts([443], true)));
  assert.ok(!isConfined(openNetwork));
});

test('network grants: words for people', () => {
  assert.equal(describeNetwork(openNetwork), 'all');
  assert.equal(describeNetwork(closedNetwork), 'none');
  assert.equal(describeNetwork(networkOfPorts([], true)), 'udp');
  assert.equal(describeNetwork(networkOfPorts([443, 80], true)), 'tcp 80, 443 and udp');
  assert.equal(describeNetwork({ outboundTcp: 'all', udp: false }), 'tcp to all ports');
});
