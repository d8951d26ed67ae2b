import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { encodeChunk, encodeMessage } from '../../../src/protocol/frame-writer.ts';
import { maxChunkBytes } from '../../../src/protocol/limits.ts';
import { closeConnections, invoke, ready } from '../../fakes/connection-subject.ts';

afterEach(closeConnections);

const violations: Record<string, (id: number) => Buffer[]> = {
  'a length of 0': () => [Buffer.alloc(4)],
  'a length over the maximum': () => [Buffer.from([0x7f, 0, 0, 0])],
  'a payload of no kind': () => [Buffer.from([0, 0, 0, 1, 0x41])],
  'bad JSON': () => [Buffer.from([0, 0, 0, 2, 0x7b, 0x7b])],
  'a result for an unknown invocation': () => [encodeMessage({ type: 'result', id: 77, status: 200 })],
  'an error for an unknown invocation': () => [encodeMessage({ type: 'error', id: 77, error: 'x' })],
  'a chunk for an unknown invocation': () => [encodeChunk(77, Buffer.from('x'))],
  'a chunk before its result': (id) => [encodeChunk(id, Buffer.from('x'))],
  'two results': (id) => [
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'none' } }),
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'none' } }),
  ],
  'a result inside a stream': (id) => [
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'stream', bytes: null } }),
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'none' } }),
  ],
  'chunks beyond credit': (id) => [
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'stream', bytes: null } }),
    ...Array.from({ length: 5 }, () => encodeChunk(id, Buffer.alloc(maxChunkBytes))),
  ],
  'a body longer than announced': (id) => [
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'stream', bytes: 1 } }),
    encodeChunk(id, Buffer.from('xy')),
  ],
  'a body shorter than announced': (id) => [
    encodeMessage({ type: 'result', id, status: 200, body: { kind: 'stream', bytes: 2 } }),
    encodeChunk(id, Buffer.from('x')),
    encodeChunk(id, Buffer.alloc(0)),
  ],
  'ready twice': () => [encodeMessage({ type: 'ready', concurrency: 1, runtime_version: '1' })],
  'a pong that nobody asked for': () => [encodeMessage({ type: 'pong', n: 5 })],
};

for (const [name, frames] of Object.entries(violations)) {
  test(`connection: ${name} cuts the worker off once, and every call is lost`, async () => {
    const subject = await ready();
    const first = invoke(subject);
    const second = invoke(subject);
    for (const frame of frames(first.call.id)) subject.peer.raw(frame);
    // What follows a fault in the same write is not believed either.
    subject.peer.result(second.call.id);
    assert.equal((await subject.closed).code, 'bad_worker_reply');
    assert.equal(second.heard.at(-1), 'lost bad_worker_reply');
    assert.ok(['lost bad_worker_reply', 'result 200 none'].includes(first.heard.at(-1) ?? ''));
    assert.equal(subject.heard.length, 2);
    assert.match(subject.heard[0] ?? '', /^fault /);
    assert.equal(subject.connection.inflight, 0);
    await subject.peer.ended;
  });
}
