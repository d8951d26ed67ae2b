// PHP answers that come in pieces, of a generator or by flush(), and the end of one that is cancelled.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialWindowBytes } from '../../../src/protocol/limits.ts';
import { forCase, loaded, skip } from './php-worker.ts';

const plain = { 'content-type': 'text/plain; charset=utf-8' };

describe('php streams', { skip }, () => {
  it('pieces of a generator arrive in order; the first says which type', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('generator'));
    assert.deepEqual([answer.error, answer.bodyKind, answer.body.toString()], [null, 'stream', 'one,two']);
    assert.deepEqual(answer.headers, plain);
  });

  it('a handler that is itself a generator streams', async (test) => {
    const worker = await loaded(test, 'streams', { handler: 'is_generator' });
    assert.equal((await worker.invoke()).body.toString(), 'straight from the handler');
  });

  it('an answer keeps its status and type around a stream', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('envelope'));
    assert.deepEqual([answer.status, answer.body.toString()], [201, 'one,two']);
    assert.deepEqual(answer.headers, { 'Content-Type': 'text/event-stream' });
  });

  it('a stream of events begins before its first piece', async (test) => {
    const worker = await loaded(test, 'streams');
    const { id, answer } = worker.begin(forCase('events'));
    await worker.waitFor((message) => message.type === 'result' && message.id === id);
    assert.equal(worker.bufferedBytes(id), 0);
    assert.equal((await answer).body.toString(), 'data: 1\n\n');
  });

  it('connection_aborted() tells that the client has gone', async (test) => {
    const worker = await loaded(test, 'streams');
    const { id, answer } = worker.begin(forCase('until-aborted'));
    while (worker.bufferedBytes(id) === 0) await sleep(5);
    worker.send({ type: 'cancel', id, reason: 'client_closed' });
    const ended = await answer;
    assert.deepEqual([ended.error, ended.stdout], ['invocation cancelled', 'aborted 1\n']);
    assert.equal((await worker.invoke(forCase('not-aborted'))).body.toString(), '00');
  });

  it('a stream without pieces is an empty answer', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('empty'));
    assert.deepEqual([answer.error, answer.status, answer.body.length], [null, 200, 0]);
  });

  it('an open file is streamed', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('file'));
    assert.equal(answer.error, null);
    assert.deepEqual(answer.headers, { 'Content-Type': 'image/png' });
    assert.ok(answer.body.equals(Buffer.alloc(150_000, 0xfe)));
  });

  it('a piece larger than the window waits for credit and arrives whole', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('large'));
    assert.equal(answer.error, null);
    assert.ok(answer.body.equals(Buffer.concat([Buffer.alloc(700_000, 1), Buffer.alloc(10, 2)])));
  });

  it('what a generator echoes goes between its pieces', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('echoing'));
    assert.equal(answer.body.toString(), '<a-b>');
  });

  it('an exit ends the stream, and no more', async (test) => {
    const worker = await loaded(test, 'streams');
    const answer = await worker.invoke(forCase('leaves'));
    assert.deepEqual([answer.error, answer.body.toString()], [null, 'one,last']);
    assert.equal((await worker.invoke(forCase('generator'))).body.toString(), 'one,two');
  });

  it('flush() sends what was echoed, with status and headers, and then no header any more', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('flush'));
    assert.deepEqual([answer.error, answer.status, answer.bodyKind], [null, 201, 'stream']);
    assert.deepEqual(answer.headers, { 'X-A': '1', ...plain });
    assert.equal(answer.body.toString(), 'one,two,sent,three');
    assert.match(answer.stderr, /headers already sent in .*streams\/handler\.php on line \d+\n$/);
  });

  it('what a handler returns after flush() goes on as text', async (test) => {
    const worker = await loaded(test, 'streams');
    assert.equal((await worker.invoke(forCase('flush-generator'))).body.toString(), 'begun,one,two');
    const map = await worker.invoke(forCase('flush-map'));
    assert.equal(map.body.toString(), 'begun');
    assert.equal(map.error, 'handler response must be text once a part of it was flushed');
    const late = await worker.invoke(forCase('flush-throws'));
    assert.deepEqual([late.status, late.error, late.body.toString()], [200, 'too late', 'begun']);
  });

  it('what fails before the first piece is an ordinary failure', async (test) => {
    const answer = await (await loaded(test, 'streams')).invoke(forCase('breaks-at-once'));
    assert.deepEqual([answer.status, answer.error], [null, 'never began']);
  });

  it('what fails later breaks the answer off, and the worker goes on', async (test) => {
    const worker = await loaded(test, 'streams');
    const broken = await worker.invoke(forCase('breaks'));
    assert.deepEqual([broken.status, broken.error, broken.body.toString()], [200, 'source broke', 'begun']);
    const wrong = await worker.invoke(forCase('wrong'));
    assert.equal(wrong.error, 'a streamed body must yield strings, found array');
    assert.equal((await worker.invoke(forCase('generator'))).body.toString(), 'one,two');
  });

  for (const name of ['endless', 'flush-endless']) {
    it(`${name}: without credit it stops at the window, and a cancel ends it`, async (test) => {
      const worker = await loaded(test, 'streams');
      worker.grantCredit = false;
      const { id, answer } = worker.begin(forCase(name));
      while (worker.bufferedBytes(id) < initialWindowBytes) await sleep(5);
      await sleep(50);
      assert.equal(worker.bufferedBytes(id), initialWindowBytes);
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      const ended = await answer;
      assert.equal(ended.error, 'invocation cancelled');
      if (name === 'endless')
        assert.equal(ended.stdout, 'source closed\n', 'its finally ran inside the call');
      assert.equal((await worker.invoke(forCase('generator'))).body.toString(), 'one,two');
    });

    it(`${name}: a cancel is heard while pieces flow`, async (test) => {
      const worker = await loaded(test, 'streams');
      const { id, answer } = worker.begin(forCase(name));
      while (worker.bufferedBytes(id) < 3 * initialWindowBytes) await sleep(1);
      worker.send({ type: 'ping', n: 8 });
      await worker.waitFor((message) => message.type === 'pong');
      worker.send({ type: 'cancel', id, reason: 'deadline' });
      assert.equal((await answer).error, 'invocation cancelled');
    });
  }
});
