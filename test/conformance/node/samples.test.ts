// The sample functions that `npm start` serves do what their comments say.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { jsonOf, loaded } from './node-worker.ts';

function sample(file: string): { readonly entry: string } {
  return { entry: join(import.meta.dirname, '../../../fixtures/functions', file) };
}

describe('sample Node functions', () => {
  it('hello greets by name, or the world', async (test) => {
    const worker = await loaded(test, 'hello', sample('get.hello.js'));
    assert.deepEqual(jsonOf(await worker.invoke({ event: { query: { name: 'Ada' } } })), {
      message: 'Hello, Ada',
    });
    assert.deepEqual(jsonOf(await worker.invoke()), { message: 'Hello, World' });
  });

  it('users are listed, found and not found', async (test) => {
    const list = await loaded(test, 'hello', sample('users/index.js'));
    assert.equal((jsonOf(await list.invoke()) as unknown[]).length, 2);
    const one = await loaded(test, 'hello', sample('users/[id].js'));
    assert.deepEqual(jsonOf(await one.invoke({ event: { params: { id: '1' } } })), {
      id: '1',
      name: 'Ada Lovelace',
    });
    assert.equal((await one.invoke({ event: { params: { id: '9' } } })).status, 404);
  });

  it('orders are accepted when they are orders', async (test) => {
    const worker = await loaded(test, 'hello', sample('post.orders.ts'));
    const accepted = await worker.invoke({ event: { method: 'POST' }, body: '{"item":"tea","quantity":2}' });
    assert.deepEqual([accepted.status, accepted.headers.Location], [201, '/orders/tea']);
    assert.deepEqual(jsonOf(accepted), { accepted: { item: 'tea', quantity: 2 } });
    for (const body of [null, 'null', '{', '{"item":"tea"}', '{"item":"tea","quantity":0}']) {
      assert.equal((await worker.invoke({ event: { method: 'POST' }, body })).status, 400);
    }
  });
});
