// Answers and request bodies that stream, on a fake clock and a fake pool: what holds them in place of the deadline.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { FakeBody } from '../../fakes/fake-body.ts';
import { functionUnit } from '../../fakes/function-unit.ts';
import { bench, bytesOf, failure, settle } from './support.ts';

describe('invoker: streams', () => {
  test('a worker that dies in the middle breaks the stream', async () => {
    const { invoke, pool } = bench();
    const pending = invoke();
    await settle();
    pool.call().answer({ body: { kind: 'stream', bytes: null } });
    const reply = await pending;
    pool.call().handlers.chunk(Buffer.from('ab'));
    pool.call().handlers.lost(new GatewayError('worker_crashed'));
    await assert.rejects(bytesOf(reply), { code: 'worker_crashed' });
  });

  test('once an answer has begun, silence is what ends it and not the deadline', async () => {
    const { invoke, pool, clock } = bench({
      policy: { timeoutMs: 300, stream: { idleMs: 1000, maxMs: 60_000 } },
    });
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const read = assert.rejects(bytesOf(await pending), { code: 'invocation_timeout' });
    for (let round = 0; round < 5; round += 1) {
      clock.advance(900);
      call.handlers.chunk(Buffer.from('x'));
      await settle();
    }
    assert.equal(call.cancelled, null, '4.5 s with a deadline of 0.3 s');
    clock.advance(999);
    assert.equal(call.cancelled, null);
    clock.advance(1);
    assert.equal(call.cancelled, 'deadline');
    call.end();
    await read;
    assert.equal(clock.pending, 0);
  });

  test('a stream has a longest life, however much it says', async () => {
    const { invoke, pool, clock } = bench({ policy: { stream: { idleMs: 1000, maxMs: 2000 } } });
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const read = assert.rejects(bytesOf(await pending), { code: 'invocation_timeout' });
    for (let round = 0; round < 4; round += 1) {
      assert.equal(call.cancelled, null);
      clock.advance(500);
      call.handlers.chunk(Buffer.from('x'));
      await settle();
    }
    assert.equal(call.cancelled, 'deadline');
    call.end();
    await read;
  });

  test('the silence of a slow reader is not held against the handler, within the longest life', async () => {
    const { invoke, pool, clock } = bench({
      policy: { timeoutMs: 300, stream: { idleMs: 200, maxMs: 300_000 } },
    });
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const reply = await pending;
    call.handlers.chunk(Buffer.from('ab'));
    clock.advance(1000);
    assert.equal(call.cancelled, null, 'the worker waits for the reader');
    call.handlers.bodyEnd();
    assert.equal((await bytesOf(reply)).toString(), 'ab');
    const stuck = invoke();
    await settle();
    pool.call().answer({ body: { kind: 'stream', bytes: null } });
    const endless = await stuck;
    pool.call().handlers.chunk(Buffer.from('ab'));
    clock.advance(400_000);
    assert.equal(pool.call().cancelled, 'deadline');
    await assert.rejects(bytesOf(endless), { code: 'invocation_timeout' });
  });

  test('a stream that its client has left has a second to come to its end', async () => {
    for (const [lateMs, outcome] of [
      [900, 'healthy'],
      [1000, 'poisoned'],
    ] as const) {
      const { invoke, pool, clock, deployment } = bench();
      const client = new AbortController();
      const pending = invoke({ signal: client.signal });
      await settle();
      const call = pool.call();
      call.answer({ body: { kind: 'stream', bytes: null } });
      const read = assert.rejects(bytesOf(await pending), { code: 'client_closed' });
      client.abort();
      assert.equal(call.cancelled, 'client_closed');
      clock.advance(lateMs);
      call.end();
      await read;
      assert.deepEqual(pool.outcomes, [outcome]);
      assert.equal(deployment.gate.active, 0);
      assert.equal(clock.pending, 0);
    }
  });

  test('a HEAD that leaves the body unread is answered as it should be', async () => {
    const { invoke, pool, deployment } = bench();
    const pending = invoke({ method: 'HEAD' });
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const { body } = await pending;
    assert.ok(body !== null && typeof body !== 'string' && !Buffer.isBuffer(body));
    await body[Symbol.asyncIterator]().return?.();
    assert.equal(call.cancelled, 'client_closed');
    call.end();
    assert.ok(deployment.warmAt !== null, 'it counts as an answer');
  });

  test('events say that nobody shall hold them back, unless the handler says otherwise', async () => {
    const { invoke, pool } = bench();
    const headersFor = async (headers: Record<string, string>) => {
      pool.answer = (call) => {
        call.answer({ headers, body: { kind: 'stream', bytes: null } });
        call.end();
        call.handlers.bodyEnd();
      };
      return (await invoke()).headers;
    };
    const events = await headersFor({ 'Content-Type': 'text/event-stream; charset=utf-8' });
    assert.deepEqual([events['cache-control'], events['x-accel-buffering']], ['no-cache', 'no']);
    const own = await headersFor({ 'content-type': 'text/event-stream', 'Cache-Control': 'no-store' });
    assert.equal(own['cache-control'], 'no-store');
    const text = await headersFor({ 'content-type': 'text/plain' });
    assert.equal(text['cache-control'], undefined);
  });

  test('a reader that stops early cancels the handler', async () => {
    const { invoke, pool, deployment } = bench();
    const pending = invoke();
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const { body } = await pending;
    assert.ok(body !== null && typeof body !== 'string' && !Buffer.isBuffer(body));
    call.handlers.chunk(Buffer.from('ab'));
    for await (const _chunk of body) break;
    assert.equal(call.cancelled, 'client_closed');
    call.end();
    assert.equal(deployment.gate.active, 0);
  });
});

