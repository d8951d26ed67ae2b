import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRequestId, requestIdFrom } from '../../../src/invocation/request-id.ts';

test('ids have the shape of the contract and differ', () => {
  const ids = Array.from({ length: 1000 }, newRequestId);
  for (const id of ids) assert.match(id, new RegExp(`^req-\\d{13}-${process.pid}-\\d{6}$`));
  assert.equal(new Set(ids).size, ids.length);
});

test("a client's own id is kept when it is harmless, and replaced when not", () => {
  for (const id of ['abc-1', 'A.b_c:d', 'x'.repeat(128)]) assert.equal(requestIdFrom(id), id);
  for (const id of ['', 'a b', 'a\nb', 'é', '"', 'x'.repeat(129), undefined, ['a', 'b']]) {
    assert.match(requestIdFrom(id), /^req-/);
  }
});
