// Promise -> program -> expectation: what a Node handler may return (contract/invocation.md 9.1).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Answer } from '../harness.ts';
import { WorkerProcess } from '../harness.ts';
import { behaviourEntry, nodeProgram } from './node-worker.ts';

interface Expectation {
  readonly status?: number;
  /** The whole set of headers. */
  readonly headers?: Answer['headers'];
  readonly body?: string | Buffer;
  readonly error?: string | RegExp;
  readonly proxy?: Answer['proxy'];
}

const json = { 'content-type': 'application/json' };
const plain = { 'content-type': 'text/plain; charset=utf-8' };
const html = { 'content-type': 'text/html; charset=utf-8' };
const octets = { 'content-type': 'application/octet-stream' };
const csv = { 'content-type': 'text/csv' };
const threeBytes = Buffer.from([0xff, 0x00, 0x80]);

const rows: readonly [promise: string, name: string, expected: Expectation][] = [
  ['undefined is an empty 200', 'nothing', { headers: {}, body: '' }],
  ['null is an empty 200', 'null', { headers: {}, body: '' }],
  ['an empty string is an empty 200', 'empty', { headers: {}, body: '' }],
  ['a number is text', 'number', { headers: plain, body: '42' }],
  ['a boolean is text', 'boolean', { headers: plain, body: 'false' }],
  ['a function is its source as text', 'function', { headers: plain, body: 'function named() {}' }],
  ['a string is plain text', 'text', { headers: plain, body: 'plain words' }],
  ['a string that starts with <html is HTML', 'html', { headers: html, body: '<html><p>hi</p></html>' }],
  ['a doctype in capitals after spaces is HTML', 'doctype', { headers: html }],
  ['a Buffer is octets', 'buffer', { headers: octets, body: threeBytes }],
  ['an array is JSON', 'array', { headers: json, body: '[1]' }],
  ['an object is JSON', 'object', { headers: json, body: '{"a":1}' }],
  ['a Date is its JSON text and a Map is {}', 'date', { body: '["1970-01-01T00:00:00.000Z",{}]' }],
  ['a long text arrives whole', 'big', { headers: {}, body: 'ä'.repeat(100_000) }],
  [
    'bytes beyond the credit window arrive whole',
    'bytes',
    { headers: { 'Content-Type': 'image/png' }, body: Buffer.alloc(300_000, 7) },
  ],
  [
    'a Response gives its status, headers and body',
    'response',
    { status: 201, headers: { 'content-type': 'text/plain;charset=UTF-8', 'x-a': '1' }, body: 'x' },
  ],
  [
    'two cookies of a Response stay two',
    'response-cookies',
    {
      headers: {
        'content-type': 'text/plain;charset=UTF-8',
        'set-cookie': ['a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'b=2'],
      },
    },
  ],
  [
    'a binary Response keeps its bytes',
    'response-binary',
    { headers: { 'content-type': 'image/png' }, body: Buffer.from([1, 0xff]) },
  ],
  ['a Response without a body is empty', 'response-empty', { status: 204, headers: {}, body: '' }],
  ['status 99 is refused', 'status99', { error: 'status must be a valid HTTP code' }],
  ['status 600 is refused', 'status600', { error: 'status must be a valid HTTP code' }],
  ['a fraction is no status', 'status-fraction', { error: 'status must be a valid HTTP code' }],
  ['a status may be text', 'status-text', { status: 201, body: '' }],
  ['a status that is a word is data', 'status-data', { headers: json, body: '{"status":"active"}' }],
  ['a low status beside other keys is data', 'status-data-number', { body: '{"status":1,"name":"x"}' }],
  ['a word beside a body is refused', 'status-word-body', { error: 'status must be a valid HTTP code' }],
  ['a header may have several lines', 'cookies', { headers: { 'Set-Cookie': ['a=1', 'b=2'] }, body: '' }],
  [
    'header values become text and null is left out',
    'header-kinds',
    { headers: { 'x-number': '5', 'x-true': 'true', 'x-list': ['1', 'b'] } },
  ],
  ['headers as an array are refused', 'headers-array', { error: 'headers must be an object' }],
  ['headers as text are refused', 'headers-text', { error: 'headers must be an object' }],
  ['a header value cannot start another line', 'header-crlf', { error: /cannot send header x-a/ }],
  ['a header name is a token', 'header-name', { error: /cannot send a header named "x a"/ }],
  [
    'text with a binary type keeps bytes and type',
    'png',
    { headers: { 'Content-Type': 'image/png' }, body: 'abc' },
  ],
  [
    'CSV of objects has a header row',
    'csv-objects',
    { headers: { 'Content-Type': 'text/csv' }, body: 'a,b\n1,"x,y"' },
  ],
  [
    'CSV of rows is quoted where needed',
    'csv-rows',
    { headers: csv, body: '"a""b",,"{""c"":1}"\n2,"x\ny",' },
  ],
  ['CSV of scalars has a cell a line', 'csv-cells', { body: '1\ntwo' }],
  ['CSV of one object is two lines', 'csv-one', { body: 'a\n1' }],
  ['CSV of nothing is empty', 'csv-empty', { headers: csv, body: '' }],
  ['base64 is decoded', 'base64', { headers: {}, body: threeBytes }],
  ["base64 in Lambda's spelling is decoded", 'base64-lambda', { body: threeBytes }],
  ['an empty binary body is allowed', 'base64-empty', { body: '' }],
  [
    'base64 without content is refused',
    'base64-missing',
    { error: 'body_base64 must be a non-empty string when is_base64=true' },
  ],
  ['what is no base64 is refused', 'base64-bad', { error: 'invalid body_base64' }],
  ['an object as body is JSON', 'body-object', { status: 202, headers: json, body: '{"a":1}' }],
  ['a Buffer as body is octets', 'body-buffer', { headers: octets, body: Buffer.from([0xff]) }],
  ['null as body is empty', 'body-null', { status: 204, headers: {}, body: '' }],
  ['a number as body is its text', 'body-number', { headers: {}, body: '7' }],
  ['text as body has no type of its own', 'body-text', { headers: {}, body: 'x' }],
  ['a proxy directive is handed on', 'proxy', { proxy: { path: '/upstream', method: 'GET' }, body: '' }],
  ['a proxy that is no object is left out', 'proxy-text', { proxy: undefined, body: 'x' }],
  ['a circular object is the handler’s failure', 'circular', { error: /circular/ }],
  ['a BigInt in JSON is the handler’s failure', 'bigint', { error: /BigInt/ }],
];

describe('results of a Node handler', () => {
  let worker: WorkerProcess;

  before(async () => {
    worker = new WorkerProcess(nodeProgram());
    await worker.load({ entry: behaviourEntry('returns') });
  });

  after(() => worker.close());

  for (const [promise, name, expected] of rows) {
    it(promise, async () => {
      const answer = await worker.invoke({ event: { query: { case: name } } });
      if (expected.error !== undefined) {
        assert.match(
          answer.error ?? '',
          expected.error instanceof RegExp ? expected.error : exactly(expected.error),
        );
        return;
      }
      assert.equal(answer.error, null);
      assert.equal(answer.status, expected.status ?? 200);
      if (expected.headers !== undefined) assert.deepEqual(answer.headers, expected.headers);
      if (expected.body !== undefined) assert.deepEqual(answer.body, Buffer.from(expected.body));
      if ('proxy' in expected) assert.deepEqual(answer.proxy, expected.proxy);
    });
  }
});

function exactly(text: string): RegExp {
  return new RegExp(`^${RegExp.escape(text)}$`);
}