describe('invoker: bodies that arrive while the handler runs', () => {
  const policy = { bodyMode: 'stream', timeoutMs: 300, stream: { idleMs: 1000, maxMs: 10_000 } } as const;

  test('the handler starts at once; pieces pass as it takes them', async () => {
    const { invoke, pool } = bench({ policy });
    const body = new FakeBody(5);
    const pending = invoke({ streamBody: () => body });
    await settle();
    const call = pool.call();
    assert.deepEqual(
      [call.request.body !== null && 'bytes' in call.request.body, body.state],
      [true, 'flowing'],
    );
    call.hasRoom = false;
    body.sink?.chunk(Buffer.from('ab'));
    assert.equal(body.state, 'paused');
    call.hasRoom = true;
    call.drained();
    assert.equal(body.state, 'flowing');
    body.sink?.chunk(Buffer.from('cde'));
    body.sink?.end();
    assert.deepEqual([Buffer.concat(call.written).toString(), call.bodyEnded], ['abcde', true]);
    call.answer({ body: 'ok' });
    assert.equal((await pending).body, 'ok');
    assert.equal(body.state, 'flowing', 'what has ended need not be stopped');
  });

  test('a body over its limit is 413 while the handler runs', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = failure(invoke({ streamBody: () => body }));
    await settle();
    body.sink?.failed(new GatewayError('payload_too_large'));
    assert.equal(pool.call().cancelled, 'payload_too_large');
    pool.call().end();
    assert.equal((await pending).status, 413);
    assert.equal(clock.pending, 0);
  });

  test('a slow client is not late, a silent one is: 408; the handler has its time once the body is whole', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const slow = new FakeBody(null);
    const late = failure(invoke({ streamBody: () => slow }));
    await settle();
    for (let round = 0; round < 3; round += 1) {
      clock.advance(900);
      slow.sink?.chunk(Buffer.from('x'));
    }
    slow.sink?.end();
    clock.advance(299);
    assert.equal(pool.call().cancelled, null);
    clock.advance(1);
    assert.equal(pool.call().cancelled, 'deadline');
    pool.call().end();
    assert.equal((await late).status, 504);
    const silent = failure(invoke({ streamBody: () => new FakeBody(null) }));
    await settle();
    clock.advance(1000);
    pool.call().end();
    assert.equal((await silent).status, 408);
  });

  test('a handler that takes no more of the body is the one that is late: 504', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = failure(invoke({ streamBody: () => body }));
    await settle();
    pool.call().hasRoom = false;
    body.sink?.chunk(Buffer.from('x'));
    clock.advance(1000);
    pool.call().end();
    assert.equal((await pending).status, 504);
    assert.equal(body.state, 'stopped');
  });

  test('an answer before the end of the body leaves the rest unread', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = invoke({ streamBody: () => body });
    await settle();
    pool.call().answer({ status: 403, body: 'no' });
    assert.equal((await pending).status, 403);
    assert.equal(body.state, 'stopped');
    assert.equal(clock.pending, 0);
  });

  test('body and answer may stream at once: one of them that moves is enough', async () => {
    const { invoke, pool, clock } = bench({ policy });
    const body = new FakeBody(null);
    const pending = invoke({ streamBody: () => body });
    await settle();
    const call = pool.call();
    call.answer({ body: { kind: 'stream', bytes: null } });
    const read = bytesOf(await pending);
    await settle();
    for (let round = 0; round < 3; round += 1) {
      clock.advance(900);
      body.sink?.chunk(Buffer.from('x'));
    }
    assert.equal(call.cancelled, null);
    body.sink?.end();
    call.end();
    call.handlers.bodyEnd();
    assert.equal((await read).length, 0);
    assert.equal(clock.pending, 0);
  });

  test('a body that a schema describes is read whole and checked first', async () => {
    const unit = functionUnit(policy, { input: { body: { type: 'object' } } });
    const { invoke, pool } = bench({ policy });
    pool.answer = (call) => call.answer({});
    const asked = { unit, method: 'POST', streamBody: () => new FakeBody(2) };
    await invoke({ ...asked, readBody: () => Promise.resolve(Buffer.from('{}')) });
    assert.equal(pool.call().body?.toString(), '{}');
    const wrong = invoke({ ...asked, readBody: () => Promise.resolve(Buffer.from('[]')) });
    assert.equal((await failure(wrong)).status, 400);
    assert.equal(pool.calls.length, 1);
  });

  test('without a body, or from a caller that has it whole, nothing streams', async () => {
    const { invoke, pool } = bench({ policy });
    pool.answer = (call) => call.answer({});
    await invoke({ streamBody: () => null });
    assert.equal(pool.call().request.body, null);
    await invoke({ readBody: () => Promise.resolve(Buffer.from('whole')) });
    assert.equal(pool.call().body?.toString(), 'whole');
  });
});
