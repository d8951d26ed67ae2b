import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  inlineBodyBytes,
  maxErrorTextBytes,
  maxHeaderBytes,
  maxLogTextBytes,
  maxResultHeaders,
} from '../../../src/protocol/limits.ts';
import { checkWorkerMessage, parseWorkerMessage } from '../../../src/protocol/worker-message.ts';

const result = { type: 'result', id: 1, status: 200, headers: {}, body: { kind: 'none' } };

function typeOf(over: object): string {
  return checkWorkerMessage({ ...result, ...over }).type;
}

test('worker message: any JSON is a message or a fault, never an exception', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('result', 'log', 'credit', 'error', 'ready', 'pong'),
      (value, type) => {
        checkWorkerMessage(value);
        if (typeof value === 'object') checkWorkerMessage({ ...value, type });
      },
    ),
  );
});

test('worker message: any bytes are a message or a fault, never an exception', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => parseWorkerMessage(Buffer.from(bytes)).type === 'fault'));
});

test('worker message: a text body may be as long as its maximum in bytes and no longer', () => {
  const text = (count: number, unit: string) => typeOf({ body: { kind: 'text', text: unit.repeat(count) } });
  assert.equal(text(inlineBodyBytes, 'a'), 'result');
  assert.equal(text(inlineBodyBytes + 1, 'a'), 'fault');
  assert.equal(text(inlineBodyBytes / 2, 'é'), 'result');
  assert.equal(text(inlineBodyBytes / 2 + 1, 'é'), 'fault');
});

test('worker message: header lines are counted one by one, also inside an array', () => {
  assert.equal(typeOf({ headers: { a: Array(maxResultHeaders).fill('x') } }), 'result');
  assert.equal(typeOf({ headers: { a: Array(maxResultHeaders).fill('x'), b: 'y' } }), 'invalid_result');
});

test('worker message: header bytes are bounded in one line and in all', () => {
  assert.equal(typeOf({ headers: { a: 'x'.repeat(maxHeaderBytes - 1) } }), 'result');
  assert.equal(typeOf({ headers: { a: 'x'.repeat(maxHeaderBytes) } }), 'invalid_result');
  assert.equal(typeOf({ headers: { a: Array(5).fill('x'.repeat(16_000)) } }), 'invalid_result');
});

test('worker message: names and values that node:http could not send cost the invocation', () => {
  for (const headers of [
    { '': 'x' },
    { 'a:b': 'x' },
    { é: 'x' },
    { a: '\0' },
    { a: 'x\ny' },
    { a: '✓' },
    { a: [1] },
  ]) {
    assert.equal(typeOf({ headers }), 'invalid_result', JSON.stringify(headers));
  }
  assert.equal(typeOf({ headers: JSON.parse('{"__proto__":["x"]}') }), 'invalid_result');
  assert.equal(typeOf({ headers: { 'x-a': 'Zo\xeb\ttab' } }), 'result');
});

test('worker message: absent or null headers, body and proxy are accepted as none', () => {
  const expected = { type: 'result', id: 1, status: 200, headers: {}, body: { kind: 'none' } };
  assert.deepEqual(checkWorkerMessage({ type: 'result', id: 1, status: 200 }), expected);
  assert.deepEqual(checkWorkerMessage({ ...result, headers: null, body: null, proxy: null }), expected);
});

test('worker message: what is not named in the protocol does not come through', () => {
  const parsed = checkWorkerMessage({ ...result, extra: 1, body: { kind: 'text', text: 'x', extra: 2 } });
  assert.deepEqual(parsed, { ...result, body: { kind: 'text', text: 'x' } });
});

test('worker message: long texts for people are shortened, not refused', () => {
  const error = checkWorkerMessage({
    type: 'error',
    id: 1,
    error: '€'.repeat(maxErrorTextBytes),
    detail: 'd',
  });
  assert.ok(error.type === 'error');
  assert.ok(Buffer.byteLength(error.error) <= maxErrorTextBytes + 2);
  assert.ok(error.error.startsWith('€€'));
  const log = checkWorkerMessage({
    type: 'log',
    id: 0,
    stream: 'stdout',
    text: 'x'.repeat(maxLogTextBytes * 2),
  });
  assert.ok(log.type === 'log');
  assert.equal(log.text.length, maxLogTextBytes);
});
