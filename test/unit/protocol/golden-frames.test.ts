import assert from 'node:assert/strict';
import { test } from 'node:test';
import index from '../../../fixtures/frames/index.json' with { type: 'json' };
import { AnswerReader } from '../../../src/protocol/answer-frame.ts';
import { FrameDecoder } from '../../../src/protocol/frame.ts';
import { encodeChunk, encodeMessage } from '../../../src/protocol/frame-writer.ts';
import { parseWorkerMessage } from '../../../src/protocol/worker-message.ts';

interface GoldenFrame {
  readonly name: string;
  readonly from: string;
  readonly hex: string;
  readonly message?: object;
  readonly chunk?: { readonly id: number; readonly hex: string };
  readonly answer?: {
    readonly id: number;
    readonly status: number;
    readonly headers: object;
    readonly hex: string;
  };
  readonly fault?: string;
}

for (const golden of index.frames as readonly GoldenFrame[]) {
  const bytes = Buffer.from(golden.hex, 'hex');

  test(`golden frame ${golden.name}: is written and read as recorded`, () => {
    const decoder = new FrameDecoder();
    decoder.push(bytes);
    const frame = decoder.next();
    if (golden.message !== undefined) {
      assert.deepEqual(encodeMessage(golden.message), bytes);
      assert.ok(frame.kind === 'message');
      if (golden.from === 'worker') assert.deepEqual(parseWorkerMessage(frame.payload), golden.message);
    } else if (golden.chunk !== undefined) {
      const body = Buffer.from(golden.chunk.hex, 'hex');
      assert.deepEqual(encodeChunk(golden.chunk.id, body), bytes);
      assert.deepEqual(frame, { kind: 'chunk', id: golden.chunk.id, bytes: body });
    } else if (golden.answer !== undefined) {
      const { hex, ...head } = golden.answer;
      assert.ok(frame.kind === 'answer');
      const body = { kind: 'bytes', bytes: Buffer.from(hex, 'hex') };
      assert.deepEqual(new AnswerReader().read(frame.payload), { type: 'result', ...head, body });
    } else if (golden.fault === 'frame') {
      assert.equal(frame.kind, 'fault');
    } else {
      assert.ok(frame.kind === 'message' || frame.kind === 'answer');
      const parsed =
        frame.kind === 'answer' ? new AnswerReader().read(frame.payload) : parseWorkerMessage(frame.payload);
      assert.equal(parsed.type, golden.fault === 'result' ? 'invalid_result' : 'fault');
    }
  });
}

test('golden frames: there are good and bad ones from either side', () => {
  for (const from of ['gateway', 'worker']) {
    const mine = index.frames.filter((golden) => golden.from === from);
    assert.ok(mine.some((golden) => 'fault' in golden) && mine.some((golden) => 'message' in golden));
  }
});
