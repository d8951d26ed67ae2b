import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import index from '../../../fixtures/frames/index.json' with { type: 'json' };
import { GatewayError } from '../../../src/errors.ts';
import { WorkerConnection } from '../../../src/protocol/connection.ts';
import { encodeMessage } from '../../../src/protocol/frame-writer.ts';
import { initialWindowBytes, inlineBodyBytes, maxChunkBytes } from '../../../src/protocol/limits.ts';
import {
  closeConnections,
  connected,
  invoke,
  loadMessage,
  ready,
  settle,
} from '../../fakes/connection-subject.ts';
import { createSocketPair } from '../../fakes/socket-pair.ts';

afterEach(closeConnections);

test('connection: load is answered by ready or load_failed', async () => {
  const good = await connected();
  const answer = good.connection.load(loadMessage);
  assert.deepEqual(await good.peer.heard('load'), loadMessage);
  good.peer.ready(3);
  assert.deepEqual(await answer, { type: 'ready', concurrency: 3, runtime_version: '1.0' });

  const bad = await connected();
  const refused = bad.connection.load(loadMessage);
  bad.peer.send({ type: 'load_failed', error: 'SyntaxError', detail: 'at 1' });
  assert.equal((await refused).type, 'load_failed');
  assert.throws(() => invoke(bad), GatewayError, 'a worker that refused its function takes no invocation');
});

test('connection: a worker that ends during load rejects it as crashed', async () => {
  const subject = await connected();
  const answer = subject.connection.load(loadMessage);
  subject.peer.socket.end();
  await assert.rejects(answer, (error) => error instanceof GatewayError && error.code === 'worker_crashed');
});

test('connection: invocations interleave and answers find their callers', async () => {
  const subject = await ready();
  const calls = Array.from({ length: 10 }, (_, n) => invoke(subject, Buffer.from(`body ${n}`), { n }));
  for (const _ of calls) await subject.peer.invoked();
  const invokes = subject.peer.messages.filter((message) => message.type === 'invoke');
  for (const message of invokes.toReversed()) {
    assert.equal(message.remaining_ms, 1_000);
    assert.ok(message.body.kind === 'text');
    subject.peer.result(message.id, `${message.event.n} got ${message.body.text}`);
  }
  await Promise.all(calls.map((each) => each.done));
  for (const [n, each] of calls.entries()) assert.deepEqual(each.heard, [`result 200 ${n} got body ${n}`]);
  assert.equal(subject.connection.inflight, 0);
});

test('connection: an answer frame ends its call like a result; of an unknown call it is a fault', async () => {
  const subject = await ready();
  const { call, done, heard } = invoke(subject);
  await subject.peer.invoked();
  const { hex } = index.frames.find(({ name }) => name === 'answer_text') ?? assert.fail();
  assert.equal(call.id, 1, 'the id in the golden frame');
  subject.peer.raw(Buffer.from(hex, 'hex'));
  await done;
  assert.deepEqual(heard, ['result 200 bytes']);
  assert.equal(subject.connection.inflight, 0);
  subject.peer.raw(Buffer.from(hex, 'hex'));
  await subject.closed;
  assert.ok(subject.heard.includes('fault result for an unknown invocation'));
});

test('connection: all frames of one event-loop turn leave in one write', async () => {
  const subject = await ready();
  const arrivals: number[] = [];
  subject.peer.socket.on('data', (bytes: Buffer) => arrivals.push(bytes.length));
  for (let n = 0; n < 10; n += 1) invoke(subject);
  for (let n = 0; n < 10; n += 1) await subject.peer.invoked();
  assert.equal(arrivals.length, 1);
});

test('connection: bytes that are no text, or too long, travel as chunks and arrive whole', async () => {
  const subject = await ready();
  const binary = invoke(subject, Buffer.from([0xff, 0x00, 0x80]));
  const long = invoke(subject, Buffer.alloc(inlineBodyBytes + 1, 'a'));
  const empty = invoke(subject, Buffer.alloc(0));
  const none = invoke(subject, null);
  const kinds = [];
  for (const _ of [binary, long, empty, none]) kinds.push((await subject.peer.invoked()).body);
  assert.deepEqual(kinds, [
    { kind: 'stream', bytes: 3 },
    { kind: 'stream', bytes: inlineBodyBytes + 1 },
    { kind: 'text', text: '' },
    { kind: 'none' },
  ]);
  await settle();
  assert.deepEqual(subject.peer.body(binary.call.id), Buffer.from([0xff, 0x00, 0x80]));
  assert.equal(subject.peer.body(long.call.id).length, inlineBodyBytes + 1);
  assert.ok(subject.peer.endedBodies.has(binary.call.id) && subject.peer.endedBodies.has(long.call.id));
});

