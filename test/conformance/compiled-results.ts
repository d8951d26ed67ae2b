// Promise -> case -> expectation: what a handler of a compiled language may return (contract/invocation.md 9.5, with the
// shorthand that all languages share). Each language adds the values that only it has.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type CompiledProgram, forCase } from './compiled-worker.ts';
import type { Answer, WorkerProcess } from './harness.ts';

interface Expectation {
  readonly status?: number;
  /** The whole set of headers. */
  readonly headers?: Answer['headers'];
  readonly body?: string | Buffer;
  readonly bodyKind?: Answer['bodyKind'];
  readonly error?: string | RegExp;
  readonly proxy?: Answer['proxy'];
}

export type ResultRow = readonly [promise: string, name: string, expected: Expectation];

export const json = { 'content-type': 'application/json' };
export const plain = { 'content-type': 'text/plain; charset=utf-8' };
const html = { 'content-type': 'text/html; charset=utf-8' };
export const octets = { 'content-type': 'application/octet-stream' };
export const csv = { 'content-type': 'text/csv' };
const threeBytes = Buffer.from([0xff, 0x00, 0x80]);
const badStatus = 'status must be a valid HTTP code';

const rows: readonly ResultRow[] = [
  ['nothing is an empty 200', 'nothing', { headers: {}, body: '', bodyKind: 'none' }],
  ['an empty text is an empty 200', 'empty', { headers: {}, body: '' }],
  ['a number is text', 'number', { headers: plain, body: '42' }],
  ['a fraction is text', 'fraction', { headers: plain, body: '1.5' }],
  ['a truth value is text', 'true', { headers: plain, body: 'true' }],
  ['a text is plain', 'text', { headers: plain, body: 'plain words', bodyKind: 'bytes' }],
  ['a text that starts with <html is HTML', 'html', { headers: html }],
  ['a doctype in capitals after spaces is HTML', 'doctype', { headers: html }],
  ['a text with a body tag is HTML', 'body-tag', { headers: html }],
  ['bytes are octets', 'bytes', { headers: octets, body: threeBytes, bodyKind: 'bytes' }],
  ['a list is JSON', 'list', { headers: json, body: '[1]' }],
  ['an empty list is one', 'list-empty', { headers: json, body: '[]' }],
  ['an object is JSON, compact, nothing escaped that need not be', 'map', { headers: json }],
  ['a long text arrives whole', 'big-text', { headers: {}, body: 'ä'.repeat(100_000), bodyKind: 'stream' }],
  ['status 99 is no status', 'status99', { error: badStatus }],
  ['status 600 is no status', 'status600', { error: badStatus }],
  ['statusCode may be text', 'status-text', { status: 201, headers: {}, body: '' }],
  ['a fraction is no status', 'status-fraction', { error: badStatus }],
  ['a whole number with a point is a status', 'status-whole', { status: 202, body: 'x' }],
  ['true is no status', 'status-true', { error: badStatus }],
  ['a status of null alone is data', 'status-null', { headers: json, body: '{"status":null}' }],
  ['a status in words is data', 'status-data', { headers: json, body: '{"status":"active"}' }],
  ['a status that is none beside other keys is data', 'status-data-number', { headers: json }],
  ['a status in words beside a body is a mistake', 'status-word-body', { error: badStatus }],
  ['a header may repeat', 'cookies', { headers: { 'Set-Cookie': ['a=1', 'b=2'] } }],
  [
    'header values become text, null is left out',
    'header-kinds',
    { headers: { 'x-list': ['1', 'b'], 'x-number': '5', 'x-true': 'true' } },
  ],
  ['a wide character cannot be sent in a header', 'header-wide', { error: /^cannot send header x-a: / }],
  ['a list is no set of headers', 'headers-list', { error: 'headers must be an object' }],
  ['a header cannot split the answer', 'header-crlf', { error: /^cannot send header x-a: a control/ }],
  ['a header name is a token', 'header-name', { error: 'cannot send a header named "x a"' }],
  ['headers have a maximum count', 'header-many', { error: 'cannot send 201 header lines: at most 200' }],
  ['a header has a maximum length', 'header-long', { error: 'cannot send header x-a: over 16384 bytes' }],
  ['a header value is no list of lists', 'header-list', { error: /^cannot send a .* as header x-a/ }],
  ['a header value is no object', 'header-map', { error: /^cannot send a .* as header x-a/ }],
  [
    'text with a binary type keeps its bytes',
    'png',
    { headers: { 'Content-Type': 'image/png' }, body: 'abc' },
  ],
  ['rows with keys are CSV with a head', 'csv-objects', { body: 'a,b\n1,"x,y"' }],
  ['lists are rows of CSV', 'csv-rows', { headers: csv, body: '"a""b",,"{""c"":1}"\n2,"x\ny",true' }],
  ['single values are cells of CSV', 'csv-cells', { body: '1\ntwo' }],
  ['one object is a head and a row of CSV', 'csv-one', { body: 'a\n1' }],
  ['nothing is empty CSV', 'csv-empty', { headers: csv, body: '' }],
  ['base64 is decoded', 'base64', { headers: {}, body: threeBytes }],
  ['base64 as AWS says it, in the other alphabet', 'base64-lambda', { body: threeBytes }],
  ['base64 may be empty', 'base64-empty', { body: '' }],
  ['base64 needs a text', 'base64-missing', { error: /^body_base64 must be/ }],
  ['what is no base64 is told', 'base64-bad', { error: 'invalid body_base64' }],
  ['an object as body is JSON', 'body-map', { status: 202, headers: json, body: '{"a":1}' }],
  ['a body may be null', 'body-null', { status: 204, headers: {}, body: '' }],
  ['a body may be a number', 'body-number', { headers: {}, body: '7' }],
  ['a text body gets no type', 'body-text', { headers: {}, body: 'x' }],
  ['a proxy directive is passed on', 'proxy', { proxy: { path: '/upstream', method: 'GET' } }],
  ['a proxy directive is an object', 'proxy-text', { error: 'proxy must be an object when provided' }],
  ['an answer that fits no frame is an error', 'proxy-huge', { error: /^message of \d+ bytes, accepted/ }],
  ['and the worker still works', 'fine', { headers: json, body: '{"a":[1]}' }],
];

export function describeResults(
  title: string,
  program: () => CompiledProgram,
  own: readonly ResultRow[],
): void {
  describe(title, () => {
    let worker: WorkerProcess;

    before(async () => {
      worker = await program().loadedForAll();
    });

    after(() => worker.close());

    for (const [promise, name, expected] of [...rows, ...own]) {
      it(promise, async () => check(await worker.invoke(forCase(name)), expected));
    }
  });
}

function check(answer: Answer, expected: Expectation): void {
  if (expected.error !== undefined) {
    if (typeof expected.error === 'string') assert.equal(answer.error, expected.error);
    else assert.match(answer.error ?? '', expected.error);
    return;
  }
  assert.equal(answer.error, null);
  assert.equal(answer.status, expected.status ?? 200);
  if (expected.headers !== undefined) assert.deepEqual(answer.headers, expected.headers);
  if (expected.bodyKind !== undefined) assert.equal(answer.bodyKind, expected.bodyKind);
  if (expected.proxy !== undefined) assert.deepEqual(answer.proxy, expected.proxy);
  if (typeof expected.body === 'string') assert.equal(answer.body.toString(), expected.body);
  else if (expected.body !== undefined) assert.ok(answer.body.equals(expected.body));
}
