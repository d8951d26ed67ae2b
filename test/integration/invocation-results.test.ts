// What a handler's result becomes, over real HTTP and out of real jailed workers (contract/invocation.md 9). Every row runs
// in both languages where both can say it: they must agree.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';

const languages = ['node', 'python'] as const;

/** Result of a handler in each language, and what a client must get of it. `null`: not to be had in that language. */
interface ResultRow {
  readonly promise: string;
  readonly node: string | null;
  readonly python: string | null;
  readonly status?: number;
  readonly type?: string | undefined;
  readonly body?: string | Buffer;
  readonly error?: string;
  readonly check?: (answer: Answer) => void;
}

const plain = 'text/plain; charset=utf-8';
const html = 'text/html; charset=utf-8';
const json = 'application/json';
const octets = 'application/octet-stream';
const badStatus = 'status must be a valid HTTP code';

const resultRows: readonly ResultRow[] = [
  { promise: 'nothing is an empty 200', node: 'undefined', python: 'None', type: undefined, body: '' },
  { promise: 'an empty text is an empty 200', node: '""', python: '""', type: undefined, body: '' },
  { promise: 'a number is text', node: '42', python: '42', type: plain, body: '42' },
  { promise: 'a truth is text', node: 'true', python: 'True', type: plain, body: 'true' },
  { promise: 'a text is text', node: '"hi"', python: '"hi"', type: plain, body: 'hi' },
  { promise: 'HTML is seen', node: '"<html>"', python: '"<html>"', type: html, body: '<html>' },
  { promise: 'a list is JSON', node: '[1]', python: '[1]', type: json, body: '[1]' },
  { promise: 'an object is JSON', node: '({ a: "é" })', python: '{"a": "é"}', type: json, body: '{"a":"é"}' },
  {
    promise: 'bytes are bytes',
    node: 'Buffer.from([120, 255])',
    python: 'b"x\\xff"',
    type: octets,
    body: Buffer.from([120, 255]),
  },
  {
    promise: 'a view of bytes is bytes',
    node: 'new Uint8Array([120, 255])',
    python: 'memoryview(bytearray(b"x\\xff"))',
    type: octets,
    body: Buffer.from([120, 255]),
  },
  {
    promise: 'a Response is an answer',
    node: 'new Response("x", { status: 201 })',
    python: null,
    status: 201,
    body: 'x',
  },
  {
    promise: 'a tuple is an answer',
    node: null,
    python: '({"ok": 1}, 202, {"X-A": "1"})',
    status: 202,
    type: json,
    body: '{"ok":1}',
    check: (answer) => assert.equal(answer.headers['x-a'], '1'),
  },
  { promise: 'an empty tuple is an empty 200', node: null, python: '()', type: undefined, body: '' },
  { promise: 'status 99 is an error', node: '({ status: 99 })', python: '{"status": 99}', error: badStatus },
  {
    promise: 'status 600 is an error',
    node: '({ status: 600 })',
    python: '{"status": 600}',
    error: badStatus,
  },
  {
    promise: 'status 200.5 is an error',
    node: '({ status: 200.5 })',
    python: '{"status": 200.5}',
    error: badStatus,
  },
  {
    promise: 'a status of text counts',
    node: '({ statusCode: "201" })',
    python: '{"statusCode": "201"}',
    status: 201,
    body: '',
  },
  {
    promise: 'a word as status is data',
    node: '({ status: "active" })',
    python: '{"status": "active"}',
    type: json,
    body: '{"status":"active"}',
  },
  {
    promise: 'no HTTP status beside other keys is data',
    node: '({ status: 1, name: "x" })',
    python: '{"status": 1, "name": "x"}',
    type: json,
    body: '{"status":1,"name":"x"}',
  },
  {
    promise: 'a truth as status is data',
    node: '({ status: true })',
    python: '{"status": True}',
    type: json,
    body: '{"status":true}',
  },
  {
    promise: 'no status that is null makes an answer',
    node: '({ status: null, a: 1 })',
    python: '{"status": None, "a": 1}',
    type: json,
    body: '{"status":null,"a":1}',
  },
  {
    promise: 'a word as status beside a body is an error',
    node: '({ status: "active", body: "x" })',
    python: '{"status": "active", "body": "x"}',
    error: badStatus,
  },
  {
    promise: 'headers that are no object are an error',
    node: '({ headers: ["a"], body: "" })',
    python: '{"headers": ["a"], "body": ""}',
    error: 'headers must be an object',
  },
  {
    promise: 'two cookies are two lines',
    node: '({ headers: { "Set-Cookie": ["a=1", "b=2"] } })',
    python: '{"headers": {"Set-Cookie": ["a=1", "b=2"]}}',
    body: '',
    check: (answer) => assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']),
  },
  {
    promise: 'a null header is left out, a number is text',
    node: '({ headers: { "X-A": null, "X-B": 5 }, body: "x" })',
    python: '{"headers": {"X-A": None, "X-B": 5}, "body": "x"}',
    body: 'x',
    check: ({ headers }) => assert.deepEqual([headers['x-a'], headers['x-b']], [undefined, '5']),
  },
  {
    promise: 'a text of a binary type keeps its bytes and its type',
    node: '({ headers: { "Content-Type": "image/png" }, body: "abc" })',
    python: '{"headers": {"Content-Type": "image/png"}, "body": "abc"}',
    type: 'image/png',
    body: 'abc',
  },
  {
    promise: 'rows of a CSV type are CSV',
    node: '({ headers: { "Content-Type": "text/csv" }, body: [{ a: 1, b: "x,y" }] })',
    python: '{"headers": {"Content-Type": "text/csv"}, "body": [{"a": 1, "b": "x,y"}]}',
    type: 'text/csv',
    body: 'a,b\n1,"x,y"',
  },
  {
    promise: 'base64 is decoded',
    node: '({ is_base64: true, body_base64: "/wCA" })',
    python: '{"is_base64": True, "body_base64": "/wCA"}',
    body: Buffer.from([0xff, 0x00, 0x80]),
  },
  {
    promise: 'an empty binary body is allowed',
    node: '({ is_base64: true, body_base64: "" })',
    python: '{"is_base64": True, "body_base64": ""}',
    body: '',
  },
  {
    promise: 'what is no base64 is an error',
    node: '({ is_base64: true, body_base64: "!!" })',
    python: '{"is_base64": True, "body_base64": "!!"}',
    status: 502,
    check: (answer) => assert.equal(answer.json().error, 'invalid runtime response: invalid body_base64'),
  },
  {
    promise: 'an object as body is JSON',
    node: '({ status: 201, body: { a: [1] } })',
    python: '{"status": 201, "body": {"a": [1]}}',
    status: 201,
    type: json,
    body: '{"a":[1]}',
  },
  {
    promise: 'null as body is empty',
    node: '({ status: 404, body: null })',
    python: '{"status": 404, "body": None}',
    status: 404,
    body: '',
  },
  {
    promise: 'a value that is no JSON is an error',
    node: '({ a: 1n })',
    python: '{"a": object()}',
    error: '',
  },
  {
    promise: 'the edge proxy is not to be had without leave',
    node: '({ proxy: { path: "/x" } })',
    python: '{"proxy": {"path": "/x"}}',
    status: 502,
    check: (answer) => assert.equal(answer.json().error, 'edge proxy disabled for this function'),
  },
];

