// Answers of a Lua handler that come in pieces: a function that is called, a coroutine that is resumed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as limits from '../../../src/protocol/limits.ts';
import { loaded } from './lua-worker.ts';

const forCase = (name: string) => ({ event: { query: { case: name } } });

describe('streamed answers of a Lua handler', () => {
  const text = 'text/plain; charset=utf-8';
  const bodies: readonly (readonly [name: string, status: number, type: string, body: string])[] = [
    ['function', 200, text, '1,2,3,'],
    ['coroutine', 200, text, 'one,two,three'],
    ['envelope', 201, 'text/event-stream', 'data: one\n\ndata: two\n\n'],
    ['bytes', 200, 'application/octet-stream', '\xff\0'],
    ['empty', 200, '', ''],
  ];
  for (const [name, status, type, body] of bodies) {
    it(`${name} is sent`, async (test) => {
      const worker = await loaded(test, 'streams');
      const answer = await worker.invoke(forCase(name));
      assert.deepEqual([answer.error, answer.status, answer.body.toString('latin1')], [null, status, body]);
      const headers = Object.entries(answer.headers).map(([key, value]) => [key.toLowerCase(), value]);
      assert.equal(Object.fromEntries(headers)['content-type'] ?? '', type);
    });
  }

  it('a piece leaves before the next one is asked for, when that takes time', async (test) => {
    const worker = await loaded(test, 'streams');
    const { id, answer } = worker.begin(forCase('slow'));
    await worker.waitFor((message) => message.type === 'result');
    await sleep(100);
    assert.equal(worker.bufferedBytes(id), 'first'.length);
    assert.equal((await answer).body.toString(), 'firstsecond');
  });

  it('it stops at the end of its credit, and a cancel ends answer and source', async (test) => {
    const worker = await loaded(test, 'streams');
    worker.grantCredit = false;
    const { id, answer } = worker.begin(forCase('endless'));
    while (worker.bufferedBytes(id) < limits.initialWindowBytes) await sleep(5);
    await sleep(30);
    assert.equal(worker.bufferedBytes(id), limits.initialWindowBytes);
    const closed = worker.waitFor((message) => message.type === 'log' && message.text === 'source closed\n');
    worker.send({ type: 'cancel', id, reason: 'client_closed' });
    assert.match((await answer).error ?? '', /cancelled/);
    await closed;
    worker.grantCredit = true;
    assert.equal((await worker.invoke(forCase('function'))).body.toString(), '1,2,3,');
  });

  for (const name of ['stuck', 'blank']) {
    it(`a cancel ends a source that is ${name}, once`, async (test) => {
      const worker = await loaded(test, 'streams');
      const { id, answer } = worker.begin(forCase(name));
      await sleep(60);
      worker.send({ type: 'cancel', id, reason: 'deadline' });
      assert.match((await answer).error ?? '', /cancelled/);
      assert.equal((await worker.invoke(forCase('function'))).body.toString(), '1,2,3,');
    });
  }

  it('a source that breaks ends the answer with an error, before or after its head', async (test) => {
    const worker = await loaded(test, 'streams');
    const late = await worker.invoke(forCase('breaks'));
    assert.deepEqual([late.status, late.body.length], [200, 70_000]);
    assert.match(late.error ?? '', /^lua handler error: handler\.lua:\d+: broke$/);
    assert.match(late.detail ?? '', /stack traceback:/);
    const early = await worker.invoke(forCase('breaks-early'));
    assert.deepEqual([early.status, early.body.length], [null, 0]);
  });

  it('a piece that is no string is refused', async (test) => {
    const { error } = await (await loaded(test, 'streams')).invoke(forCase('wrong'));
    assert.equal(error, 'a streamed body must consist of strings, not of a table');
  });
});
