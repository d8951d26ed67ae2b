// Promise -> program -> expectation: what a Python handler may return (contract/invocation.md 9.2), the same from plain
// code and from an event loop.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkEqualHeads } from '../equal-heads.ts';
import type { Answer } from '../harness.ts';
import { WorkerProcess } from '../harness.ts';
import { loadBehaviour, pythonProgram, skip } from './python-worker.ts';

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
const badStatus = 'status must be a valid HTTP code';

const rows: readonly [promise: string, name: string, expected: Expectation][] = [
  ['None is an empty 200', 'nothing', { headers: {}, body: '' }],
  ['an empty string is an empty 200', 'empty', { headers: {}, body: '' }],
  ['a number is text', 'number', { headers: plain, body: '42' }],
  ['a boolean is text as in the other languages', 'boolean', { headers: plain, body: 'false' }],
  ['a string is plain text', 'text', { headers: plain, body: 'plain words' }],
  ['a string that starts with <html is HTML', 'html', { headers: html, body: '<html><p>hi</p></html>' }],
  ['a doctype in capitals after spaces is HTML', 'doctype', { headers: html }],
  ['bytes are octets', 'bytes', { headers: octets, body: 'x' }],
  ['a bytearray is octets', 'bytearray', { headers: octets, body: threeBytes }],
  ['a memoryview is octets', 'memoryview', { headers: octets, body: threeBytes }],
  ['a list is JSON', 'list', { headers: json, body: '[1]' }],
  ['a dict is compact JSON with non-ASCII kept', 'dict', { headers: json, body: '{"a":1,"ü":null}' }],
  ['an empty tuple is an empty 200', 'tuple-empty', { headers: {}, body: '' }],
  ['a tuple of one is a body', 'tuple-body', { headers: {}, body: 'x' }],
  ['a tuple of two is body and status', 'tuple-status', { status: 201, headers: {}, body: 'x' }],
  [
    'a tuple of three is body, status and headers',
    'tuple',
    { status: 202, headers: { 'X-A': '1', ...json }, body: '{"ok":1}' },
  ],
  ['what follows in a tuple is ignored', 'tuple-extra', { headers: octets, body: Buffer.from([0xff]) }],
  ['a tuple with a bad status is an error', 'tuple-bad', { error: badStatus }],
  [
    'an object with attributes is an answer',
    'object',
    { status: 201, headers: { 'X-A': '1' }, body: 'made' },
  ],
  ['an object with a body alone is a 200', 'object-body', { headers: json, body: '{"a":1}' }],
  ['a text of a class of its own is text', 'text-class', { headers: plain, body: 'one' }],
  ['an enum as status, a text of a class as body', 'text-class-body', { status: 201, body: 'one' }],
  ['a set is no answer', 'set', { error: 'handler response must be an object or tuple, found set' }],
  ['a function is no answer', 'function', { error: /^handler response must be an object or tuple/ }],
  ['a long text arrives whole', 'big-text', { headers: {}, body: 'ä'.repeat(100_000) }],
  [
    'bytes beyond the credit window arrive whole',
    'big-bytes',
    { headers: { 'Content-Type': 'image/png' }, body: Buffer.alloc(300_000, 7) },
  ],
  ['status 99 is an error', 'status99', { error: badStatus }],
  ['status 600 is an error', 'status600', { error: badStatus }],
  ['a numeric statusCode as text is accepted', 'status-text', { status: 201, body: '' }],
  ['a fraction is no status', 'status-fraction', { error: badStatus }],
  ['True is no status', 'status-true', { error: badStatus }],
  ['a status that is a word is data', 'status-data', { headers: json, body: '{"status":"active"}' }],
  ['a status beside other data is data', 'status-data-number', { body: '{"status":1,"name":"x"}' }],
  ['a word as status of an envelope is an error', 'status-word-body', { error: badStatus }],
  ['a list of header values is kept as one', 'cookies', { headers: { 'Set-Cookie': ['a=1', 'b=2'] } }],
  [
    'header values become text, None is left out',
    'header-kinds',
    { headers: { 'x-number': '5', 'x-true': 'true', 'x-list': ['1', 'b'] } },
  ],
  ['a list is no headers', 'headers-list', { error: 'headers must be an object' }],
  ['a line break in a header is refused', 'header-crlf', { error: /header x-a/ }],
  ['a space in a header name is refused', 'header-name', { error: /header named "x a"/ }],
  ['too many header lines are refused', 'header-many', { error: /201 header lines/ }],
  ['a header that is too long is refused', 'header-long', { error: /over 16384 bytes/ }],
  [
    'text under a binary type keeps type and bytes',
    'png',
    { headers: { 'Content-Type': 'image/png' }, body: 'abc' },
  ],
  ['dicts become CSV', 'csv-objects', { headers: { 'Content-Type': 'text/csv' }, body: 'a,b\n1,"x,y"' }],
  [
    'CSV cells are quoted where needed',
    'csv-rows',
    { headers: csv, body: '"a""b",,"{""c"":1}"\n2,"x\ny",true' },
  ],
  ['other lists become one cell a line', 'csv-cells', { headers: csv, body: '1\ntwo' }],
  ['one dict becomes two lines of CSV', 'csv-one', { headers: csv, body: 'a\n1' }],
  ['no rows are an empty CSV', 'csv-empty', { headers: csv, body: '' }],
  ['base64 is decoded', 'base64', { headers: {}, body: threeBytes }],
  ["Lambda's base64 is decoded", 'base64-lambda', { headers: {}, body: threeBytes }],
  ['an empty base64 body is allowed', 'base64-empty', { headers: {}, body: '' }],
  [
    'base64 without a body is an error',
    'base64-missing',
    { error: 'body_base64 must be a non-empty string when is_base64=true' },
  ],
  ['what is no base64 is an error', 'base64-bad', { error: 'invalid body_base64' }],
  ['a dict as body is JSON', 'body-dict', { status: 202, headers: json, body: '{"a":1}' }],
  ['bytes as body are octets', 'body-bytes', { headers: octets, body: Buffer.from([0xff]) }],
  ['None as body is empty', 'body-none', { status: 204, headers: {}, body: '' }],
  ['a number as body is text', 'body-number', { headers: {}, body: '7' }],
  ['a text as body has no default type', 'body-text', { headers: {}, body: 'x' }],
  ['a proxy directive passes through', 'proxy', { proxy: { path: '/upstream', method: 'GET' } }],
  ['a proxy that is no dict is an error', 'proxy-text', { error: 'proxy must be an object when provided' }],
  ['a directive that fits no frame is an error', 'proxy-huge', { error: /accepted: at most 2097152/ }],
  ['half a surrogate pair becomes U+FFFD', 'surrogate', { headers: plain, body: 'half \ufffd' }],
  ['NaN is no JSON', 'nan', { error: /not JSON compliant/ }],
  [
    'what JSON does not know is an error',
    'unknown',
    { error: 'Object of type object is not JSON serializable' },
  ],
  ['a cycle is an error', 'circular', { error: /[Cc]ircular/ }],
  ['the answer after a cycle is sound', 'fine', { headers: json, body: '{"a":[1]}' }],
];

