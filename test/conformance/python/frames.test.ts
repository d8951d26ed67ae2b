// The bytes on a Python worker's connection: golden frames, bad frames, pings, ends (src/protocol/messages.ts).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as limits from '../../../src/protocol/limits.ts';
import { encodeChunk, encodeFrame, encodeMessage, sampleEvent } from '../harness.ts';
import { loaded, runPython, skip, startWorker } from './python-worker.ts';

interface GoldenFrame {
  readonly name: string;
  readonly from: string;
  readonly message?: unknown;
  readonly chunk?: { readonly id: number; readonly hex: string };
  readonly fault?: string;
  readonly hex: string;
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../fixtures/frames/index.json'), 'utf8'),
) as { readonly frames: readonly GoldenFrame[] };

const readFrames = `
import json
from fastfn_worker.frame import BadFrame, FrameReader
found = []
for text in json.loads(FRAMES):
    reader = FrameReader()
    reader.feed(bytes.fromhex(text))
    try:
        item = reader.next()
        found.append({"chunk": [item[0], item[1].hex()]} if type(item) is tuple else {"message": item})
    except BadFrame as error:
        found.append({"fault": str(error)})
print(json.dumps(found))
`;

const writeFrames = `
import json
from fastfn_worker import message
from fastfn_worker.frame import pack_answer, pack_chunk
from fastfn_worker.headers import header_block
from fastfn_worker.wire_json import encode
write = {
    "ready": lambda m: message.ready(m["concurrency"], m["runtime_version"]),
    "load_failed": lambda m: message.load_failed(m["error"], m["detail"]),
    "result": lambda m: message.result(m["id"], m["status"], m["headers"], encode(m["body"]), m.get("proxy")),
    "error": lambda m: message.error(m["id"], m["error"], m["detail"], m.get("undecodable", False)),
    "log": lambda m: message.log(m["id"], m["stream"], m["text"]),
    "credit": lambda m: message.credit(m["id"], m["bytes"]),
    "pong": lambda m: message.pong(m["n"]),
}
found = []
for frame in json.loads(FRAMES):
    chunk, answer, sent = frame.get("chunk"), frame.get("answer"), frame.get("message")
    if chunk:
        data = pack_chunk(chunk["id"], bytes.fromhex(chunk["hex"]))
    elif answer:
        block = header_block(answer["headers"])
        data = pack_answer(answer["id"], answer["status"], block, bytes.fromhex(answer["hex"]))
    elif sent:
        data = write[sent["type"]](sent)
    else:
        continue
    found.append([frame["name"], data.hex()])
print(json.dumps(found))
`;

