// The wire as the Lua worker speaks it. Its codec is the Node worker's: here is what depends on whose turn it is to read.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeChunk, encodeMessage } from '../harness.ts';
import { jsonOf, loaded } from './lua-worker.ts';

interface GoldenFrame {
  readonly name: string;
  readonly from: 'gateway' | 'worker';
  readonly fault?: string;
  readonly hex: string;
}

const { frames } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../fixtures/frames/index.json'), 'utf8'),
) as { frames: GoldenFrame[] };

const bytesOf = (name: string): Buffer => {
  const frame = frames.find((row) => row.name === name);
  assert.ok(frame, name);
  return Buffer.from(frame.hex, 'hex');
};

describe('golden frames and the Lua worker', () => {
  for (const frame of frames.filter((row) => row.from === 'gateway' && row.fault !== undefined)) {
    it(`${frame.name} ends it with a line on stderr`, async (test) => {
      const worker = await loaded(test, 'hello');
      worker.sendRaw(Buffer.from(frame.hex, 'hex'));
      assert.equal(await worker.exited, 1);
      assert.match(worker.rawOutput, /^fastfn lua worker: .+\n$/);
    });
  }

  it('a bad frame that comes while Lua runs ends it too', async (test) => {
    const worker = await loaded(test, 'endless');
    const broken = assert.rejects(
      worker.begin({ event: { query: { case: 'loop' } } }).answer,
      /the worker ended/,
    );
    await sleep(30);
    worker.sendRaw(Buffer.alloc(4));
    assert.equal(await worker.exited, 1);
    assert.match(worker.rawOutput, /^fastfn lua worker: cannot read a frame of 0 bytes/);
    await broken;
  });

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
      worker.sendRaw(bytesOf(name));
    }
    const { event } = jsonOf(await answer) as { event: Record<string, unknown> };
    assert.equal(event['is_base64'], true);
    const pong = worker.waitFor((message) => message.type === 'pong');
    worker.sendRaw(bytesOf('ping'));
    assert.deepEqual(encodeMessage(await pong), bytesOf('pong'));
  });

  it('one byte at a time is still understood, also while Lua runs', async (test) => {
    const worker = await loaded(test, 'endless');
    const { id, answer } = worker.begin({ event: { query: { case: 'loop' } } });
    for (const byte of encodeMessage({ type: 'cancel', id, reason: 'deadline' })) {
      worker.sendRaw(Buffer.from([byte]));
      await sleep(1);
    }
    assert.match((await answer).error ?? '', /its deadline has passed$/);
  });

  it('calls that are sent at once are answered one after the other', async (test) => {
    const worker = await loaded(test, 'endless');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => worker.invoke({ event: { query: { case: 'calls' } } })),
    );
    assert.deepEqual(
      answers.map(({ body }) => Number(body.toString())),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  it('a call whose body has not arrived ends at once, and its late chunks are dropped', async (test) => {
    const worker = await loaded(test, 'hello');
    const answer = worker.expect(900);
    worker.send({
      type: 'invoke',
      id: 900,
      remaining_ms: 100,
      event: {},
      body: { kind: 'stream', bytes: 10 },
    });
    worker.send({ type: 'cancel', id: 900, reason: 'client_closed' });
    assert.match((await answer).error ?? '', /cancelled/);
    worker.sendRaw(Buffer.concat([encodeChunk(900, Buffer.from('late')), encodeChunk(900, Buffer.alloc(0))]));
    assert.equal((await worker.invoke()).status, 200);
  });
});