describe('results', () => {
  const nodeCases = resultRows.map(({ node }) => `() => ${node ?? 'null'}`).join(',\n');
  const pythonCases = resultRows.map(({ python }) => `lambda: ${python ?? 'None'}`).join(',\n');
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'get.node.[row].js': `const rows = [${nodeCases}];\nexports.handler = (event, { row }) => rows[row]();\n`,
      'get.python.[row].py': `rows = [${pythonCases}]\ndef handler(event, row):\n    return rows[int(row)]()\n`,
    });
  });
  after(() => gateway.close());

  for (const language of languages) {
    for (const [index, row] of resultRows.entries()) {
      if (row[language] === null) continue;
      test(`${language}: ${row.promise}`, async () => {
        check(row, await ask(gateway.url, `/${language}/${index}`));
      });
    }
  }

  function check(row: ResultRow, answer: Answer): void {
    if (row.error !== undefined) {
      assert.equal(answer.status, 500, answer.text);
      if (row.error !== '') assert.equal(answer.json().error, row.error);
      return;
    }
    assert.equal(answer.status, row.status ?? 200, answer.text);
    if ('type' in row) assert.equal(answer.headers['content-type'], row.type);
    if (row.body !== undefined) assert.deepEqual(answer.bytes, Buffer.from(row.body));
    row.check?.(answer);
  }
});
