// Promise -> program -> expectation: what a PHP handler may return, echo and set (contract/invocation.md 9.3).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkEqualHeads } from '../equal-heads.ts';
import type { Answer } from '../harness.ts';
import { WorkerProcess } from '../harness.ts';
import { forCase, loadBehaviour, phpProgram, skip } from './php-worker.ts';

interface Expectation {
  readonly status?: number;
  /** The whole set of headers. */
  readonly headers?: Answer['headers'];
  readonly body?: string | Buffer;
  readonly error?: string | RegExp;
  readonly proxy?: Answer['proxy'];
}

type Row = readonly [promise: string, name: string, expected: Expectation];

const json = { 'content-type': 'application/json' };
const plain = { 'content-type': 'text/plain; charset=utf-8' };
const html = { 'content-type': 'text/html; charset=utf-8' };
const octets = { 'content-type': 'application/octet-stream' };
const csv = { 'content-type': 'text/csv' };
const threeBytes = Buffer.from([0xff, 0x00, 0x80]);
const badStatus = 'status must be a valid HTTP code';
const badHeaders = 'headers must be an object';

const returned: readonly Row[] = [
  ['null is an empty 200', 'nothing', { headers: {}, body: '' }],
  ['an empty string is an empty 200', 'empty', { headers: {}, body: '' }],
  ['a number is text', 'number', { headers: plain, body: '42' }],
  ['a fraction is text', 'fraction', { headers: plain, body: '1.5' }],
  ['true is text as in the other languages', 'true', { headers: plain, body: 'true' }],
  ['false is text as in the other languages', 'false', { headers: plain, body: 'false' }],
  ['a string is plain text', 'text', { headers: plain, body: 'plain words' }],
  ['a string that starts with <html is HTML', 'html', { headers: html, body: '<html><p>hi</p></html>' }],
  ['a doctype in capitals after spaces is HTML', 'doctype', { headers: html }],
  ['a string with a body tag is HTML', 'body-tag', { headers: html }],
  ['a string that is no UTF-8 is octets', 'bytes', { headers: octets, body: threeBytes }],
  ['a string with a NUL is octets', 'nul', { headers: octets, body: 'a\0b' }],
  ['a list is JSON', 'list', { headers: json, body: '[1]' }],
  ['an empty array is an empty JSON list', 'list-empty', { headers: json, body: '[]' }],
  [
    'an array with keys is compact JSON, nothing escaped that need not be',
    'map',
    { headers: json, body: '{"a":1,"ü/":null,"f":1.0}' },
  ],
  ['an object is JSON, and stays an object when empty', 'object', { headers: json, body: '{"a":{}}' }],
  [
    'an object with the keys of an answer is one',
    'object-envelope',
    { status: 201, headers: { 'X-A': '1' }, body: 'made' },
  ],
  ['a class says what its JSON is', 'json-class', { headers: json, body: '{"own":"json"}' }],
  ['a long text arrives whole', 'big-text', { headers: {}, body: 'ä'.repeat(100_000) }],
  [
    'bytes beyond the credit window arrive whole',
    'big-bytes',
    { headers: { 'Content-Type': 'image/png' }, body: Buffer.alloc(300_000, 7) },
  ],
  ['status 99 is no status', 'status99', { error: badStatus }],
  ['status 600 is no status', 'status600', { error: badStatus }],
  ['statusCode may be text', 'status-text', { status: 201, headers: {}, body: '' }],
  ['a fraction is no status', 'status-fraction', { error: badStatus }],
  ['a whole number as float is a status', 'status-whole-fraction', { status: 202, body: 'x' }],
  ['true is no status', 'status-true', { error: badStatus }],
  ['a status of null alone is data', 'status-null', { headers: json, body: '{"status":null}' }],
  ['a status in words is data', 'status-data', { headers: json, body: '{"status":"active"}' }],
  ['a status that is none beside other keys is data', 'status-data-number', { headers: json }],
  ['a status in words beside a body is a mistake', 'status-word-body', { error: badStatus }],
  ['a header may repeat', 'cookies', { headers: { 'Set-Cookie': ['a=1', 'b=2'] } }],
  [
    'header values become text, null is left out',
    'header-kinds',
    { headers: { 'x-number': '5', 'x-true': 'true', 'x-list': ['1', 'b'] } },
  ],
  ['header bytes up to U+00FF go out as they are', 'header-latin', { headers: { 'x-a': 'é', 'x-b': 'é' } }],
  ['a wide character cannot be sent in a header', 'header-wide', { error: /^cannot send header x-a: / }],
  ['a list is no set of headers', 'headers-list', { error: badHeaders }],
  ['an empty array is a set of no headers', 'headers-empty', { headers: {}, body: 'x' }],
  ['a header cannot split the answer', 'header-crlf', { error: /^cannot send header x-a: a control/ }],
  ['a header name is a token', 'header-name', { error: 'cannot send a header named "x a"' }],
  ['headers have a maximum count', 'header-many', { error: 'cannot send 201 header lines: at most 200' }],
  ['a header has a maximum length', 'header-long', { error: 'cannot send header x-a: over 16384 bytes' }],
  ['a header value is no array', 'header-array', { error: /^cannot send a header value of type array/ }],
  [
    'text with a binary type keeps its bytes',
    'png',
    { headers: { 'Content-Type': 'image/png' }, body: 'abc' },
  ],
  ['rows with keys are CSV with a head', 'csv-objects', { body: 'a,b\n1,"x,y"' }],
  ['lists are rows of CSV', 'csv-rows', { headers: csv, body: '"a""b",,"{""c"":1}"\n2,"x\ny",true' }],
  ['single values are cells of CSV', 'csv-cells', { body: '1\ntwo' }],
  ['one array with keys is a head and a row of CSV', 'csv-one', { body: 'a\n1' }],
  ['nothing is empty CSV', 'csv-empty', { headers: csv, body: '' }],
  ['base64 is decoded', 'base64', { headers: {}, body: threeBytes }],
  ['base64 as AWS says it, in the other alphabet', 'base64-lambda', { body: threeBytes }],
  ['base64 may be empty', 'base64-empty', { body: '' }],
  ['base64 needs a text', 'base64-missing', { error: /^body_base64 must be/ }],
  ['what is no base64 is told', 'base64-bad', { error: 'invalid body_base64' }],
  ['base64 that was cut is told', 'base64-cut', { error: 'invalid body_base64' }],
  ['a body with keys is JSON', 'body-map', { status: 202, headers: json, body: '{"a":1}' }],
  ['a body that is no UTF-8 is octets', 'body-bytes', { headers: octets, body: Buffer.from([0xff]) }],
  ['a body may be null', 'body-null', { status: 204, headers: {}, body: '' }],
  ['a body may be a number', 'body-number', { headers: {}, body: '7' }],
  ['a text body gets no type', 'body-text', { headers: {}, body: 'x' }],
  ['a proxy directive is passed on', 'proxy', { proxy: { path: '/upstream', method: 'GET' } }],
  ['a proxy directive is an object', 'proxy-text', { error: 'proxy must be an object when provided' }],
  ['an answer that fits no frame is an error', 'proxy-huge', { error: /^message of \d+ bytes, accepted/ }],
  ['JSON is UTF-8', 'not-utf8', { error: /^Malformed UTF-8/ }],
  ['JSON has no infinity', 'infinite', { error: /^Inf and NaN/ }],
  ['JSON has an end', 'circular', { error: /recursion|depth/i }],
  ['and the worker still works', 'fine', { headers: json, body: '{"a":[1]}' }],
];

