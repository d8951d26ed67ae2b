// What a handler's result becomes (contract/invocation.md 9): the same value, written as JSON and returned by each language,
// must reach the client as the same answer.
import assert from 'node:assert/strict';
import type { Answer } from '../../integration/support/http.ts';
import type { GatewayPromise } from './promise.ts';

const plain = 'text/plain; charset=utf-8';
const html = 'text/html; charset=utf-8';
const json = 'application/json';
const octets = 'application/octet-stream';
const badStatus = 'status must be a valid HTTP code';

interface Expected {
  readonly status?: number;
  /** null: none. */
  readonly type?: string | null;
  readonly body?: string | Buffer;
  /** The handler's failure with these words. */
  readonly error?: string;
  readonly check?: (answer: Answer) => void;
}

const rows: readonly (readonly [promise: string, value: string, expected: Expected])[] = [
  ['an empty text is an empty 200', '""', { type: null, body: '' }],
  ['a number is text', '42', { type: plain, body: '42' }],
  ['a truth is text', 'true', { type: plain, body: 'true' }],
  ['a text is text', '"hi"', { type: plain, body: 'hi' }],
  ['HTML is seen', '"<html>"', { type: html, body: '<html>' }],
  ['a list is JSON', '[1,"a"]', { type: json, body: '[1,"a"]' }],
  ['an object is JSON, its characters kept', '{"a":"é"}', { type: json, body: '{"a":"é"}' }],
  ['status 99 is an error', '{"status":99}', { error: badStatus }],
  ['status 600 is an error', '{"status":600}', { error: badStatus }],
  ['status 200.5 is an error', '{"status":200.5}', { error: badStatus }],
  ['statusCode and a status of text count', '{"statusCode":"201"}', { status: 201, body: '' }],
  ['a word as status is data', '{"status":"active"}', { type: json, body: '{"status":"active"}' }],
  ['a word as status beside a body is an error', '{"status":"active","body":"x"}', { error: badStatus }],
  [
    'no HTTP status beside other keys is data',
    '{"status":1,"name":"x"}',
    { check: (answer) => assert.deepEqual(answer.json(), { status: 1, name: 'x' }) },
  ],
  [
    'headers that are a list are an error',
    '{"headers":["a"],"body":""}',
    { error: 'headers must be an object' },
  ],
  [
    'several lines of one header',
    '{"headers":{"Set-Cookie":["a=1","b=2"]},"body":"x"}',
    { check: ({ headers }) => assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']) },
  ],
  [
    'a number and a truth as header are text, null is left out',
    '{"headers":{"X-A":null,"X-B":5,"X-C":true},"body":"x"}',
    {
      body: 'x',
      check: ({ headers }) =>
        assert.deepEqual([headers['x-a'], headers['x-b'], headers['x-c']], [undefined, '5', 'true']),
    },
  ],
  [
    'a header that would split the answer never does',
    '{"headers":{"X-A":"a\\r\\nX-B: b"},"body":"x"}',
    {
      status: 500,
      check: ({ headers }) => assert.equal(headers['x-b'], undefined),
    },
  ],
  [
    'a text of a binary type keeps its bytes and its type',
    '{"headers":{"Content-Type":"image/png"},"body":"abc"}',
    { type: 'image/png', body: 'abc' },
  ],
  [
    'rows of a CSV type are CSV',
    '{"headers":{"Content-Type":"text/csv"},"body":[["a","b"],["1","x,\\"y"]]}',
    { type: 'text/csv', body: 'a,b\n1,"x,""y"' },
  ],
  ['base64 is decoded', '{"is_base64":true,"body_base64":"/wCA"}', { body: Buffer.from([255, 0, 128]) }],
  [
    'isBase64Encoded beside a body counts',
    '{"isBase64Encoded":true,"body":"/wCA"}',
    { body: Buffer.from([255, 0, 128]) },
  ],
  ['an empty binary body is allowed', '{"is_base64":true,"body_base64":""}', { body: '' }],
  [
    'what is no base64 is a bad answer',
    '{"is_base64":true,"body_base64":"!!"}',
    {
      status: 502,
      check: (answer) => assert.equal(answer.json().error, 'invalid runtime response: invalid body_base64'),
    },
  ],
  [
    'an object as body is JSON',
    '{"status":201,"body":{"a":[1]}}',
    { status: 201, type: json, body: '{"a":[1]}' },
  ],
  ['null as body is empty', '{"status":404,"body":null}', { status: 404, body: '' }],
  ['204 has no body', '{"status":204,"body":"x"}', { status: 204, body: '' }],
  [
    'headers that belong to the connection are dropped',
    '{"headers":{"Connection":"x-a","Transfer-Encoding":"chunked","Content-Length":"1","X-A":"b"},"body":"hello"}',
    {
      body: 'hello',
      check: ({ headers }) => assert.deepEqual([headers['x-a'], headers['content-length']], [undefined, '5']),
    },
  ],
  [
    'a proxy directive needs leave',
    '{"proxy":{"path":"/x"}}',
    {
      status: 502,
      check: (answer) => assert.equal(answer.json().error, 'edge proxy disabled for this function'),
    },
  ],
];

function compare(expected: Expected, answer: Answer): void {
  if (expected.error !== undefined) {
    assert.deepEqual([answer.status, answer.json().error], [500, expected.error]);
    return;
  }
  assert.equal(answer.status, expected.status ?? 200, answer.text);
  if (expected.type !== undefined) assert.equal(answer.headers['content-type'] ?? null, expected.type);
  if (expected.body !== undefined) assert.deepEqual(answer.bytes, Buffer.from(expected.body));
  expected.check?.(answer);
}

export const resultPromises: readonly GatewayPromise[] = [
  ...rows.map(([promise, value, expected]) => ({
    promise,
    check: async (subject: Parameters<GatewayPromise['check']>[0]) =>
      compare(expected, await subject.returns(value)),
  })),
  {
    promise: 'nothing is an empty 200',
    check: async (subject) => compare({ type: null, body: '' }, await subject.call('nothing')),
  },
  {
    promise: 'bytes are bytes',
    check: async (subject) =>
      compare({ type: octets, body: Buffer.from([120, 255]) }, await subject.call('bytes')),
  },
  {
    promise: 'a large text arrives whole',
    check: async (subject) => {
      const answer = await subject.call('large');
      assert.equal(answer.headers['content-type'], plain);
      assert.ok(answer.bytes.equals(Buffer.from('é'.repeat(300_000))));
    },
  },
];
