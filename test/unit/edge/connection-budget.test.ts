import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { ConnectionBudget } from '../../../src/edge/connection-budget.ts';

test('connection budget: the last allowed request closes its own connection and no other', () => {
  const budget = new ConnectionBudget(2);
  const [first, second] = [new Socket(), new Socket()];
  assert.deepEqual([budget.spend(first), budget.spend(second)], ['more', 'more']);
  assert.deepEqual([budget.spend(first), budget.spend(second)], ['last', 'last']);
  assert.equal(budget.spend(first), 'none');
});

test('connection budget: behind an answer that closes the connection nothing counts', () => {
  const budget = new ConnectionBudget(0);
  const socket = new Socket();
  assert.equal(budget.spend(socket), 'more');
  budget.end(socket);
  assert.equal(budget.spend(socket), 'none');
});

test('connection budget: 0 means any number', () => {
  const budget = new ConnectionBudget(0);
  const socket = new Socket();
  for (let request = 0; request < 5000; request++) assert.equal(budget.spend(socket), 'more');
});
