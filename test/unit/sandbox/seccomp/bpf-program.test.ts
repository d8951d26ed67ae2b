import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { auditArch, compileFilter, encodeFilter } from '../../../../src/sandbox/seccomp/bpf-program.ts';
import { allow, pretend, type Rule, refuse } from '../../../../src/sandbox/seccomp/rule.ts';
import { evaluate } from './bpf-interpreter.ts';

const { EPERM, ENOSYS } = constants.errno;

test('the filter: a call from another architecture kills the process', () => {
  const program = compileFilter('x64', new Map([[0, allow]]));
  assert.equal(evaluate(program, { arch: auditArch.arm64, number: 0 }), 'kill');
  assert.equal(evaluate(program, { arch: 0x40000003, number: 0 }), 'kill');
});

test('the filter: x32 numbers and unknown numbers do not exist', () => {
  const program = compileFilter('x64', new Map([[0, allow]]));
  for (const number of [0x40000000, 0x40000001, 1, 999]) {
    assert.deepEqual(evaluate(program, { arch: auditArch.x64, number }), { errno: ENOSYS });
  }
});

test('the filter: any table of verdicts is answered call by call', () => {
  const verdict = fc.constantFrom<Rule>(allow, refuse('EPERM'), refuse('ENOSYS'));
  const table = fc.dictionary(fc.integer({ min: 0, max: 500 }).map(String), verdict, { maxKeys: 120 });
  fc.assert(
    fc.property(table, fc.integer({ min: 0, max: 600 }), (rows, number) => {
      const rules = new Map(Object.entries(rows).map(([key, rule]) => [Number(key), rule]));
      const rule = rules.get(number) ?? refuse('ENOSYS');
      const expected = 'do' in rule && rule.do === 'errno' ? { errno: rule.errno } : 'allow';
      assert.deepEqual(evaluate(compileFilter('x64', rules), { arch: auditArch.x64, number }), expected);
    }),
  );
});

test('the filter: a line holds when all its checks hold, a rule when any line does', () => {
  const rule: Rule = {
    allowWhen: [
      [
        { arg: 0, anyOf: [1, 2, 3] },
        { arg: 1, mask: 0xf0, anyOf: [0x10] },
      ],
      [{ arg: 2, half: 'high', anyOf: [7] }],
    ],
    otherwise: refuse('EPERM'),
  };
  const program = compileFilter('arm64', new Map([[10, rule]]));
  const decide = (...args: bigint[]) => evaluate(program, { arch: auditArch.arm64, number: 10, args });
  assert.equal(decide(3n, 0x1fn, 0n), 'allow');
  assert.equal(decide(0xffff_ffff_0000_0002n, 0x10n, 0n), 'allow');
  assert.equal(decide(9n, 0n, 0x7_0000_0000n), 'allow');
  assert.deepEqual(decide(4n, 0x10n, 0n), { errno: EPERM });
  assert.deepEqual(decide(1n, 0x20n, 7n), { errno: EPERM });
});

test('the filter: cases are looked at in order, before the lines', () => {
  const rule: Rule = {
    cases: [
      { when: [{ arg: 0, anyOf: [1] }], verdict: pretend },
      { when: [{ arg: 1, anyOf: [2] }], verdict: refuse('ENOSYS') },
    ],
    allowWhen: [[{ arg: 0, anyOf: [1, 3] }]],
    otherwise: refuse('EPERM'),
  };
  const program = compileFilter('x64', new Map([[10, rule]]));
  const decide = (...args: bigint[]) => evaluate(program, { arch: auditArch.x64, number: 10, args });
  assert.deepEqual(decide(1n, 2n), { errno: 0 });
  assert.deepEqual(decide(3n, 2n), { errno: ENOSYS });
  assert.equal(decide(3n, 0n), 'allow');
  assert.deepEqual(decide(0n, 0n), { errno: EPERM });
});

test('the filter: encodes as struct sock_filter', () => {
  const bytes = encodeFilter([{ code: 0x15, jt: 1, jf: 2, k: 0xc000003e }]);
  assert.equal(bytes.toString('hex'), '150001023e0000c0');
});
