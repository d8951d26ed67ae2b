// The bytes on a PHP worker's connection: golden frames, bad frames, pings, ends (src/protocol/messages.ts).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as limits from '../../../src/protocol/limits.ts';
import { encodeChunk, encodeFrame, encodeMessage, sampleEvent } from '../harness.ts';
import { loaded, runPhp, skip, startWorker } from './php-worker.ts';

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

/** A JSON value as PHP code. */
function phpValue(value: unknown): string {
  const base64 = Buffer.from(JSON.stringify(value)).toString('base64');
  return `json_decode(base64_decode('${base64}'), true)`;
}

const readFrames = `
use FastFn\\Worker\\{BadFrame, Chunk, FrameReader};
$found = [];
foreach ($frames as $hex) {
    $reader = new FrameReader();
    $reader->feed(hex2bin($hex));
    try {
        $item = $reader->next();
        $found[] = $item instanceof Chunk ? ['chunk' => [$item->id, bin2hex($item->data)]] : ['message' => $item];
    } catch (BadFrame $error) {
        $found[] = ['fault' => $error->getMessage()];
    }
}
echo json_encode($found);
`;

const writeFrames = `
use FastFn\\Worker\\{Frame, Headers, Message, Text};
$write = [
    'ready' => fn ($m) => Message::ready($m['concurrency'], $m['runtime_version']),
    'load_failed' => fn ($m) => Message::loadFailed($m['error'], $m['detail']),
    'result' => fn ($m) => Message::result($m['id'], $m['status'], $m['headers'], Text::json($m['body']),
        isset($m['proxy']) ? Text::json($m['proxy']) : null),
    'error' => fn ($m) => Message::error($m['id'], $m['error'], $m['detail'], $m['undecodable'] ?? false),
    'log' => fn ($m) => Message::log($m['id'], $m['stream'], $m['text']),
    'credit' => fn ($m) => Message::credit($m['id'], $m['bytes']),
    'pong' => fn ($m) => Message::pong($m['n']),
];
$found = [];
foreach ($frames as $frame) {
    if (isset($frame['answer'])) {
        ['id' => $id, 'status' => $status, 'headers' => $headers, 'hex' => $hex] = $frame['answer'];
        $found[] = [$frame['name'], bin2hex(Frame::answer($id, $status, Headers::block($headers), hex2bin($hex)))];
        continue;
    }
    $data = isset($frame['chunk'])
        ? Frame::chunk($frame['chunk']['id'], hex2bin($frame['chunk']['hex']))
        : $write[$frame['message']['type']]($frame['message']);
    $found[] = [$frame['name'], bin2hex($data)];
}
echo json_encode($found);
`;

/** A map without keys arrives as an array without items: PHP has one kind of both. */
function asPhpSees(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asPhpSees);
  const entries = Object.entries(value).map(([key, inner]) => [key, asPhpSees(inner)]);
  return entries.length === 0 ? [] : Object.fromEntries(entries);
}

