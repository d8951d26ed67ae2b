// The bytes on the connection of a compiled worker: golden frames, bad frames, pings, ends (src/protocol/messages.ts).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as limits from '../../src/protocol/limits.ts';
import { type CompiledProgram, forCase } from './compiled-worker.ts';
import { encodeChunk, encodeFrame, encodeMessage, sampleEvent, type WorkerProcess } from './harness.ts';

interface GoldenFrame {
  readonly name: string;
  readonly from: string;
  readonly message?: Readonly<Record<string, unknown>>;
  readonly chunk?: { readonly id: number; readonly hex: string };
  readonly fault?: string;
  readonly hex: string;
}

const { frames: golden } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/frames/index.json'), 'utf8'),
) as { readonly frames: readonly GoldenFrame[] };

/** Kind, id, and what is most its own. */
function essence({ message, chunk }: GoldenFrame): unknown[] {
  if (chunk !== undefined) return ['chunk', chunk.id, chunk.hex];
  assert.ok(message);
  const own = { load: 'env', invoke: 'event', credit: 'bytes', ping: 'n' }[String(message['type'])];
  return [message['type'], message['id'] ?? 0, own === undefined ? null : message[own]];
}

async function ask(worker: WorkerProcess, name: string, body: unknown): Promise<unknown> {
  const text = Buffer.from(JSON.stringify(body));
  const answer = await worker.invoke({ ...forCase(name), body: text });
  assert.equal(answer.error, null);
  return JSON.parse(answer.body.toString('utf8'));
}

export function describeGoldenFrames(title: string, program: () => CompiledProgram): void {
  describe(title, () => {
    it('the golden frames of the gateway read as what they are, bad ones as faults', async (test) => {
      const worker = await program().loaded(test);
      const frames = golden.filter((frame) => frame.from === 'gateway');
      const read = (await ask(
        worker,
        'golden-read',
        frames.map((frame) => frame.hex),
      )) as unknown[];
      frames.forEach((frame, index) => {
        assert.deepEqual(read[index], frame.fault === undefined ? essence(frame) : ['fault'], frame.name);
      });
    });

    it('the golden frames of a worker are what it writes, byte for byte', async (test) => {
      const worker = await program().loaded(test);
      // A map has no order of its own in these languages; the gateway asks for none.
      const frames = golden
        .filter((frame) => frame.from === 'worker' && frame.fault === undefined)
        .map((frame) => (frame.name === 'result_proxy' ? inOrder(frame) : frame));
      const written = (await ask(worker, 'golden-write', frames)) as string[];
      frames.forEach((frame, index) => {
        assert.equal(written[index], frame.hex, frame.name);
      });
    });

    it('the maxima are those of the gateway', async (test) => {
      assert.deepEqual(await ask(await program().loaded(test), 'limits', null), [
        limits.maxFrameBytes,
        limits.inlineBodyBytes,
        limits.maxChunkBytes,
        limits.initialWindowBytes,
        limits.maxLogTextBytes,
        limits.maxResultHeaders,
        limits.maxHeaderBytes,
        limits.maxHeadersTotalBytes,
        limits.maxErrorTextBytes,
      ]);
    });
  });
}

/** The directive's keys sorted, as a map of Rust has them; a frame of the same meaning. */
function inOrder(frame: GoldenFrame): GoldenFrame {
  const proxy = { method: 'GET', path: '/upstream' };
  const message = { ...frame.message, proxy };
  return { ...frame, message, hex: encodeMessage(message).toString('hex') };
}

/** An invocation whose event is written in a way of its own. */
function writtenInvoke(id: number, event: string): Buffer {
  const start = `{"type":"invoke","id":${id},"remaining_ms":5000,"event":`;
  return encodeFrame(Buffer.from(`${start}${event},"body":{"kind":"none"}}`));
}

/** What JSON may say, in more ways than the gateway writes it. */
const values = [
  ...[
    '0',
    '-0.5',
    '1e3',
    '1E-2',
    '123456789012',
    '0.1',
    'true',
    'false',
    'null',
    '""',
    '[]',
    '{}',
    '[[1,[]],{}]',
  ],
  ...['"\\u00e9\\n\\"\\\\"', '"\\ud83d\\ude00"', '"é😀"', ' [ 1 ,\n2 ] ', ' { "a" : { "b" : "c" } } '],
  `"${'long '.repeat(2_000)}"`,
];

