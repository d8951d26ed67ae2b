// The wire as the Node worker speaks it: golden frames, bad frames, cancel, credit, streams, the end of the connection.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as copied from '../../../runtimes/node/limits.ts';
import * as limits from '../../../src/protocol/limits.ts';
import { encodeMessage } from '../harness.ts';
import { behaviourEntry, eventOf, loaded, startWorker } from './node-worker.ts';

interface GoldenFrame {
  readonly name: string;
  readonly from: 'gateway' | 'worker';
  readonly fault?: string;
  readonly hex: string;
}

const golden = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../fixtures/frames/index.json'), 'utf8')) as {
    frames: GoldenFrame[];
  }
).frames;

function goldenBytes(name: string): Buffer {
  const frame = golden.find((row) => row.name === name);
  assert.ok(frame, name);
  return Buffer.from(frame.hex, 'hex');
}

describe('golden frames and the Node worker', () => {
  for (const frame of golden.filter((row) => row.from === 'gateway' && row.fault !== undefined)) {
    it(`${frame.name} ends it with a line on stderr`, async (test) => {
      const worker = await loaded(test, 'hello');
      worker.sendRaw(Buffer.from(frame.hex, 'hex'));
      assert.equal(await worker.exited, 1);
      assert.match(worker.rawOutput, /^fastfn node worker: .+\n$/);
    });
  }

  it('a conversation of golden frames is understood and answered', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const answer = worker.expect(4);
    for (const name of [
      'invoke_binary_body',
      'body_binary',
      'cancel_unknown_id',
      'body_end_4',
      'credit_from_gateway',
    ]) {
      worker.sendRaw(goldenBytes(name));
    }
    assert.equal(eventOf(await answer).is_base64, true);
    const pong = worker.waitFor((message) => message.type === 'pong');
    worker.sendRaw(goldenBytes('ping'));
    assert.deepEqual(encodeMessage(await pong), goldenBytes('pong'));
  });
});

describe('frames of the Node worker', () => {
  it('its copy of the limits is the same', () => {
    for (const [name, value] of Object.entries(copied)) assert.equal(value, Reflect.get(limits, name), name);
  });

  it('one byte at a time is still understood', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const answered = worker.waitFor((message) => message.type === 'result');
    const bytes = goldenBytes('invoke_text_body');
    // The harness knows nothing of this id: it is read off the messages.
    worker.expect(3);
    for (const byte of bytes) {
      worker.sendRaw(Buffer.from([byte]));
      await sleep(0);
    }
    const result = await answered;
    assert.ok(result.type === 'result' && result.body.kind === 'bytes');
    assert.match(result.body.bytes.toString(), /Zoë/);
  });

  it('the largest id comes back as it was', async (test) => {
    const worker = await loaded(test, 'direct-export');
    worker.expect(0xffff_ffff);
    const answered = worker.waitFor((message) => message.type === 'result');
    worker.sendRaw(goldenBytes('invoke_largest_id'));
    const result = await answered;
    assert.ok(result.type === 'result');
    assert.equal(result.id, 0xffff_ffff);
  });

  it('many frames in one write are all answered', async (test) => {
    const worker = await loaded(test, 'hello');
    const answers = await Promise.all(Array.from({ length: 300 }, () => worker.invoke()));
    assert.ok(answers.every((answer) => answer.status === 200));
  });

  it('an event of nearly a whole frame arrives, and goes back as chunks', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const big = 'x'.repeat(limits.maxFrameBytes - 2_000);
    const answer = await worker.invoke({ event: { big } });
    assert.equal(answer.bodyKind, 'stream');
    assert.equal(eventOf(answer).big, big);
  });

  it('an answer that cannot fit a frame is that call’s failure', async (test) => {
    const worker = await loaded(test, 'huge-proxy');
    assert.match((await worker.invoke()).error ?? '', /cannot send a message of \d+ bytes/);
    assert.equal((await worker.invoke({ event: { query: { small: '1' } } })).status, 200);
  });

  it('end of file ends it at once with status 0, whatever runs', async (test) => {
    const worker = await loaded(test, 'cancel');
    worker.begin();
    assert.equal(await worker.close(), 0);
  });

  it('a ping is answered while handlers run', async (test) => {
    const worker = await loaded(test, 'cancel');
    worker.begin();
    const pong = worker.waitFor((message) => message.type === 'pong');
    worker.send({ type: 'ping', n: 5 });
    assert.deepEqual(await pong, { type: 'pong', n: 5 });
  });

  it('a worker says how many calls it takes and which Node it is', async (test) => {
    const verdict = await startWorker(test).load({ entry: behaviourEntry('hello') });
    assert.deepEqual(verdict, { type: 'ready', concurrency: 100, runtime_version: process.versions.node });
  });
});

