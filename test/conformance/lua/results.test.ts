// What a Lua handler returns becomes an answer (contract/invocation.md 9.1, 9.4).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded, suiteWorker } from './lua-worker.ts';

const json = { 'content-type': 'application/json' };
const plain = { 'content-type': 'text/plain; charset=utf-8' };
const bytes = { 'content-type': 'application/octet-stream' };

type Row = readonly [status: number, headers: Readonly<Record<string, unknown>>, body: string | Buffer];

const expected: Readonly<Record<string, Row>> = {
  nothing: [200, {}, ''],
  nil: [200, {}, ''],
  null: [200, {}, ''],
  empty: [200, {}, ''],
  number: [200, plain, '42'],
  fraction: [200, plain, '1.5'],
  'whole-fraction': [200, plain, '2'],
  large: [200, plain, '9223372036854775807'],
  true: [200, plain, 'true'],
  false: [200, plain, 'false'],
  text: [200, plain, 'plain words'],
  html: [200, { 'content-type': 'text/html; charset=utf-8' }, '<html><p>hi</p></html>'],
  bytes: [200, bytes, Buffer.from([0xff, 0x00, 0x80])],
  nul: [200, plain, 'a\0b'],
  list: [200, json, '[1,2]'],
  gaps: [200, json, '[1,null,3]'],
  sparse: [200, json, '{"1000":"far"}'],
  mixed: [200, json, '{"1":1,"a":2}'],
  'table-empty': [200, json, '{}'],
  'list-empty': [200, json, '[]'],
  map: [200, json, '{"f":1,"n":{"a":[],"big":-9223372036854775808},"z":1,"ü/":null}'],
  'status-text': [201, {}, ''],
  'status-data': [200, json, '{"status":"active"}'],
  cookies: [200, { 'Set-Cookie': ['a=1', 'b=2'] }, ''],
  'header-kinds': [200, { 'x-number': '5', 'x-true': 'true' }, ''],
  'headers-empty': [200, {}, 'x'],
  png: [200, { 'Content-Type': 'image/png' }, Buffer.from('\x89PNG\r\n\x1a\n\0', 'latin1')],
  'csv-objects': [200, { 'content-type': 'text/csv' }, 'a,b\n1,"x,y"'],
  'csv-rows': [200, { 'content-type': 'text/csv' }, '"a""b",\n2,"x\ny"'],
  base64: [200, {}, Buffer.from([0xff, 0x00, 0x80])],
  'base64-lambda': [200, {}, Buffer.from([0xff, 0x00, 0x80])],
  'body-table': [202, json, '{"a":1}'],
  'body-bytes': [200, bytes, Buffer.from([0xff])],
  'body-number': [200, {}, '7'],
  'body-other-keys': [200, {}, 'x'],
  'big-text': [200, {}, 'ä'.repeat(100_000)],
  'big-bytes': [200, { 'Content-Type': 'image/png' }, Buffer.alloc(300_000, 0xff)],
};

const refused: Readonly<Record<string, string>> = {
  status99: 'status must be a valid HTTP code',
  status600: 'status must be a valid HTTP code',
  status700: 'status must be a valid HTTP code',
  'status-fraction': 'status must be a valid HTTP code',
  'headers-list': 'headers must be an object',
  'header-crlf': 'cannot send header x-a: a control or wide character in it',
  'base64-bad': 'invalid body_base64',
};

describe('results of a Lua handler', () => {
  const worker = suiteWorker((owner) => loaded(owner, 'returns'));

  for (const [name, [status, headers, body]] of Object.entries(expected)) {
    it(name, async () => {
      const answer = await worker().invoke({ event: { query: { case: name } } });
      assert.equal(answer.error, null, answer.detail ?? '');
      assert.deepEqual([answer.status, answer.headers], [status, headers]);
      if (typeof body === 'string') assert.equal(answer.body.toString('utf8'), body);
      else assert.deepEqual(answer.body, body);
    });
  }

  for (const [name, message] of Object.entries(refused)) {
    it(`${name} is refused`, async () => {
      const answer = await worker().invoke({ event: { query: { case: name } } });
      assert.deepEqual([answer.status, answer.error], [null, message]);
    });
  }

  it('a body that is no base64 is told apart from a failure of the handler', async () => {
    await worker().invoke({ event: { query: { case: 'base64-bad' } } });
    const error = worker().messages.findLast((message) => message.type === 'error');
    assert.equal(error?.type === 'error' ? error.undecodable : null, true);
  });

  it('a proxy directive goes along', async () => {
    const answer = await worker().invoke({ event: { query: { case: 'proxy' } } });
    assert.deepEqual(answer.proxy, { method: 'GET', path: '/upstream' });
  });
});
