// What a handler's result becomes, over real HTTP and out of real jailed workers (contract/invocation.md 9). Every row runs
// in each language that can say it in its own words: they must agree. Rust and Go are held to the same answers, without a
// build for each row, by test/conformance/promises.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';

const languages = ['node', 'python', 'php', 'lua'] as const;
const hasPhp = spawnSync('php', ['-v']).status === 0;

/** Result of a handler in each language, and what a client must get of it. `null`: not to be had in that language. */
interface ResultRow {
  readonly promise: string;
  readonly node: string | null;
  readonly python: string | null;
  readonly php: string | null;
  readonly lua: string | null;
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
  {
    promise: 'nothing is an empty 200',
    php: 'null',
    lua: 'nil',
    node: 'undefined',
    python: 'None',
    type: undefined,
    body: '',
  },
  {
    promise: 'an empty text is an empty 200',
    php: '""',
    lua: '""',
    node: '""',
    python: '""',
    type: undefined,
    body: '',
  },
  { promise: 'a number is text', php: '42', lua: '42', node: '42', python: '42', type: plain, body: '42' },
  {
    promise: 'a truth is text',
    php: 'true',
    lua: 'true',
    node: 'true',
    python: 'True',
    type: plain,
    body: 'true',
  },
  {
    promise: 'a text is text',
    php: '"hi"',
    lua: '"hi"',
    node: '"hi"',
    python: '"hi"',
    type: plain,
    body: 'hi',
  },
  {
    promise: 'HTML is seen',
    php: '"<html>"',
    lua: '"<html>"',
    node: '"<html>"',
    python: '"<html>"',
    type: html,
    body: '<html>',
  },
  { promise: 'a list is JSON', php: '[1]', lua: '{1}', node: '[1]', python: '[1]', type: json, body: '[1]' },
  {
    promise: 'an object is JSON',
    php: '["a" => "é"]',
    lua: '{a = "é"}',
    node: '({ a: "é" })',
    python: '{"a": "é"}',
    type: json,
    body: '{"a":"é"}',
  },
  {
    promise: 'bytes are bytes',
    php: '"x\\xff"',
    lua: '"x\\255"',
    node: 'Buffer.from([120, 255])',
    python: 'b"x\\xff"',
    type: octets,
    body: Buffer.from([120, 255]),
  },
  {
    promise: 'a view of bytes is bytes',
    php: null,
    lua: null,
    node: 'new Uint8Array([120, 255])',
    python: 'memoryview(bytearray(b"x\\xff"))',
    type: octets,
    body: Buffer.from([120, 255]),
  },
  {
    promise: 'a Response is an answer',
    php: null,
    lua: null,
    node: 'new Response("x", { status: 201 })',
    python: null,
    status: 201,
    body: 'x',
  },
  {
    promise: 'a tuple is an answer',
    php: null,
    lua: null,
    node: null,
    python: '({"ok": 1}, 202, {"X-A": "1"})',
    status: 202,
    type: json,
    body: '{"ok":1}',
    check: (answer) => assert.equal(answer.headers['x-a'], '1'),
  },
  {
    promise: 'an empty tuple is an empty 200',
    php: null,
    lua: null,
    node: null,
    python: '()',
    type: undefined,
    body: '',
  },
  {
    promise: 'status 99 is an error',
    php: '["status" => 99]',
    lua: '{status = 99}',
    node: '({ status: 99 })',
    python: '{"status": 99}',
    error: badStatus,
  },
  {
    promise: 'status 600 is an error',
    php: '["status" => 600]',
    lua: '{status = 600}',
    node: '({ status: 600 })',
    python: '{"status": 600}',
    error: badStatus,
  },
  {
    promise: 'status 200.5 is an error',
    php: '["status" => 200.5]',
    lua: '{status = 200.5}',
    node: '({ status: 200.5 })',
    python: '{"status": 200.5}',
    error: badStatus,
  },
  {
    promise: 'a status of text counts',
    php: '["statusCode" => "201"]',
    lua: '{statusCode = "201"}',
    node: '({ statusCode: "201" })',
    python: '{"statusCode": "201"}',
    status: 201,
    body: '',
  },
  {
    promise: 'a word as status is data',
    php: '["status" => "active"]',
    lua: '{status = "active"}',
    node: '({ status: "active" })',
    python: '{"status": "active"}',
    type: json,
    body: '{"status":"active"}',
  },
  {
    promise: 'no HTTP status beside other keys is data',
    php: '["status" => 1, "name" => "x"]',
    lua: null,
    node: '({ status: 1, name: "x" })',
    python: '{"status": 1, "name": "x"}',
    type: json,
    body: '{"status":1,"name":"x"}',
  },
  {
    promise: 'a truth as status is data',
    php: '["status" => true]',
    lua: '{status = true}',
    node: '({ status: true })',
    python: '{"status": True}',
    type: json,
    body: '{"status":true}',
  },
  {
    promise: 'no status that is null makes an answer',
    php: '["status" => null, "a" => 1]',
    lua: null,
    node: '({ status: null, a: 1 })',
    python: '{"status": None, "a": 1}',
    type: json,
    body: '{"status":null,"a":1}',
  },
  {
    promise: 'a word as status beside a body is an error',
    php: '["status" => "active", "body" => "x"]',
    lua: '{status = "active", body = "x"}',
    node: '({ status: "active", body: "x" })',
    python: '{"status": "active", "body": "x"}',
    error: badStatus,
  },
  {
    promise: 'headers that are no object are an error',
    php: '["headers" => ["a"], "body" => ""]',
    lua: '{headers = {"a"}, body = ""}',
    node: '({ headers: ["a"], body: "" })',
    python: '{"headers": ["a"], "body": ""}',
    error: 'headers must be an object',
  },
  {
    promise: 'two cookies are two lines',
    php: '["headers" => ["Set-Cookie" => ["a=1", "b=2"]]]',
    lua: '{headers = {["Set-Cookie"] = {"a=1", "b=2"}}}',
    node: '({ headers: { "Set-Cookie": ["a=1", "b=2"] } })',
    python: '{"headers": {"Set-Cookie": ["a=1", "b=2"]}}',
    body: '',
    check: (answer) => assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']),
  },
  {
    promise: 'a null header is left out, a number is text',
    php: '["headers" => ["X-A" => null, "X-B" => 5], "body" => "x"]',
    lua: '{headers = {["X-A"] = require("cjson").null, ["X-B"] = 5}, body = "x"}',
    node: '({ headers: { "X-A": null, "X-B": 5 }, body: "x" })',
    python: '{"headers": {"X-A": None, "X-B": 5}, "body": "x"}',
    body: 'x',
    check: ({ headers }) => assert.deepEqual([headers['x-a'], headers['x-b']], [undefined, '5']),
  },
  {
    promise: 'a text of a binary type keeps its bytes and its type',
    php: '["headers" => ["Content-Type" => "image/png"], "body" => "abc"]',
    lua: '{headers = {["Content-Type"] = "image/png"}, body = "abc"}',
    node: '({ headers: { "Content-Type": "image/png" }, body: "abc" })',
    python: '{"headers": {"Content-Type": "image/png"}, "body": "abc"}',
    type: 'image/png',
    body: 'abc',
  },
  {
    promise: 'rows of a CSV type are CSV',
    php: '["headers" => ["Content-Type" => "text/csv"], "body" => [["a" => 1, "b" => "x,y"]]]',
    lua: null,
    node: '({ headers: { "Content-Type": "text/csv" }, body: [{ a: 1, b: "x,y" }] })',
    python: '{"headers": {"Content-Type": "text/csv"}, "body": [{"a": 1, "b": "x,y"}]}',
    type: 'text/csv',
    body: 'a,b\n1,"x,y"',
  },
  {
    promise: 'base64 is decoded',
    php: '["is_base64" => true, "body_base64" => "/wCA"]',
    lua: '{is_base64 = true, body_base64 = "/wCA"}',
    node: '({ is_base64: true, body_base64: "/wCA" })',
    python: '{"is_base64": True, "body_base64": "/wCA"}',
    body: Buffer.from([0xff, 0x00, 0x80]),
  },
  {
    promise: 'an empty binary body is allowed',
    php: '["is_base64" => true, "body_base64" => ""]',
    lua: '{is_base64 = true, body_base64 = ""}',
    node: '({ is_base64: true, body_base64: "" })',
    python: '{"is_base64": True, "body_base64": ""}',
    body: '',
  },
  {
    promise: 'what is no base64 is an error',
    php: '["is_base64" => true, "body_base64" => "!!"]',
    lua: '{is_base64 = true, body_base64 = "!!"}',
    node: '({ is_base64: true, body_base64: "!!" })',
    python: '{"is_base64": True, "body_base64": "!!"}',
    status: 502,
    check: (answer) => assert.equal(answer.json().error, 'invalid runtime response: invalid body_base64'),
  },
  {
    promise: 'an object as body is JSON',
    php: '["status" => 201, "body" => ["a" => [1]]]',
    lua: '{status = 201, body = {a = {1}}}',
    node: '({ status: 201, body: { a: [1] } })',
    python: '{"status": 201, "body": {"a": [1]}}',
    status: 201,
    type: json,
    body: '{"a":[1]}',
  },
  {
    promise: 'null as body is empty',
    php: '["status" => 404, "body" => null]',
    lua: '{status = 404, body = require("cjson").null}',
    node: '({ status: 404, body: null })',
    python: '{"status": 404, "body": None}',
    status: 404,
    body: '',
  },
  {
    promise: 'a value that is no JSON is an error',
    php: '["a" => NAN]',
    lua: '{a = print}',
    node: '({ a: 1n })',
    python: '{"a": object()}',
    error: '',
  },
  {
    promise: 'the edge proxy is not to be had without leave',
    php: '["proxy" => ["path" => "/x"]]',
    lua: '{proxy = {path = "/x"}}',
    node: '({ proxy: { path: "/x" } })',
    python: '{"proxy": {"path": "/x"}}',
    status: 502,
    check: (answer) => assert.equal(answer.json().error, 'edge proxy disabled for this function'),
  },
];