for (const handler of ['handler', 'coroutine']) {
  describe(`python results of ${handler === 'handler' ? 'plain code' : 'a coroutine'}`, { skip }, () => {
    let worker: WorkerProcess;

    before(async () => {
      worker = new WorkerProcess(pythonProgram());
      const verdict = await loadBehaviour(worker, 'returns', { handler });
      assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
    });

    after(() => worker.close());

    for (const [promise, name, expected] of rows) {
      it(promise, async () => {
        const answer = await worker.invoke({ event: { query: { case: name } } });
        check(answer, expected);
      });
    }

    it('headers are known again by their text', async (test) => {
      const other = new WorkerProcess(pythonProgram());
      test.after(() => other.close());
      assert.equal((await loadBehaviour(other, 'equal-heads', { handler })).type, 'ready');
      await checkEqualHeads(other, '1.0');
    });
  });
}

function check(answer: Answer, expected: Expectation): void {
  if (expected.error !== undefined) {
    if (typeof expected.error === 'string') assert.equal(answer.error, expected.error);
    else assert.match(answer.error ?? '', expected.error);
    return;
  }
  assert.equal(answer.error, null, answer.detail ?? '');
  assert.equal(answer.status, expected.status ?? 200);
  if (expected.headers !== undefined) assert.deepEqual(answer.headers, expected.headers);
  if (expected.proxy !== undefined) assert.deepEqual(answer.proxy, expected.proxy);
  if (typeof expected.body === 'string') assert.equal(answer.body.toString('utf8'), expected.body);
  if (Buffer.isBuffer(expected.body)) assert.ok(answer.body.equals(expected.body), 'the same bytes');
}