describe('php frames', { skip }, () => {
  it('the golden frames of the gateway read as what they are', () => {
    const frames = golden.frames.filter((frame) => frame.from === 'gateway' && frame.fault === undefined);
    assert.ok(frames.length > 0);
    const printed = runPhp(`$frames = ${phpValue(frames.map((frame) => frame.hex))};\n${readFrames}`);
    const expected = frames.map((frame) =>
      frame.chunk === undefined
        ? { message: asPhpSees(frame.message) }
        : { chunk: [frame.chunk.id, frame.chunk.hex] },
    );
    assert.deepEqual(JSON.parse(printed), expected);
  });

  it('the bad golden frames of a gateway are refused', () => {
    const frames = golden.frames.filter((frame) => frame.from === 'gateway' && frame.fault !== undefined);
    assert.ok(frames.length > 0);
    const printed = runPhp(`$frames = ${phpValue(frames.map((frame) => frame.hex))};\n${readFrames}`);
    const found = JSON.parse(printed) as { fault?: string }[];
    frames.forEach((frame, index) => {
      assert.equal(typeof found[index]?.fault, 'string', frame.name);
    });
  });

  it('the golden frames of a worker are what it writes, byte for byte', () => {
    const frames = golden.frames.filter((frame) => frame.from === 'worker' && frame.fault === undefined);
    assert.ok(frames.length > 0);
    assert.deepEqual(
      JSON.parse(runPhp(`$frames = ${phpValue(frames)};\n${writeFrames}`)),
      frames.map((frame) => [frame.name, frame.hex]),
    );
  });

  it('the maxima are those of the gateway', () => {
    const printed = runPhp(
      'echo json_encode((new ReflectionClass(FastFn\\Worker\\Limits::class))->getConstants());',
    );
    assert.deepEqual(JSON.parse(printed), {
      MAX_FRAME_BYTES: limits.maxFrameBytes,
      INLINE_BODY_BYTES: limits.inlineBodyBytes,
      MAX_CHUNK_BYTES: limits.maxChunkBytes,
      INITIAL_WINDOW_BYTES: limits.initialWindowBytes,
      MAX_LOG_TEXT_BYTES: limits.maxLogTextBytes,
      MAX_RESULT_HEADERS: limits.maxResultHeaders,
      MAX_HEADER_BYTES: limits.maxHeaderBytes,
      MAX_HEADERS_TOTAL_BYTES: limits.maxHeadersTotalBytes,
      MAX_ERROR_TEXT_BYTES: limits.maxErrorTextBytes,
    });
  });

  const bad: readonly [name: string, bytes: Buffer][] = [
    ['a length of 0', Buffer.alloc(4)],
    ['a length beyond the maximum', Buffer.from([0x00, 0x20, 0x00, 0x01])],
    ['a payload that is neither message nor chunk', encodeFrame(Buffer.from('x'))],
    ['a message that is no JSON', encodeFrame(Buffer.from('{nonsense'))],
    ['text after the message', encodeFrame(Buffer.from('{} {}'))],
    ['a message that is no UTF-8', encodeFrame(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
    ['a message of no known type', encodeMessage({ type: 'other' })],
    ['NaN in a message', encodeFrame(Buffer.from('{"type":"ping","n":NaN}'))],
    ['a chunk without an id', encodeFrame(Buffer.from([0x01, 0x00]))],
    ['a chunk that is too long', encodeChunk(3, Buffer.alloc(65_537))],
  ];
  it('bad frames end the worker', async (test) => {
    for (const [name, bytes] of bad) {
      const worker = await loaded(test, 'hello');
      worker.sendRaw(bytes);
      assert.equal(await worker.exited, 1, name);
      assert.match(worker.rawOutput, /BadFrame/, name);
    }
  });

  it('frames in single bytes and frames in one piece are all answered', async (test) => {
    const worker = await loaded(test, 'hello');
    const ping = worker.waitFor((message) => message.type === 'pong' && message.n === 4);
    for (const byte of encodeMessage({ type: 'ping', n: 4 })) worker.sendRaw(Buffer.from([byte]));
    await ping;
    const answers = Promise.all(Array.from({ length: 50 }, () => worker.invoke()));
    assert.ok((await answers).every((answer) => answer.error === null && answer.status === 200));
  });

  it('chunks, credit and cancels of unknown ids are dropped', async (test) => {
    const worker = await loaded(test, 'hello');
    worker.sendChunk(77, Buffer.from('late'));
    worker.send({ type: 'credit', id: 77, bytes: 5 });
    worker.send({ type: 'cancel', id: 77, reason: 'deadline' });
    assert.equal((await worker.invoke()).error, null);
  });

  it('an invocation cancelled while its body arrives gets its end', async (test) => {
    const worker = await loaded(test, 'hello');
    const ended = worker.expect(99);
    const body = { kind: 'stream', bytes: 10 } as const;
    worker.send({ type: 'invoke', remaining_ms: 1000, event: sampleEvent(), id: 99, body });
    worker.sendChunk(99, Buffer.from('12345'));
    worker.send({ type: 'cancel', id: 99, reason: 'client_closed' });
    worker.sendChunk(99, Buffer.from('67890'));
    assert.equal((await ended).error, 'invocation cancelled');
    assert.equal((await worker.invoke()).error, null);
  });

  it('room for a long request body is returned while it arrives', async (test) => {
    const worker = await loaded(test, 'hello');
    const { id, answer } = worker.begin({ body: Buffer.alloc(600_000, 65) });
    assert.equal((await answer).error, null);
    const returned = worker.messages.flatMap((message) => (message.type === 'credit' ? [message] : []));
    assert.ok(returned.length > 0);
    assert.ok(returned.every((message) => message.id === id && message.bytes <= limits.initialWindowBytes));
    const total = returned.reduce((sum, message) => sum + message.bytes, 0);
    assert.ok(total >= 600_000 - limits.initialWindowBytes);
  });

  it('a first message that is no load ends the worker', async (test) => {
    const worker = startWorker(test);
    worker.send({ type: 'ping', n: 1 });
    assert.equal(await worker.exited, 1);
    assert.match(worker.rawOutput, /^cannot run the worker/);
  });

  it('the end of the connection ends the worker, loaded or not', async (test) => {
    assert.equal(await startWorker(test).close(), 0);
    const worker = await loaded(test, 'hello');
    assert.equal(await worker.close(), 0);
    assert.equal(worker.rawOutput, '');
  });
});
