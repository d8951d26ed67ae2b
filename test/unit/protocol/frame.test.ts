import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DecodeResult, FrameDecoder } from '../../../src/protocol/frame.ts';
import {
  encodeChunk,
  encodeMessage,
  FrameTooLarge,
  FrameWriter,
} from '../../../src/protocol/frame-writer.ts';
import { maxChunkBytes, maxFrameBytes } from '../../../src/protocol/limits.ts';

function lengthOnly(bytes: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes);
  return head;
}

/** All frames in `bytes`, pushed in pieces of the given sizes (the last size repeats). */
function decodeInPieces(bytes: Buffer, sizes: readonly number[]): DecodeResult[] {
  const decoder = new FrameDecoder();
  const results: DecodeResult[] = [];
  let at = 0;
  for (let piece = 0; at < bytes.length; piece += 1) {
    const size = sizes[Math.min(piece, sizes.length - 1)] ?? 1;
    decoder.push(bytes.subarray(at, at + size));
    at += size;
    for (let next = decoder.next(); next.kind !== 'incomplete'; next = decoder.next()) {
      results.push(next);
      if (next.kind === 'fault') return results;
    }
  }
  return results;
}

const anyFrame = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), message: fc.dictionary(fc.string(), fc.jsonValue()) }),
  fc.record({
    kind: fc.constant('chunk' as const),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
);

test('frame: whatever is written is read back, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }),
      (frames, sizes) => {
        const writer = new FrameWriter();
        for (const frame of frames) {
          if (frame.kind === 'message') writer.message(JSON.stringify(frame.message));
          else writer.chunk(frame.id, frame.bytes);
        }
        const read = decodeInPieces(Buffer.concat(writer.take()), sizes);
        assert.equal(read.length, frames.length);
        for (const [index, frame] of frames.entries()) {
          const got = read[index];
          if (frame.kind === 'message') {
            assert.ok(got?.kind === 'message');
            assert.equal(
              got.payload.toString('utf8'),
              Buffer.from(JSON.stringify(frame.message)).toString('utf8'),
            );
          } else {
            assert.deepEqual(got, { kind: 'chunk', id: frame.id, bytes: frame.bytes });
          }
        }
      },
    ),
  );
});

test('frame: any bytes at all are frames, incomplete or a fault, never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      for (const result of decodeInPieces(Buffer.from(bytes), [size])) {
        assert.ok(['message', 'chunk', 'fault'].includes(result.kind));
      }
    }),
  );
});

test('frame: one-byte writes of a large message are read in linear time', () => {
  const bytes = encodeMessage({ text: 'x'.repeat(1_000_000) });
  const started = performance.now();
  const [frame] = decodeInPieces(bytes, [1]);
  assert.equal(frame?.kind, 'message');
  // Quadratic copying would move 500 GB here.
  assert.ok(performance.now() - started < 5_000);
});

test('frame: a length of 0 or over the maximum is a fault before its bytes arrive', () => {
  for (const length of [0, maxFrameBytes + 1, 0xffff_ffff]) {
    const decoder = new FrameDecoder();
    decoder.push(lengthOnly(length));
    assert.equal(decoder.next().kind, 'fault');
    decoder.push(encodeMessage({}));
    assert.equal(decoder.next().kind, 'fault', 'a fault is final');
  }
});

test('frame: the largest frame is accepted and one byte more is not', () => {
  const room = maxFrameBytes - JSON.stringify({ t: '' }).length;
  const [frame] = decodeInPieces(encodeMessage({ t: 'y'.repeat(room) }), [65_536]);
  assert.ok(frame?.kind === 'message');
  assert.equal(frame.payload.length, maxFrameBytes);
  assert.throws(() => encodeMessage({ t: 'y'.repeat(room + 1) }), FrameTooLarge);
});

test('frame: a chunk over its maximum is a fault, and is never written', () => {
  const head = lengthOnly(5 + maxChunkBytes + 1);
  const payload = Buffer.alloc(5 + maxChunkBytes + 1);
  payload[0] = 1;
  assert.equal(decodeInPieces(Buffer.concat([head, payload]), [65_536])[0]?.kind, 'fault');
  assert.throws(() => encodeChunk(1, Buffer.alloc(maxChunkBytes + 1)), FrameTooLarge);
});

test('frame: a smaller maximum can be set for a peer that has not proved itself', () => {
  const decoder = new FrameDecoder(100);
  decoder.push(lengthOnly(101));
  assert.equal(decoder.next().kind, 'fault');
});

test('frame: bytes after the last frame can be handed on', () => {
  const decoder = new FrameDecoder();
  decoder.push(Buffer.concat([encodeMessage({ a: 1 }), Buffer.from([0, 0])]));
  assert.equal(decoder.next().kind, 'message');
  assert.deepEqual(decoder.rest(), Buffer.from([0, 0]));
});

test('frame writer: bytes that were taken are not written to again', () => {
  const writer = new FrameWriter();
  writer.message('{"n":1}');
  const [first] = writer.take();
  const before = Buffer.from(first ?? []);
  for (let n = 0; n < 5_000; n += 1) writer.message('{"n":2}');
  assert.deepEqual(first, before);
  assert.equal(decodeInPieces(Buffer.concat(writer.take()), [1_000]).length, 5_000);
  assert.ok(writer.empty);
});