const echoed: readonly Row[] = [
  ['echoed text stands before a string', 'string', { headers: plain, body: 'ab' }],
  ['echoed text alone is the body', 'null', { headers: html, body: '<html>alone</html>' }],
  ['echoed text is the body of an answer without one', 'envelope-empty', { status: 201, body: 'x' }],
  ['a body of its own wins over echoed text', 'envelope-full', { status: 201, body: 'kept' }],
  ['data wins over echoed text', 'map', { headers: json, body: '{"a":1}' }],
  ['buffers left open are closed', 'buffers', { body: 'left open' }],
  ['a loop that ends all buffers ends, and echo still works', 'closed-buffers', { body: 'kept0' }],
  ['a buffer of its own is its own', 'own-buffer', { body: 'SEEN' }],
  ['nothing is left over from the calls before', 'none', { body: 'nothing echoed' }],
];

const top = { 'X-Top': 'level' };
const heads: readonly Row[] = [
  [
    'header() sets, replaces, repeats and removes',
    'header',
    {
      status: 404,
      headers: { ...top, 'x-a': '2', 'X-List': ['1', '2'], ...plain },
      body: 'x-a: 2|X-List: 1|X-List: 2',
    },
  ],
  ['a Location makes a redirect', 'redirect', { status: 302, headers: { ...top, Location: '/elsewhere' } }],
  ['a Location may have a status of its own', 'redirect-see-other', { status: 303 }],
  ['http_response_code() sets and tells the status', 'code', { status: 418, body: '418' }],
  [
    '$FASTFN_STATUS and $FASTFN_HEADERS hold for one call',
    'variables',
    { status: 418, headers: { 'X-A': '1', 'Content-Type': 'text/csv' }, body: 'a\n1' },
  ],
  [
    "an answer's own headers win, its status may come from elsewhere",
    'envelope',
    { status: 202, headers: { ...top, 'X-B': 'from header', 'x-a': 'from envelope' }, body: 'x' },
  ],
  [
    'cookies are lines of their own',
    'cookie',
    {
      headers: {
        ...top,
        'Set-Cookie': [
          'a=b%20c; expires=Tue, 02-Oct-2096 07:06:40 GMT; Max-Age=N; path=/; HttpOnly; SameSite=Lax',
          'raw=x; path=/; secure',
          'gone=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0',
        ],
      },
    },
  ],
  ['header() cannot split the answer', 'split', { headers: { ...top, ...plain }, body: 'kept whole' }],
  ['a status that is none is a mistake', 'status-bad', { error: badStatus }],
  ['the next call starts anew', 'none', { status: 200, headers: { ...top, ...json }, body: '{"a":1}' }],
];

