// How a worker speaks on its socket: frames, credit, cancel, and what it does about a gateway that talks nonsense or goes away.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { initialWindowBytes, maxFrameBytes } from '../../../src/protocol/limits.ts';
import { encodeFrame, encodeMessage, sampleEvent, type WorkerProcess } from '../harness.ts';
import type { WirePromise } from './promise.ts';

const forCase = (name: string, query: Record<string, string> = {}) => ({
  event: { query: { case: name, ...query }, params: { word: '7' } },
});

async function answers(worker: WorkerProcess): Promise<void> {
  const answer = await worker.invoke(forCase('returns', { value: '"on"' }));
  assert.deepEqual([answer.error, answer.body.toString()], [null, 'on']);
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const nonsense: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a frame without bytes', u32(0)],
  ['a frame over the maximum', u32(maxFrameBytes + 1)],
  ['a payload of no known kind', encodeFrame(Buffer.from('x'))],
  ['a message that is no JSON', encodeFrame(Buffer.from('{"type":'))],
];

export const wirePromises: readonly WirePromise[] = [
  {
    promise: 'a frame may come byte by byte',
    wire: async (worker) => {
      const answer = worker.expect(900);
      const { event: asked } = forCase('returns', { value: '"slow"' });
      const event = sampleEvent(asked);
      const frame = encodeMessage({
        type: 'invoke',
        id: 900,
        remaining_ms: 5000,
        event,
        body: { kind: 'none' },
      });
      for (const byte of frame) worker.sendRaw(Buffer.from([byte]));
      assert.equal((await answer).body.toString(), 'slow');
    },
  },
  {
    promise: 'a ping is answered between calls',
    wire: async (worker) => {
      worker.send({ type: 'ping', n: 77 });
      await worker.waitFor((message) => message.type === 'pong' && message.n === 77);
      await answers(worker);
    },
  },
  {
    promise: 'an answer does not wait for the call that came with its own',
    wire: async (worker) => {
      const quick = worker.expect(901);
      let slowEnded = false;
      const slow = worker.expect(902).then(() => {
        slowEnded = true;
      });
      const calls = [
        [901, forCase('returns', { value: '"quick"' })],
        [902, forCase('sleeps', { ms: '300' })],
      ] as const;
      const frames = calls.map(([id, { event }]) =>
        encodeMessage({
          type: 'invoke',
          id,
          remaining_ms: 5000,
          event: sampleEvent(event),
          body: { kind: 'none' },
        }),
      );
      worker.sendRaw(Buffer.concat(frames));
      assert.equal((await quick).body.toString(), 'quick');
      assert.equal(slowEnded, false);
      await slow;
    },
  },
  {
    promise: 'what comes for a call that has ended is nobody’s',
    wire: async (worker) => {
      await answers(worker);
      worker.send({ type: 'cancel', id: 1, reason: 'deadline' });
      worker.send({ type: 'credit', id: 1, bytes: 10 });
      worker.sendChunk(1, Buffer.from('late'));
      worker.sendChunk(1, Buffer.alloc(0));
      await answers(worker);
    },
  },
  {
    promise: 'an answer stops at its credit, and a cancel ends it, once',
    wire: async (worker) => {
      worker.grantCredit = false;
      const { id, answer } = worker.begin(forCase('megabytes', { count: '8' }));
      while (worker.bufferedBytes(id) < initialWindowBytes) await sleep(5);
      await sleep(60);
      assert.equal(worker.bufferedBytes(id), initialWindowBytes);
      worker.send({ type: 'cancel', id, reason: 'client_closed' });
      // A second end would make the harness throw.
      assert.notEqual((await answer).error, null);
      worker.grantCredit = true;
      await answers(worker);
    },
  },
  {
    promise: 'a body of chunks is waited for, and credit is given back',
    wire: async (worker) => {
      const answer = await worker.invoke({ ...forCase('mirror'), body: Buffer.alloc(600_000, 0xfe) });
      assert.ok(answer.body.equals(Buffer.alloc(600_000, 0xfe)));
      const granted = worker.messages.reduce(
        (sum, each) => sum + (each.type === 'credit' ? each.bytes : 0),
        0,
      );
      assert.ok(granted >= 600_000 - initialWindowBytes, String(granted));
    },
  },
  ...nonsense.map(([what, bytes]) => ({
    promise: `${what} ends the worker`,
    wire: async (worker: WorkerProcess) => {
      worker.sendRaw(bytes);
      const status = await worker.exited;
      assert.notEqual(status, 'SIGKILL');
    },
  })),
  {
    promise: 'the end of the connection is the end of the worker',
    wire: async (worker) => {
      await answers(worker);
      assert.equal(await worker.close(), 0);
    },
  },
];