test('connection: a request body waits for the worker to return room', async () => {
  const subject = await ready();
  const body = Buffer.alloc(initialWindowBytes * 2 + 5, 0xfe);
  const { call } = invoke(subject, body);
  await subject.peer.invoked();
  await settle();
  assert.equal(subject.peer.body(call.id).length, initialWindowBytes);
  subject.peer.send({ type: 'credit', id: call.id, bytes: initialWindowBytes });
  await settle();
  assert.equal(subject.peer.body(call.id).length, initialWindowBytes * 2);
  assert.ok(!subject.peer.endedBodies.has(call.id));
  subject.peer.send({ type: 'credit', id: call.id, bytes: 5 });
  await settle();
  assert.deepEqual(subject.peer.body(call.id), body);
  assert.ok(subject.peer.endedBodies.has(call.id));
});

test('connection: a slow consumer stalls its own stream and nobody else', async () => {
  const subject = await ready();
  const slow = invoke(subject);
  const quick = invoke(subject);
  const { peer } = subject;
  peer.send({
    type: 'result',
    id: slow.call.id,
    status: 200,
    headers: {},
    body: { kind: 'stream', bytes: null },
  });
  for (let sent = 0; sent < initialWindowBytes; sent += maxChunkBytes) {
    peer.chunk(slow.call.id, Buffer.alloc(maxChunkBytes));
  }
  peer.result(quick.call.id);
  await quick.done;
  assert.ok(!peer.messages.some((message) => message.type === 'credit'), 'no room before it is used');
  slow.call.consumed(1);
  await settle();
  assert.ok(!peer.messages.some((message) => message.type === 'credit'), 'room comes back in steps');
  slow.call.consumed(maxChunkBytes - 1);
  const credit = await peer.heard('credit');
  assert.deepEqual(credit, { type: 'credit', id: slow.call.id, bytes: maxChunkBytes });
  peer.chunk(slow.call.id, Buffer.alloc(maxChunkBytes));
  peer.chunk(slow.call.id, Buffer.alloc(0));
  await slow.done;
  assert.equal(Buffer.concat(slow.chunks).length, initialWindowBytes + maxChunkBytes);
  assert.deepEqual(slow.heard, ['result 200 stream', 'bodyEnd']);
});

test('connection: output goes to its call while it runs and to the owner otherwise', async () => {
  const subject = await ready();
  const { call, heard, done } = invoke(subject);
  const say = (id: number, text: string) => subject.peer.send({ type: 'log', id, stream: 'stdout', text });
  say(call.id, 'inside');
  say(0, 'top level');
  subject.peer.result(call.id);
  say(call.id, 'late');
  await done;
  await settle();
  assert.deepEqual(heard, ['log inside', 'result 200 ok']);
  assert.deepEqual(subject.heard, ['log 0 top level', `log ${call.id} late`]);
});

test('connection: a cancelled call hears nothing more but what is printed, and its late frames are no fault', async () => {
  const subject = await ready();
  const { call, heard } = invoke(subject);
  const ended = Promise.withResolvers<void>();
  call.cancel('deadline');
  call.whenEnded(ended.resolve);
  assert.deepEqual(await subject.peer.heard('cancel'), { type: 'cancel', id: call.id, reason: 'deadline' });
  const { peer } = subject;
  peer.send({ type: 'log', id: call.id, stream: 'stderr', text: 'bye' });
  peer.send({ type: 'result', id: call.id, status: 200, headers: {}, body: { kind: 'stream', bytes: null } });
  // More than a window: a worker that does not heed the cancel is not stuck, so that it can end.
  for (let n = 0; n < 4; n += 1) peer.chunk(call.id, Buffer.alloc(maxChunkBytes));
  await peer.heard('credit');
  peer.chunk(call.id, Buffer.alloc(maxChunkBytes));
  assert.equal(call.ended, false);
  peer.chunk(call.id, Buffer.alloc(0));
  await ended.promise;
  assert.deepEqual(heard, ['log bye']);
  assert.deepEqual(subject.heard, []);
  assert.equal(subject.connection.inflight, 0);
});

