import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkStatus, replyHeaders } from '../../../src/invocation/result.ts';

describe('reply headers', () => {
  test('framing, hop-by-hop and what Connection lists are dropped', () => {
    const headers = replyHeaders(
      {
        'Content-Length': '1',
        'Transfer-Encoding': 'chunked',
        Connection: 'X-Gone, close',
        'X-Gone': '1',
        'Keep-Alive': 'timeout=5',
        Upgrade: 'h2c',
        Trailer: 'x',
        TE: 'x',
        'X-Kept': '2',
      },
      null,
    );
    assert.deepEqual(headers, { 'x-kept': '2' });
  });

  test('numbers and booleans become text, lists stay lines, null is left out', () => {
    const headers = replyHeaders({ a: 1, b: true, c: ['x', 2, null], d: null, e: [], f: {} }, null);
    assert.deepEqual(headers, { a: '1', b: 'true', c: ['x', '2'] });
  });

  test('two spellings of one name are both sent', () => {
    assert.deepEqual(replyHeaders({ 'Set-Cookie': 'a=1', 'set-cookie': ['b=2', 'c=3'] }, null), {
      'set-cookie': ['a=1', 'b=2', 'c=3'],
    });
  });

  test('the content type is a default only', () => {
    assert.deepEqual(replyHeaders({}, 'text/plain'), { 'content-type': 'text/plain' });
    assert.deepEqual(replyHeaders({ 'Content-Type': 'a/b' }, 'text/plain'), { 'content-type': 'a/b' });
  });

  test("a function cannot speak in the gateway's name", () => {
    assert.deepEqual(replyHeaders({ 'X-FastFN-Function-State': 'warm' }, null), {});
  });

  test('whatever a worker sends, node:http can send what is left, in one line', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.constant(null),
      fc.array(fc.string({ unit: 'binary' })),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), value), (given) => {
        for (const [name, lines] of Object.entries(replyHeaders(given, null))) {
          validateHeaderName(name);
          for (const line of [lines].flat()) validateHeaderValue(name, line);
        }
      }),
    );
  });
});

test('only 200 to 599 can end a request', () => {
  assert.equal(checkStatus(200), 200);
  assert.equal(checkStatus(599), 599);
  for (const status of [0, 100, 199, 600, 200.5, Number.NaN]) {
    assert.throws(() => checkStatus(status), { code: 'bad_worker_reply' });
  }
});
