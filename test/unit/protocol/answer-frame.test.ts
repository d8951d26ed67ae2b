import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerReader, answerPrefixBytes } from '../../../src/protocol/answer-frame.ts';
import { inlineBodyBytes, maxResultHeaders } from '../../../src/protocol/limits.ts';

interface Written {
  readonly id?: number;
  readonly status?: number;
  readonly headers?: unknown;
  readonly body?: Buffer;
}

function payload({ id = 1, status = 200, headers = {}, body = Buffer.alloc(0) }: Written): Buffer {
  const block = Buffer.from(JSON.stringify(headers));
  const head = Buffer.alloc(answerPrefixBytes, 2);
  head.writeUInt32BE(id, 1);
  head.writeUInt16BE(status, 5);
  head.writeUInt32BE(block.length, 7);
  return Buffer.concat([head, block, body]);
}

test('answer frame: a header block seen before is taken for what it was', () => {
  const reader = new AnswerReader();
  const headers = { 'content-type': 'text/plain' };
  const first = reader.read(payload({ id: 1, headers, body: Buffer.from('one') }));
  const second = reader.read(payload({ id: 2, status: 201, headers, body: Buffer.from('two') }));
  assert.ok(first.type === 'result' && second.type === 'result');
  assert.equal(second.headers, first.headers, 'one object for both');
  assert.ok(Object.isFrozen(first.headers), 'no result may change what others share');
  assert.deepEqual(
    [second.id, second.status, second.body],
    [2, 201, { kind: 'bytes', bytes: Buffer.from('two') }],
  );
});

test('answer frame: headers that cannot be sent are refused each time', () => {
  const reader = new AnswerReader();
  const headers = { 'x y': '1' };
  for (const id of [1, 2]) {
    const read = reader.read(payload({ id, headers }));
    assert.deepEqual(
      [read.type, 'reason' in read && read.reason],
      ['invalid_result', 'header name is no token'],
    );
  }
});

test('answer frame: headers that never repeat do not fill the memory', () => {
  const reader = new AnswerReader();
  const first = reader.read(payload({ headers: { n: '0' } }));
  for (let n = 1; n <= 100; n++) reader.read(payload({ headers: { n: String(n) } }));
  const again = reader.read(payload({ headers: { n: '0' } }));
  assert.ok(first.type === 'result' && again.type === 'result');
  assert.deepEqual(again.headers, { n: '0' });
  assert.notEqual(again.headers, first.headers, 'the first has been forgotten');
});

test('answer frame: long blocks are read, and not remembered', () => {
  const reader = new AnswerReader();
  const headers = { cookie: 'c'.repeat(600) };
  const [first, second] = [reader.read(payload({ headers })), reader.read(payload({ headers }))];
  assert.ok(first.type === 'result' && second.type === 'result');
  assert.deepEqual(second.headers, headers);
  assert.notEqual(second.headers, first.headers);
});

test('answer frame: the limits of a result hold', () => {
  const reader = new AnswerReader();
  const most = reader.read(payload({ body: Buffer.alloc(inlineBodyBytes) }));
  assert.equal(most.type, 'result');
  assert.equal(reader.read(payload({ body: Buffer.alloc(inlineBodyBytes + 1) })).type, 'fault');
  const lines = Array.from({ length: maxResultHeaders + 1 }, () => 'x');
  assert.equal(reader.read(payload({ headers: { lines } })).type, 'invalid_result');
  const long = reader.read(payload({ headers: { a: 'x'.repeat(70_000) } }));
  assert.ok(long.type === 'fault' && long.reason.includes('header block of'));
});

test('answer frame: names that JavaScript knows are no way into the gateway', () => {
  const reader = new AnswerReader();
  const block = Buffer.from('{"__proto__":"x"}');
  const whole = Buffer.concat([payload({}).subarray(0, answerPrefixBytes), block]);
  whole.writeUInt32BE(block.length, 7);
  assert.equal(reader.read(whole).type, 'invalid_result');
});
