// Answers of a Node handler that come in pieces, from whatever source, and request bodies that it reads in pieces.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialWindowBytes } from '../../../src/protocol/limits.ts';
import { sampleEvent, type WorkerProcess } from '../harness.ts';
import { jsonOf, loaded } from './node-worker.ts';

const forCase = (name: string) => ({ event: { query: { case: name } } });

describe('pieces of a Node answer', () => {
  const rows: readonly [what: string, name: string, type: string, body: string][] = [
    ['an async generator', 'generator', 'text/plain; charset=utf-8', 'one,two'],
    ['a plain generator', 'plain', 'text/plain; charset=utf-8', 'one,two'],
    ['an iterator in an envelope', 'plain-envelope', 'text/csv', '12'],
    ['a Node stream', 'node', 'application/octet-stream', 'one,'],
    ['a first piece that is long in coming', 'late-type', 'text/plain; charset=utf-8', 'late'],
  ];
  for (const [what, name, type, body] of rows) {
    it(`${what} streams; where nothing else does, its first piece says the type`, async (test) => {
      const answer = await (await loaded(test, 'streams')).invoke(forCase(name));
      assert.deepEqual([answer.error, answer.body.toString()], [null, body]);
      assert.equal(answer.headers['content-type'], type);
    });
  }

  it('a failure before the first piece is an ordinary one', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('late-failure'));
    assert.deepEqual([answer.status, answer.error], [null, 'never began']);
  });

  it('an answer whose type is known begins before its first piece', async (test) => {
    const worker = await loaded(test, 'streams');
    const { id, answer } = worker.begin(forCase('events'));
    await worker.waitFor((message) => message.type === 'result' && message.id === id);
    assert.equal(worker.bufferedBytes(id), 0);
    assert.equal((await answer).body.toString(), 'data: 1\n\n');
  });

  for (const name of ['web-silent', 'node-silent']) {
    it(`${name}: a source that says nothing hears of a cancel at once`, async (test) => {
      const worker = await loaded(test, 'streams');
      const { id, answer } = worker.begin(forCase(name));
      while (worker.bufferedBytes(id) < 5) await sleep(2);
      const closed = worker.waitFor(
        (message) => message.type === 'log' && message.text === 'source closed\n',
      );
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      assert.match((await answer).error ?? '', /cancelled/);
      await closed;
      assert.equal(worker.looseOutput('stderr'), '', 'nothing is left unhandled');
    });
  }

  it('a plain generator stops at the window, lets others have their turn, and is closed by a cancel', async (test) => {
    const worker = await loaded(test, 'streams');
    worker.grantCredit = false;
    const { id, answer } = worker.begin(forCase('plain-endless'));
    while (worker.bufferedBytes(id) < initialWindowBytes) await sleep(5);
    assert.equal((await worker.invoke(forCase('quick'))).body.toString(), 'ab');
    worker.send({ type: 'cancel', id, reason: 'client_closed' });
    assert.match((await answer).error ?? '', /cancelled/);
  });
});

describe('a request body that a Node handler reads while it arrives', () => {
  const reading = (test: TestContext) => loaded(test, 'reads-stream', { streamBody: true });

  /** An invocation whose body the test sends itself. */
  function open(worker: WorkerProcess, id: number, name: string) {
    const answer = worker.expect(id);
    const event = sampleEvent({ query: { case: name } });
    worker.send({ type: 'invoke', id, remaining_ms: 5000, event, body: { kind: 'stream', bytes: null } });
    return answer;
  }

  it('comes whole and unharmed, as a web stream, with credit for what was taken', async (test) => {
    const worker = await reading(test);
    const body = Buffer.alloc(1_000_000, 'binary \xff\x00 ');
    const answer = await worker.invoke({ ...forCase('length'), body });
    const sha256 = createHash('sha256').update(body).digest('hex');
    assert.deepEqual(jsonOf(answer), { length: body.length, sha256 });
    const granted = worker.messages.reduce((sum, each) => sum + (each.type === 'credit' ? each.bytes : 0), 0);
    assert.ok(granted > body.length - initialWindowBytes && granted <= body.length, String(granted));
  });

  it('is a stream also where it came inside the message, and null where there is none', async (test) => {
    const worker = await reading(test);
    assert.equal((await worker.invoke({ ...forCase('text'), body: 'é' })).body.toString(), 'é');
    assert.equal((await worker.invoke({ ...forCase('kind'), body: 'x' })).body.toString(), 'ReadableStream');
    assert.equal((await worker.invoke(forCase('kind'))).body.toString(), 'null');
    assert.equal(worker.messages.filter((message) => message.type === 'credit').length, 0);
  });

  it('starts the handler before the body has arrived, and holds back what it does not take', async (test) => {
    const worker = await reading(test);
    const answer = open(worker, 7, 'reports');
    worker.sendChunk(7, Buffer.alloc(3));
    await worker.waitFor((message) => message.type === 'log' && message.text === 'piece 3\n');
    worker.sendChunk(7, Buffer.alloc(4));
    worker.sendChunk(7, Buffer.alloc(0));
    const ended = await answer;
    assert.deepEqual([ended.body.toString(), ended.stdout], ['whole', 'piece 3\npiece 4\n']);
    const stuck = open(worker, 8, 'stuck');
    worker.sendChunk(8, Buffer.alloc(65_536));
    worker.send({ type: 'ping', n: 1 });
    await worker.waitFor((message) => message.type === 'pong');
    assert.ok(!worker.messages.some((message) => message.type === 'credit' && message.id === 8));
    stuck.catch(() => {});
  });

  it('goes out as it comes in', async (test) => {
    const worker = await reading(test);
    const answer = open(worker, 7, 'echo');
    for (const text of ['one,', 'two']) {
      const before = worker.bufferedBytes(7);
      worker.sendChunk(7, Buffer.from(text));
      while (worker.bufferedBytes(7) === before) await sleep(2);
    }
    worker.sendChunk(7, Buffer.alloc(0));
    assert.equal((await answer).body.toString(), 'one,two');
  });

  for (const name of ['unread', 'first', 'cancels']) {
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

  for (const [reason, words] of [
    ['client_closed', 'AbortError: the client has gone'],
    ['payload_too_large', 'AbortError: the request body is over its limit'],
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
      assert.equal(`${words.split(':')[0]}: ${ended.error}`, words);
    });
  }
});
