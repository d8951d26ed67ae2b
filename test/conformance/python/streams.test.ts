// Answers that come in pieces, and the end of an invocation that is cancelled.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialWindowBytes } from '../../../src/protocol/limits.ts';
import { encodeMessage, sampleEvent } from '../harness.ts';
import { loaded, skip } from './python-worker.ts';

const query = (name: string) => ({ event: { query: { case: name } } });

for (const handler of ['handler', 'coroutine']) {
  describe(`python streams of ${handler === 'handler' ? 'plain code' : 'a coroutine'}`, { skip }, () => {
    it('pieces arrive in order, text and bytes; the first says which type', async (test) => {
      const worker = await loaded(test, 'streams', { handler });
      const text = await worker.invoke(query('generator'));
      assert.deepEqual([text.error, text.bodyKind, text.body.toString()], [null, 'stream', 'one,two']);
      assert.deepEqual(text.headers, { 'content-type': 'text/plain; charset=utf-8' });
      const bytes = await worker.invoke(query('async-generator'));
      assert.deepEqual([bytes.error, bytes.body.toString()], [null, 'one,two']);
      assert.deepEqual(bytes.headers, { 'content-type': 'application/octet-stream' });
    });

    it('an envelope keeps its status and type around a stream', async (test) => {
      const answer = await (await loaded(test, 'streams', { handler })).invoke(query('envelope'));
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.headers, { 'Content-Type': 'text/event-stream' });
    });

    for (const name of ['events', 'events-async']) {
      it(`${name}: a stream of events begins before its first piece`, async (test) => {
        const worker = await loaded(test, 'streams', { handler });
        const { id, answer } = worker.begin(query(name));
        await worker.waitFor((message) => message.type === 'result' && message.id === id);
        assert.equal(worker.bufferedBytes(id), 0);
        assert.equal((await answer).body.toString(), 'data: 1\n\n');
      });
    }

    it('a stream without pieces is an empty answer', async (test) => {
      const answer = await (await loaded(test, 'streams', { handler })).invoke(query('empty'));
      assert.deepEqual([answer.error, answer.status, answer.body.length], [null, 200, 0]);
    });

    it('a piece larger than the window waits for credit and arrives whole', async (test) => {
      const answer = await (await loaded(test, 'streams', { handler })).invoke(query('large'));
      assert.equal(answer.error, null);
      assert.ok(answer.body.equals(Buffer.concat([Buffer.alloc(700_000, 1), Buffer.alloc(10, 2)])));
    });

    it('what fails before the first piece is an ordinary failure', async (test) => {
      const answer = await (await loaded(test, 'streams', { handler })).invoke(query('breaks-at-once'));
      assert.deepEqual([answer.status, answer.error], [null, 'never began']);
    });

    it('what fails later breaks the answer off, and the worker goes on', async (test) => {
      const worker = await loaded(test, 'streams', { handler });
      const broken = await worker.invoke(query('breaks'));
      assert.deepEqual([broken.status, broken.error, broken.body.toString()], [200, 'source broke', 'begun']);
      const wrong = await worker.invoke(query('wrong'));
      assert.equal(wrong.error, 'a streamed body must yield str or bytes, found dict');
      assert.equal((await worker.invoke(query('generator'))).body.toString(), 'one,two');
    });

    for (const name of ['endless', 'endless-async']) {
      it(`${name}: without credit it stops at the window, and a cancel ends it`, async (test) => {
        const worker = await loaded(test, 'streams', { handler });
        worker.grantCredit = false;
        const { id, answer } = worker.begin(query(name));
        while (worker.bufferedBytes(id) < initialWindowBytes) await sleep(5);
        await sleep(50);
        assert.equal(worker.bufferedBytes(id), initialWindowBytes);
        worker.send({ type: 'cancel', id, reason: 'client_closed' });
        const ended = await answer;
        assert.equal(ended.error, 'invocation cancelled');
        assert.equal(ended.stdout, 'source closed\n', 'its finally ran, inside the invocation');
        assert.equal((await worker.invoke(query('generator'))).body.toString(), 'one,two');
      });

      it(`${name}: a cancel is heard while pieces flow`, async (test) => {
        const worker = await loaded(test, 'streams', { handler });
        const { id, answer } = worker.begin(query(name));
        while (worker.bufferedBytes(id) < 3 * initialWindowBytes) await sleep(1);
        worker.send({ type: 'ping', n: 8 });
        await worker.waitFor((message) => message.type === 'pong');
        worker.send({ type: 'cancel', id, reason: 'deadline' });
        assert.equal((await answer).error, 'invocation cancelled');
      });
    }
  });
}

describe('python cancels', { skip }, () => {
  it('a handler that is itself a generator streams', async (test) => {
    const worker = await loaded(test, 'streams', { handler: 'is_generator' });
    assert.equal((await worker.invoke()).body.toString(), 'straight from the handler');
  });

  it('a coroutine is cancelled, runs its finally, and the end comes', async (test) => {
    const worker = await loaded(test, 'cancel');
    const { id, answer } = worker.begin();
    const other = worker.begin();
    worker.send({ type: 'ping', n: 1 });
    await worker.waitFor((message) => message.type === 'pong');
    worker.send({ type: 'cancel', id, reason: 'deadline' });
    const ended = await answer;
    assert.deepEqual([ended.error, ended.stdout], ['invocation cancelled', 'told to stop\n']);
    worker.send({ type: 'cancel', id: other.id, reason: 'deadline' });
    assert.equal((await other.answer).error, 'invocation cancelled', 'it had not been touched before');
  });

  it('a coroutine that is cancelled before its first step gets its end too', async (test) => {
    const worker = await loaded(test, 'cancel');
    const ended = worker.expect(9);
    const invoke = {
      type: 'invoke',
      id: 9,
      remaining_ms: 5000,
      event: sampleEvent(),
      body: { kind: 'none' },
    };
    // One write, one read: the loop sees both before it runs anything.
    worker.sendRaw(
      Buffer.concat([encodeMessage(invoke), encodeMessage({ type: 'cancel', id: 9, reason: 'deadline' })]),
    );
    assert.equal((await ended).error, 'invocation cancelled');
  });

  it('a coroutine that answers when cancelled has its answer sent', async (test) => {
    for (const [behaviour, handler, body] of [
      ['cancel', 'answers', 'stopped'],
      ['ignores-cancel', 'handler', 'late'],
    ] as const) {
      const worker = await loaded(test, behaviour, { handler });
      const { id, answer } = worker.begin();
      worker.send({ type: 'ping', n: 1 });
      await worker.waitFor((message) => message.type === 'pong');
      worker.send({ type: 'cancel', id, reason: 'deadline' });
      assert.equal((await answer).body.toString(), body);
    }
  });
});