describe('cancelling a call of a Node handler', () => {
  for (const [reason, name] of [
    ['deadline', 'TimeoutError'],
    ['client_closed', 'AbortError'],
  ] as const) {
    it(`${reason}: event.signal aborts with ${name}`, async (test) => {
      const worker = await loaded(test, 'cancel');
      const { id, answer } = worker.begin();
      worker.send({ type: 'cancel', id, reason });
      assert.equal((await answer).body.toString(), name);
    });
  }

  it('a handler that does not listen still comes to one end', async (test) => {
    const worker = await loaded(test, 'ignores-cancel');
    const { id, answer } = worker.begin();
    worker.send({ type: 'cancel', id, reason: 'deadline' });
    assert.equal((await answer).body.toString(), 'late');
  });

  it('a call whose body has not arrived ends at once, and its late chunks are dropped', async (test) => {
    const worker = await loaded(test, 'echo-event');
    worker.expect(900);
    worker.send({
      type: 'invoke',
      id: 900,
      remaining_ms: 100,
      event: {},
      body: { kind: 'stream', bytes: 10 },
    });
    const ended = worker.waitFor((message) => message.type === 'error');
    worker.send({ type: 'cancel', id: 900, reason: 'client_closed' });
    await ended;
    worker.sendChunk(900, Buffer.from('late'));
    worker.sendChunk(900, Buffer.alloc(0));
    assert.equal((await worker.invoke()).status, 200);
  });
});

describe('streamed answers of a Node handler', () => {
  const bodies: readonly [promise: string, name: string, kind: string, body: string][] = [
    ['a generator is sent piece by piece', 'generator', 'stream', 'one,two'],
    ['a stream that is whole in one turn is one frame', 'quick', 'bytes', 'ab'],
    ['a Response that goes on is streamed', 'web', 'stream', 'data: 1\n\ndata: 2\n\n'],
  ];
  for (const [promise, name, kind, body] of bodies) {
    it(promise, async (test) => {
      const worker = await loaded(test, 'streams');
      const answer = await worker.invoke({ event: { query: { case: name } } });
      assert.deepEqual([answer.error, answer.bodyKind, answer.body.toString()], [null, kind, body]);
    });
  }

  it('a source that breaks ends the answer with an error', async (test) => {
    const worker = await loaded(test, 'streams');
    const answer = await worker.invoke({ event: { query: { case: 'breaks' } } });
    assert.deepEqual([answer.status, answer.body.toString(), answer.error], [200, 'begun', 'source broke']);
  });

  it('a piece that is neither text nor bytes is refused', async (test) => {
    const worker = await loaded(test, 'streams');
    const answer = await worker.invoke({ event: { query: { case: 'object' } } });
    assert.deepEqual(
      [answer.status, answer.error],
      [null, 'a streamed body must consist of strings or bytes'],
    );
  });

  it('a cancel ends an answer whose source is stuck, at once and once', async (test) => {
    const worker = await loaded(test, 'streams');
    const begun = worker.waitFor((message) => message.type === 'result');
    const { id, answer } = worker.begin({ event: { query: { case: 'stuck' } } });
    await begun;
    worker.send({ type: 'cancel', id, reason: 'deadline' });
    assert.match((await answer).error ?? '', /cancelled/);
    assert.equal((await worker.invoke({ event: { query: { case: 'quick' } } })).body.toString(), 'ab');
  });

  it('it stops at the end of its credit, and a cancel ends answer and source', async (test) => {
    const worker = await loaded(test, 'streams');
    worker.grantCredit = false;
    const { id, answer } = worker.begin({ event: { query: { case: 'endless' } } });
    while (worker.bufferedBytes(id) < limits.initialWindowBytes) await sleep(5);
    await sleep(30);
    assert.equal(worker.bufferedBytes(id), limits.initialWindowBytes);
    // Another call is not held up by it.
    const other = await worker.invoke({ event: { query: { case: 'quick' } } });
    assert.equal(other.body.toString(), 'ab');
    const closed = worker.waitFor((message) => message.type === 'log' && message.text === 'source closed\n');
    worker.send({ type: 'cancel', id, reason: 'client_closed' });
    assert.match((await answer).error ?? '', /cancelled/);
    await closed;
  });
});
