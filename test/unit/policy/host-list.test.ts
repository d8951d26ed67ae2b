import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commonHosts, hostAllowed, hostName, parseHostList } from '../../../src/policy/host-list.ts';

describe('host lists', () => {
  it('takes names, wildcards, addresses; drops the port; calls the rest bad', () => {
    assert.deepEqual(parseHostList(['A.ex', '*.b.ex', 'c:8443', '[::1]:80', '10.0.0.1']), {
      hosts: ['a.ex', '*.b.ex', 'c', '[::1]', '10.0.0.1'],
      bad: [],
    });
    const bad = ['https://a.com', 'a b', 'a/b', '*', 'a*b', '*.', 'x'.repeat(201), 'ä.ex', 5, null, '.a'];
    assert.deepEqual(parseHostList(bad).hosts, []);
    assert.equal(parseHostList(bad).bad.length, bad.length);
    assert.deepEqual(parseHostList(' a.ex ,, b.ex').hosts, ['a.ex', 'b.ex']);
    assert.deepEqual(parseHostList({}), { hosts: [], bad: ['{}'] });
  });

  it('takes the name out of a host with port', () => {
    const names = ['A.ex:80', 'a.ex.', '[::1]:80', '[::1]', 'a', ''].map(hostName);
    assert.deepEqual(names, ['a.ex', 'a.ex', '[::1]', '[::1]', 'a', '']);
  });

  it('a wildcard is any depth below, not the name itself and not a name that merely ends so', () => {
    const allowed = (name: string) => hostAllowed(['*.x.y', 'one.z'], name);
    assert.deepEqual(['a.x.y', 'a.b.x.y', 'one.z'].map(allowed), [true, true, true]);
    assert.deepEqual(['x.y', 'ax.y', '.x.y', 'two.z', '', 'x.y.evil'].map(allowed), [
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    assert.equal(hostAllowed(null, 'any'), true);
    assert.equal(hostAllowed([], 'any'), false);
  });

  it('knows what two lists have in common', () => {
    assert.deepEqual(commonHosts(null, ['a']), ['a']);
    assert.equal(commonHosts(null, null), null);
    assert.deepEqual(commonHosts(['a', 'b'], ['b', 'c']), ['b']);
    assert.deepEqual(commonHosts(['*.x'], ['a.x', 'b.y', 'x']), ['a.x']);
    assert.deepEqual(commonHosts(['*.a.x'], ['*.x']), ['*.a.x']);
    assert.deepEqual(commonHosts(['*.a.x'], ['*.b.x']), []);
  });
});