function check(answer: Answer, expected: Expectation): void {
  if (expected.error !== undefined) {
    if (typeof expected.error === 'string') assert.equal(answer.error, expected.error);
    else assert.match(answer.error ?? '', expected.error);
    return;
  }
  assert.equal(answer.error, null);
  assert.equal(answer.status, expected.status ?? 200);
  if (expected.headers !== undefined) assert.deepEqual(withoutAge(answer.headers), expected.headers);
  if (expected.proxy !== undefined) assert.deepEqual(answer.proxy, expected.proxy);
  if (typeof expected.body === 'string') assert.equal(answer.body.toString(), expected.body);
  else if (expected.body !== undefined) assert.ok(answer.body.equals(expected.body));
}

/** A Max-Age counts from now. */
function withoutAge(headers: Answer['headers']): unknown {
  return JSON.parse(JSON.stringify(headers).replace(/Max-Age=[1-9]\d*/, 'Max-Age=N'));
}

const tables: readonly [behaviour: string, rows: readonly Row[]][] = [
  ['returns', returned],
  ['echoes', echoed],
  ['heads', heads],
];
for (const [behaviour, rows] of tables) {
  describe(`php results: ${behaviour}`, { skip }, () => {
    let worker: WorkerProcess;

    before(async () => {
      worker = new WorkerProcess(phpProgram());
      assert.equal((await loadBehaviour(worker, behaviour)).type, 'ready');
    });

    after(() => worker.close());

    for (const [promise, name, expected] of rows) {
      it(promise, async () => check(await worker.invoke(forCase(name)), expected));
    }
  });
}

describe('php results on the wire', { skip }, () => {
  it('a small body goes inside the answer, a large one as chunks of known length', async (test) => {
    const worker = new WorkerProcess(phpProgram());
    test.after(() => worker.close());
    assert.equal((await loadBehaviour(worker, 'returns')).type, 'ready');
    assert.equal((await worker.invoke(forCase('text'))).bodyKind, 'bytes');
    assert.equal((await worker.invoke(forCase('nothing'))).bodyKind, 'none');
    const { id, answer } = worker.begin(forCase('big-bytes'));
    assert.equal((await answer).bodyKind, 'stream');
    const result = worker.messages.find((message) => message.type === 'result' && message.id === id);
    assert.deepEqual(result?.type === 'result' && result.body, { kind: 'stream', bytes: 300_000 });
  });

  it('headers are known again by their text', async (test) => {
    const worker = new WorkerProcess(phpProgram());
    test.after(() => worker.close());
    assert.equal((await loadBehaviour(worker, 'equal-heads')).type, 'ready');
    await checkEqualHeads(worker, '1');
  });

  it('a body that cannot be decoded is told apart', async (test) => {
    const worker = new WorkerProcess(phpProgram());
    test.after(() => worker.close());
    assert.equal((await loadBehaviour(worker, 'returns')).type, 'ready');
    await worker.invoke(forCase('base64-bad'));
    const error = worker.messages.find((message) => message.type === 'error');
    assert.ok(error?.type === 'error' && error.undecodable === true);
  });
});
