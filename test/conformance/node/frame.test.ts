// The Node worker's own codec, for any bytes cut anywhere; and its texts within their maxima.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameReader, FrameWriter } from '../../../runtimes/node/frame.ts';
import { maxFrameBytes } from '../../../runtimes/node/limits.ts';
import { pieces, truncate } from '../../../runtimes/node/text.ts';

type Seen = string | readonly [id: number, hex: string];

const frames = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => JSON.stringify({ text })),
    fc.tuple(
      fc.nat(0xffff_ffff),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('hex')),
    ),
  ),
  { maxLength: 20 },
);

function write(sent: readonly Seen[]): Buffer {
  const written: Buffer[] = [];
  const writer = new FrameWriter((bytes) => written.push(bytes));
  for (const frame of sent) {
    if (typeof frame === 'string') writer.message(frame);
    else writer.chunk(frame[0], Buffer.from(frame[1], 'hex'));
  }
  written.push(writer.take() ?? Buffer.alloc(0));
  return Buffer.concat(written);
}

function readInto(seen: Seen[]): FrameReader {
  return new FrameReader({
    message: (payload) => seen.push(payload.toString('utf8')),
    chunk: (id, bytes) => seen.push([id, bytes.toString('hex')]),
  });
}

describe('the codec of the Node worker', () => {
  it('what is written is read, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sent, cuts) => {
        const seen: Seen[] = [];
        const reader = readInto(seen);
        const bytes = write(sent);
        for (let at = 0, round = 0; at < bytes.length; round += 1) {
          const end = at + (cuts[round % cuts.length] ?? 1);
          reader.push(bytes.subarray(at, end));
          at = end;
        }
        assert.deepEqual(seen, sent);
      }),
    );
  });

  it('more than one piece of memory is written in order', () => {
    const sent = Array.from({ length: 200 }, (_, index) =>
      JSON.stringify({ text: `${index}ä`.repeat(1_500) }),
    );
    const seen: Seen[] = [];
    readInto(seen).push(write(sent));
    assert.deepEqual(seen, sent);
  });

  it('a message longer than a frame is refused and leaves no trace', () => {
    const writer = new FrameWriter(() => assert.fail('nothing to write'));
    assert.throws(() => writer.message('"'.repeat(maxFrameBytes + 1)), RangeError);
    assert.equal(writer.take(), null);
  });
});

describe('texts within their maxima', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 200 });

  it('a cut text is the longest whole start', () => {
    fc.assert(
      fc.property(texts, fc.nat(300), (text, maxBytes) => {
        const cut = truncate(text, maxBytes);
        assert.ok(text.startsWith(cut));
        assert.ok(Buffer.byteLength(cut) <= maxBytes);
        const next = [...text.slice(cut.length)][0];
        assert.ok(next === undefined || Buffer.byteLength(cut + next) > maxBytes);
      }),
    );
  });

  it('pieces are short enough and make up the text', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 50 }), (text, maxBytes) => {
        const parts = pieces(text, maxBytes);
        assert.equal(parts.join(''), text);
        assert.ok(parts.every((part) => Buffer.byteLength(part) <= maxBytes));
      }),
    );
  });
});