describe('results', () => {
  const nodeCases = resultRows.map(({ node }) => `() => ${node ?? 'null'}`).join(',\n');
  const pythonCases = resultRows.map(({ python }) => `lambda: ${python ?? 'None'}`).join(',\n');
  const phpCases = resultRows.map(({ php }, index) => `${index} => ${php ?? 'null'}`).join(',\n');
  const luaCases = resultRows.map(({ lua }) => `function() return ${lua ?? 'nil'} end`).join(',\n');
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'get.node.[row].js': `const rows = [${nodeCases}];\nexports.handler = (event, { row }) => rows[row]();\n`,
      'get.php.[row].php': `<?php\nfunction handler($event, $params) {\n  return match ((int) $params['row']) {\n${phpCases} };\n}\n`,
      'get.lua.[row].lua': `local rows = { ${luaCases} }\nfunction handler(_, params) return rows[params.row + 1]() end\n`,
      'get.python.[row].py': `rows = [${pythonCases}]\ndef handler(event, row):\n    return rows[int(row)]()\n`,
    });
  });
  after(() => gateway.close());

  for (const language of languages) {
    for (const [index, row] of resultRows.entries()) {
      if (row[language] === null) continue;
      const skip = language === 'php' && !hasPhp ? 'no php on this host' : false;
      test(`${language}: ${row.promise}`, { skip }, async () => {
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
