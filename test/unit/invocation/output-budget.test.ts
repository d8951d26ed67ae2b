import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputBudget } from '../../../src/invocation/output-budget.ts';

test('output budget: everything up to the limit, then room for one line about it, then nothing', () => {
  const budget = new OutputBudget(1_000);
  assert.deepEqual(budget.take('x'.repeat(1_000)), { kept: 'x'.repeat(1_000), passed: false });
  const marker = '\n[output cut: more than 1000 bytes]\n';
  assert.deepEqual(budget.take(marker), { kept: marker, passed: true });
  assert.equal(budget.take('y'.repeat(5_000)).kept.length, 128 - marker.length);
  assert.deepEqual(budget.take('more'), { kept: '', passed: false });
});

test('output budget: bytes count, not characters, and none is cut in half', () => {
  const budget = new OutputBudget(1);
  const { kept, passed } = budget.take('ß'.repeat(100));
  assert.equal(kept, 'ß'.repeat(64));
  assert.equal(passed, true);
});
