// Answers of compiled languages that come in pieces, and the end of one that is cancelled.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialWindowBytes } from '../../src/protocol/limits.ts';
import { octets, plain } from './compiled-results.ts';
import { type CompiledProgram, forCase } from './compiled-worker.ts';

/** @param sources cases that say `one,two` as plain text, each by another way to stream */
export function describeStreams(
  title: string,
  program: () => CompiledProgram,
  sources: readonly string[],
): void {
  describe(title, () => {
    for (const name of sources) {
      it(`${name}: pieces arrive in order`, async (test) => {
        const answer = await (await program().loaded(test)).invoke(forCase(name));
        assert.deepEqual(
          [answer.error, answer.bodyKind, answer.body.toString()],
          [null, 'stream', 'one,two'],
        );
        assert.deepEqual(answer.headers, plain);
      });
    }

    it('an answer keeps its status and type around a stream', async (test) => {
      const answer = await (await program().loaded(test)).invoke(forCase('stream-envelope'));
      assert.deepEqual([answer.status, answer.body.toString()], [201, 'one,two']);
      assert.deepEqual(answer.headers, { 'Content-Type': 'text/event-stream' });
    });

    it('a stream of events begins before its first event', async (test) => {
      const worker = await program().loaded(test);
      const begun = worker.waitFor((message) => message.type === 'result');
      const { id, answer } = worker.begin(forCase('stream-silent'));
      await begun;
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      assert.equal((await answer).error, 'invocation cancelled');
    });

    it('a stream without pieces is an empty answer', async (test) => {
      const answer = await (await program().loaded(test)).invoke(forCase('stream-empty'));
      assert.deepEqual([answer.error, answer.status, answer.body.length], [null, 200, 0]);
    });

    it('a reader beyond the window waits for credit and arrives whole', async (test) => {
      const answer = await (await program().loaded(test)).invoke(forCase('reader'));
      assert.equal(answer.error, null);
      assert.deepEqual(answer.headers, octets);
      assert.ok(answer.body.equals(Buffer.alloc(700_000, 0xfe)));
    });

    it('what fails before the first piece is an ordinary failure', async (test) => {
      const answer = await (await program().loaded(test)).invoke(forCase('stream-never'));
      assert.deepEqual([answer.status, answer.error], [null, 'never began']);
    });

    it('what fails later breaks the answer off, and the worker goes on', async (test) => {
      const worker = await program().loaded(test);
      const broken = await worker.invoke(forCase('stream-broken'));
      assert.deepEqual([broken.status, broken.error, broken.body.toString()], [200, 'source broke', 'begun']);
      const panicked = await worker.invoke(forCase('stream-panic'));
      assert.match(panicked.error ?? '', /handler panicked: in the middle$/);
      assert.equal(panicked.body.toString(), 'begun');
      assert.equal((await worker.invoke(forCase('fine'))).error, null);
    });

    it('without credit it stops at the window, a cancel ends it, and its source is told', async (test) => {
      const worker = await program().loaded(test);
      worker.grantCredit = false;
      const { id, answer } = worker.begin(forCase('endless'));
      while (worker.bufferedBytes(id) < initialWindowBytes) await sleep(5);
      await sleep(50);
      assert.equal(worker.bufferedBytes(id), initialWindowBytes);
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      assert.equal((await answer).error, 'invocation cancelled');
      const told = /source told/;
      while (!worker.messages.some((message) => message.type === 'log' && told.test(message.text)))
        await sleep(5);
      assert.equal((await worker.invoke(forCase('fine'))).error, null);
    });

    it('a cancel is heard while pieces flow', async (test) => {
      const worker = await program().loaded(test);
      const { id, answer } = worker.begin(forCase('endless'));
      while (worker.bufferedBytes(id) < 3 * initialWindowBytes) await sleep(1);
      worker.send({ type: 'cancel', id, reason: 'deadline' });
      assert.equal((await answer).error, 'invocation cancelled');
    });

    it('a cancel ends an answer whose source has nothing to say', async (test) => {
      const worker = await program().loaded(test);
      const { id, answer } = worker.begin(forCase('stream-waiting'));
      while (worker.bufferedBytes(id) === 0) await sleep(1);
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      assert.equal((await answer).error, 'invocation cancelled');
      assert.equal((await worker.invoke(forCase('fine'))).error, null);
    });
  });
}