const bad: readonly [name: string, bytes: Buffer][] = [
  ['a length of 0', Buffer.alloc(4)],
  ['a length beyond the maximum', Buffer.from([0x00, 0x20, 0x00, 0x01])],
  ['a payload that is neither message nor chunk', encodeFrame(Buffer.from('x'))],
  ['a message that is no JSON', encodeFrame(Buffer.from('{nonsense'))],
  ['text after the message', encodeFrame(Buffer.from('{} {}'))],
  ['a message that is no UTF-8', encodeFrame(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
  ['a message of no known type', encodeMessage({ type: 'other' })],
  ['a message without a type', encodeMessage({})],
  ['NaN in a message', encodeFrame(Buffer.from('{"type":"ping","n":NaN}'))],
  ['an id of 0', encodeMessage({ type: 'cancel', id: 0, reason: 'deadline' })],
  ['an id that is text', encodeMessage({ type: 'cancel', id: '1', reason: 'deadline' })],
  [
    'an invocation without an event',
    encodeMessage({ type: 'invoke', id: 1, remaining_ms: 1, body: { kind: 'none' } }),
  ],
  [
    'an unknown kind of body',
    encodeMessage({ type: 'invoke', id: 1, remaining_ms: 1, event: {}, body: { kind: 'x' } }),
  ],
  ...['{"a":1,}', '[1,]', '{"a" 1}', '01', '1.', '.5', '+1', '1e', 'True', '"\t"', '"\\x"', '{} {}', '{'].map(
    (value): [string, Buffer] => [`an invocation with ${value}`, writtenInvoke(1, `{"x":${value}}`)],
  ),
  ['credit beyond the window', encodeMessage({ type: 'credit', id: 1, bytes: 262_145 })],
  ['a second load', encodeMessage({ type: 'load', protocol: 1, env: {}, context: {}, maxOutputBytes: 1 })],
  ['a chunk without an id', encodeFrame(Buffer.from([0x01, 0x00]))],
  ['a chunk that is too long', encodeChunk(3, Buffer.alloc(65_537))],
];

export function describeFrames(title: string, program: () => CompiledProgram): void {
  describe(title, () => {
    it('bad frames end the worker', async (test) => {
      for (const [name, bytes] of bad) {
        const worker = await program().loaded(test);
        worker.sendRaw(bytes);
        assert.equal(await worker.exited, 1, name);
        assert.match(worker.rawOutput, /^cannot go on: BadFrame/, name);
      }
    });

    it('an event reads as what its JSON says, however that is written', async (test) => {
      const worker = await program().loaded(test);
      for (const [index, value] of values.entries()) {
        const answer = worker.expect(1_000 + index);
        worker.sendRaw(writtenInvoke(1_000 + index, `{"query":{},"params":{},"value":${value}}`));
        const { event } = JSON.parse((await answer).body.toString()) as { event: { value: unknown } };
        assert.deepEqual(event.value, JSON.parse(value), value);
      }
    });

    it('frames in single bytes and frames in one piece are all answered', async (test) => {
      const worker = await program().loaded(test);
      const ping = worker.waitFor((message) => message.type === 'pong' && message.n === 4);
      for (const byte of encodeMessage({ type: 'ping', n: 4 })) worker.sendRaw(Buffer.from([byte]));
      await ping;
      const answers = await Promise.all(Array.from({ length: 50 }, () => worker.invoke(forCase('fine'))));
      assert.ok(answers.every((answer) => answer.error === null && answer.status === 200));
    });

    it('chunks, credit and cancels of unknown ids are dropped', async (test) => {
      const worker = await program().loaded(test);
      worker.sendChunk(77, Buffer.from('late'));
      worker.sendChunk(77, Buffer.alloc(0));
      worker.send({ type: 'credit', id: 77, bytes: 5 });
      worker.send({ type: 'cancel', id: 77, reason: 'deadline' });
      assert.equal((await worker.invoke(forCase('fine'))).error, null);
    });

    it('an invocation cancelled while its body arrives gets its end', async (test) => {
      const worker = await program().loaded(test);
      const ended = worker.expect(99);
      const body = { kind: 'stream', bytes: 10 } as const;
      worker.send({ type: 'invoke', remaining_ms: 1000, event: sampleEvent(), id: 99, body });
      worker.sendChunk(99, Buffer.from('12345'));
      worker.send({ type: 'cancel', id: 99, reason: 'client_closed' });
      worker.sendChunk(99, Buffer.from('67890'));
      assert.equal((await ended).error, 'invocation cancelled');
      assert.equal((await worker.invoke(forCase('fine'))).error, null);
    });

    it('room for a long request body is returned while it arrives', async (test) => {
      const worker = await program().loaded(test);
      const { id, answer } = worker.begin({ ...forCase('length'), body: Buffer.alloc(600_000, 65) });
      assert.equal((await answer).body.toString(), '600000');
      const returned = worker.messages.flatMap((message) => (message.type === 'credit' ? [message] : []));
      assert.ok(returned.every((message) => message.id === id && message.bytes <= limits.initialWindowBytes));
      const total = returned.reduce((sum, message) => sum + message.bytes, 0);
      assert.ok(total >= 600_000 - limits.initialWindowBytes);
    });

    it('a first message that is no load ends the worker', async (test) => {
      const worker = program().start(test);
      worker.send({ type: 'ping', n: 1 });
      assert.equal(await worker.exited, 1);
      assert.match(worker.rawOutput, /^cannot run the worker/);
    });

    it('the end of the connection ends the worker, loaded or not, busy or not', async (test) => {
      assert.equal(await program().start(test).close(), 0);
      const worker = await program().loaded(test);
      worker.begin(forCase('prints-then-hangs'));
      await worker.waitFor((message) => message.type === 'log');
      assert.equal(await worker.close(), 0);
      assert.equal(worker.rawOutput, '');
    });
  });
}
