// Request bodies that a Python handler reads while they arrive, from plain code and from coroutines.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialWindowBytes } from '../../../src/protocol/limits.ts';
import { type Answer, sampleEvent, type WorkerProcess } from '../harness.ts';
import { loaded, skip } from './python-worker.ts';

const forCase = (name: string) => ({ event: { query: { case: name } } });

/** An invocation whose body the test sends itself. */
function open(worker: WorkerProcess, id: number, name: string): Promise<Answer> {
  const answer = worker.expect(id);
  const event = sampleEvent({ query: { case: name } });
  worker.send({ type: 'invoke', id, remaining_ms: 5000, event, body: { kind: 'stream', bytes: null } });
  return answer;
}

for (const handler of ['handler', 'coroutine']) {
  const reading = (test: TestContext) => loaded(test, 'reads-stream', { streamBody: true, handler });

  describe(`a request body that ${handler === 'handler' ? 'plain code' : 'a coroutine'} reads while it arrives`, {
    skip,
  }, () => {
    it('comes whole and unharmed, piece by piece or by read(), with credit for what was taken', async (test) => {
      const worker = await reading(test);
      const body = Buffer.alloc(1_000_000, 'binary \xff\x00 ');
      const sha256 = createHash('sha256').update(body).digest('hex');
      for (const name of ['length', 'read', 'small-reads']) {
        const answer = await worker.invoke({ ...forCase(name), body });
        assert.equal(answer.error, null, name);
        assert.deepEqual(JSON.parse(answer.body.toString()), { length: body.length, sha256 }, name);
      }
      const granted = worker.messages.reduce(
        (sum, each) => sum + (each.type === 'credit' ? each.bytes : 0),
        0,
      );
      assert.ok(
        granted > 3 * (body.length - initialWindowBytes) && granted <= 3 * body.length,
        String(granted),
      );
    });

    it('is something to read from also where it came inside the message, and None where there is none', async (test) => {
      const worker = await reading(test);
      assert.equal((await worker.invoke({ ...forCase('text'), body: 'é' })).body.toString(), 'é');
      assert.match((await worker.invoke({ ...forCase('kind'), body: 'x' })).body.toString(), /RequestBody$/);
      assert.equal((await worker.invoke(forCase('kind'))).body.toString(), 'NoneType');
    });

    it('starts the handler before the body has arrived, and holds back what it does not take', async (test) => {
      const worker = await reading(test);
      const answer = open(worker, 7, 'reports');
      worker.sendChunk(7, Buffer.alloc(3));
      await worker.waitFor((message) => message.type === 'log' && message.text === 'piece 3\n');
      worker.send({ type: 'ping', n: 4 });
      await worker.waitFor((message) => message.type === 'pong');
      worker.sendChunk(7, Buffer.alloc(4));
      worker.sendChunk(7, Buffer.alloc(0));
      const ended = await answer;
      assert.deepEqual([ended.body.toString(), ended.stdout], ['whole', 'piece 3\npiece 4\n']);
      const stuck = open(worker, 8, 'stuck');
      for (let count = 0; count < 4; count += 1) worker.sendChunk(8, Buffer.alloc(65_536));
      await sleep(50);
      assert.ok(!worker.messages.some((message) => message.type === 'credit' && message.id === 8));
      stuck.catch(() => {});
    });

    it('goes out as it comes in, also beyond both windows', async (test) => {
      const worker = await reading(test);
      const answer = open(worker, 7, 'echo');
      for (const text of ['one,', 'two,']) {
        const before = worker.bufferedBytes(7);
        worker.sendChunk(7, Buffer.from(text));
        while (worker.bufferedBytes(7) === before) await sleep(2);
      }
      const large = Buffer.alloc(65_536, 'x');
      for (let count = 0; count < 12; count += 1) worker.sendChunk(7, large);
      worker.sendChunk(7, Buffer.alloc(0));
      const { error, body } = await answer;
      assert.deepEqual([error, body.length], [null, 8 + 12 * large.length]);
    });

    for (const name of ['unread', 'first']) {
      it(`${name}: what the handler does not want is nobody's`, async (test) => {
        const worker = await reading(test);
        const answer = open(worker, 7, name);
        worker.sendChunk(7, Buffer.alloc(10));
        assert.equal((await answer).error, null);
        worker.sendChunk(7, Buffer.alloc(10));
        worker.sendChunk(7, Buffer.alloc(0));
        assert.equal((await worker.invoke({ ...forCase('text'), body: 'next' })).body.toString(), 'next');
      });
    }
  });
}

describe('a request body that plain Python code reads while it arrives', { skip }, () => {
  const reading = (test: TestContext) => loaded(test, 'reads-stream', { streamBody: true });

  it('is a file to the standard library', async (test) => {
    const answer = await (await reading(test)).invoke({ ...forCase('lines'), body: Buffer.from('a\né\nc') });
    assert.deepEqual(JSON.parse(answer.body.toString()), ['a', 'é', 'c']);
  });

  it('cannot be read after its invocation', async (test) => {
    const worker = await reading(test);
    const answer = open(worker, 7, 'keeps');
    assert.equal((await answer).body.toString(), 'kept');
    const late = await worker.invoke({ ...forCase('late'), body: 'x' });
    assert.equal(late.body.toString(), 'cannot read on: the invocation has ended');
  });

  for (const [reason, words] of [
    ['client_closed', 'ConnectionAbortedError: the client has gone'],
    ['payload_too_large', 'ConnectionAbortedError: the request body is over its limit'],
    ['deadline', 'TimeoutError: the deadline of this invocation has passed'],
  ] as const) {
    it(`${reason}: the read that waits fails with it`, async (test) => {
      const worker = await reading(test);
      const answer = open(worker, 7, 'reports');
      worker.sendChunk(7, Buffer.alloc(3));
      await worker.waitFor((message) => message.type === 'log');
      worker.send({ type: 'cancel', id: 7, reason });
      const ended = await answer;
      assert.equal(ended.stdout, `piece 3\n${words}\n`);
      assert.equal((await worker.invoke({ ...forCase('text'), body: 'next' })).body.toString(), 'next');
    });
  }
});

describe('a request body that a coroutine reads while it arrives', { skip }, () => {
  it('a cancel reaches the read that waits', async (test) => {
    const worker = await loaded(test, 'reads-stream', { streamBody: true, handler: 'coroutine' });
    const answer = open(worker, 7, 'reports');
    worker.sendChunk(7, Buffer.alloc(3));
    await worker.waitFor((message) => message.type === 'log');
    worker.send({ type: 'cancel', id: 7, reason: 'client_closed' });
    assert.equal((await answer).stdout, 'piece 3\ncancelled\n');
  });
});