describe('python frames', { skip }, () => {
  it('the golden frames of the gateway read as what they are', () => {
    const frames = golden.frames.filter((frame) => frame.from === 'gateway' && frame.fault === undefined);
    assert.ok(frames.length > 0);
    const code = `FRAMES = ${JSON.stringify(JSON.stringify(frames.map((frame) => frame.hex)))}\n${readFrames}`;
    const found = JSON.parse(runPython(code)) as unknown[];
    const expected = frames.map((frame) =>
      frame.chunk === undefined ? { message: frame.message } : { chunk: [frame.chunk.id, frame.chunk.hex] },
    );
    assert.deepEqual(found, expected);
  });

  it('the golden frames of a worker are what it writes, byte for byte', () => {
    const frames = golden.frames.filter((frame) => frame.from === 'worker' && frame.fault === undefined);
    const printed = runPython(`FRAMES = ${JSON.stringify(JSON.stringify(frames))}\n${writeFrames}`);
    assert.deepEqual(
      JSON.parse(printed),
      frames.map((frame) => [frame.name, frame.hex]),
    );
  });

  it('the maxima are those of the gateway', () => {
    const names = {
      MAX_FRAME_BYTES: limits.maxFrameBytes,
      INLINE_BODY_BYTES: limits.inlineBodyBytes,
      MAX_CHUNK_BYTES: limits.maxChunkBytes,
      INITIAL_WINDOW_BYTES: limits.initialWindowBytes,
      MAX_LOG_TEXT_BYTES: limits.maxLogTextBytes,
      MAX_RESULT_HEADERS: limits.maxResultHeaders,
      MAX_HEADER_BYTES: limits.maxHeaderBytes,
      MAX_HEADERS_TOTAL_BYTES: limits.maxHeadersTotalBytes,
      MAX_ERROR_TEXT_BYTES: limits.maxErrorTextBytes,
    };
    const printed = runPython(
      'import json\nfrom fastfn_worker import limits\n' +
        `print(json.dumps({name: getattr(limits, name) for name in ${JSON.stringify(Object.keys(names))}}))`,
    );
    assert.deepEqual(JSON.parse(printed), names);
  });

  const invoke = { remaining_ms: 1000, event: sampleEvent() };
  const bad: readonly [name: string, bytes: Buffer][] = [
    ['a length of 0', Buffer.alloc(4)],
    ['a length beyond the maximum', Buffer.from([0x00, 0x20, 0x00, 0x01])],
    ['a payload that is neither message nor chunk', encodeFrame(Buffer.from('x'))],
    ['a message that is no JSON', encodeFrame(Buffer.from('{nonsense'))],
    ['text after the message', encodeFrame(Buffer.from('{} {}'))],
    ['a message that is no UTF-8', encodeFrame(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
    ['NaN in a message', encodeFrame(Buffer.from('{"type":"ping","n":NaN}'))],
    ['a chunk without an id', encodeFrame(Buffer.from([0x01, 0x00]))],
    ['a chunk that is too long', encodeChunk(3, Buffer.alloc(65_537))],
  ];
  for (const handler of ['handler', 'coroutine']) {
    it(`bad frames end the worker (${handler})`, async (test) => {
      await Promise.all(
        bad.map(async ([name, bytes]) => {
          const worker = await loaded(test, 'hello', { handler });
          worker.sendRaw(bytes);
          assert.equal(await worker.exited, 1, name);
          assert.match(worker.rawOutput, /BadFrame/, name);
        }),
      );
    });

    it(`frames in single bytes and frames in one piece are all answered (${handler})`, async (test) => {
      const worker = await loaded(test, 'hello', { handler });
      const ping = worker.waitFor((message) => message.type === 'pong' && message.n === 4);
      for (const byte of encodeMessage({ type: 'ping', n: 4 })) worker.sendRaw(Buffer.from([byte]));
      await ping;
      const answers = Promise.all(Array.from({ length: 50 }, () => worker.invoke()));
      assert.ok((await answers).every((answer) => answer.error === null && answer.status === 200));
    });

    it(`chunks, credit and cancels of unknown ids are dropped (${handler})`, async (test) => {
      const worker = await loaded(test, 'hello', { handler });
      worker.sendChunk(77, Buffer.from('late'));
      worker.send({ type: 'credit', id: 77, bytes: 5 });
      worker.send({ type: 'cancel', id: 77, reason: 'deadline' });
      assert.equal((await worker.invoke()).error, null);
    });

    it(`an invocation cancelled while its body arrives gets its end (${handler})`, async (test) => {
      const worker = await loaded(test, 'hello', { handler });
      const ended = worker.expect(99);
      worker.send({ type: 'invoke', ...invoke, id: 99, body: { kind: 'stream', bytes: 10 } });
      worker.sendChunk(99, Buffer.from('12345'));
      worker.send({ type: 'cancel', id: 99, reason: 'client_closed' });
      worker.sendChunk(99, Buffer.from('67890'));
      assert.equal((await ended).error, 'invocation cancelled');
      assert.equal((await worker.invoke()).error, null);
    });

    it(`room for a long request body is returned while it arrives (${handler})`, async (test) => {
      const worker = await loaded(test, 'hello', { handler });
      const credit = worker.waitFor((message) => message.type === 'credit');
      const { id, answer } = worker.begin({ body: Buffer.alloc(600_000, 65) });
      assert.equal((await answer).error, null);
      const returned = worker.messages.flatMap((message) => (message.type === 'credit' ? [message] : []));
      assert.deepEqual(await credit, returned[0]);
      assert.ok(returned.every((message) => message.id === id && message.bytes <= limits.initialWindowBytes));
      assert.ok(
        returned.reduce((sum, message) => sum + message.bytes, 0) >= 600_000 - limits.initialWindowBytes,
      );
    });
  }

  it('a first message that is no load ends the worker', async (test) => {
    const worker = startWorker(test);
    worker.send({ type: 'ping', n: 1 });
    assert.equal(await worker.exited, 1);
    assert.match(worker.rawOutput, /^cannot run the worker/);
  });

  it('the end of the connection ends the worker, loaded or not', async (test) => {
    assert.equal(await startWorker(test).close(), 0);
    for (const handler of ['handler', 'coroutine']) {
      const worker = await loaded(test, 'hello', { handler });
      assert.equal(await worker.close(), 0);
      assert.equal(worker.rawOutput, '');
    }
  });
});