test('connection: cancelling mid-stream frees the room that the caller held', async () => {
  const subject = await ready();
  const { call } = invoke(subject);
  const { peer } = subject;
  peer.send({ type: 'result', id: call.id, status: 200, headers: {}, body: { kind: 'stream', bytes: null } });
  for (let n = 0; n < 4; n += 1) peer.chunk(call.id, Buffer.alloc(maxChunkBytes));
  await settle();
  call.cancel('client_closed');
  assert.equal((await peer.heard('credit')).bytes, initialWindowBytes);
  peer.send({ type: 'error', id: call.id, error: 'aborted', detail: '' });
  await settle();
  assert.equal(call.ended, true);
  assert.deepEqual(subject.heard, []);
});

test('connection: an error after a result breaks its stream off', async () => {
  const subject = await ready();
  const { call, heard, done } = invoke(subject);
  subject.peer.send({
    type: 'result',
    id: call.id,
    status: 200,
    headers: {},
    body: { kind: 'stream', bytes: 9 },
  });
  subject.peer.send({ type: 'error', id: call.id, error: 'disk on fire', detail: '' });
  await done;
  assert.deepEqual(heard, ['result 200 stream', 'error disk on fire']);
  assert.equal(call.ended, true);
});

test('connection: a result that cannot be sent costs its own invocation only', async () => {
  const subject = await ready();
  const bad = invoke(subject);
  const good = invoke(subject);
  subject.peer.send({ type: 'result', id: bad.call.id, status: 99, headers: {}, body: { kind: 'none' } });
  subject.peer.result(good.call.id);
  await good.done;
  assert.deepEqual(bad.heard, ['lost bad_worker_reply']);
  assert.deepEqual(good.heard, ['result 200 ok']);
  assert.equal(subject.connection.closed, false);
});

test('connection: end of file and reset lose the calls as crashed, without a fault', async () => {
  const clean = await ready();
  const lostByEnd = invoke(clean);
  clean.peer.socket.end();
  await lostByEnd.done;
  assert.deepEqual(lostByEnd.heard, ['lost worker_crashed']);
  assert.deepEqual(clean.heard, ['closed worker_crashed']);

  const reset = await ready();
  const lostByReset = invoke(reset);
  reset.peer.raw(Buffer.from([0, 0]));
  reset.pair.worker.destroy();
  await lostByReset.done;
  assert.deepEqual(reset.heard, ['closed worker_crashed']);
  assert.equal(await reset.connection.ping(), false);
  assert.throws(() => invoke(reset), GatewayError);
});

test('connection: a credit for an invocation that has ended is ignored on purpose', async () => {
  const subject = await ready();
  const { call, done } = invoke(subject);
  subject.peer.result(call.id);
  subject.peer.send({ type: 'credit', id: call.id, bytes: 10 });
  await done;
  await settle();
  assert.deepEqual(subject.heard, []);
});

test('connection: pings are answered by their number, also when several are under way', async () => {
  const subject = await ready();
  const first = subject.connection.ping();
  const second = subject.connection.ping();
  const numbers = [(await subject.peer.heard('ping')).n, (await subject.peer.heard('ping')).n];
  subject.peer.send({ type: 'pong', n: numbers[1] ?? 0 });
  assert.equal(await second, true);
  subject.connection.destroy();
  assert.equal(await first, false);
});

test('connection: an event too large for a frame is refused with 413 and nothing is sent', async () => {
  const subject = await ready();
  assert.throws(
    () => invoke(subject, null, { blob: 'x'.repeat(3_000_000) }),
    (error) => error instanceof GatewayError && error.code === 'payload_too_large',
  );
  assert.equal(subject.connection.inflight, 0);
  const next = invoke(subject);
  subject.peer.result((await subject.peer.invoked()).id);
  await next.done;
});

test('connection: close sends what is queued, then the end of file', async () => {
  const subject = await ready();
  const { call } = invoke(subject);
  call.cancel('client_closed');
  subject.connection.close();
  await once(subject.peer.socket, 'end');
  assert.deepEqual(
    subject.peer.messages.map((message) => message.type),
    ['load', 'invoke', 'cancel'],
  );
  assert.throws(() => invoke(subject), GatewayError);
});

test('connection: bytes read before the connection was made are not lost', async () => {
  const pair = await createSocketPair();
  const texts: string[] = [];
  const early = encodeMessage({ type: 'log', id: 0, stream: 'stdout', text: 'early' });
  new WorkerConnection(
    pair.gateway,
    { log: (message) => texts.push(message.text), fault: assert.fail, closed: () => {} },
    early,
  );
  pair.close();
  assert.deepEqual(texts, ['early']);
});
