// Bad handlers and bad workers: each ends in a mapped status, and every other function keeps being served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';

const node = (body: string) =>
  `const fs = require('node:fs');\nexports.handler = async (event) => { ${body} };\n`;
/** Writes raw bytes to the worker's own channel: what a hostile or broken worker could send. */
const raw = (bytes: string) =>
  node(`fs.writeSync(3, ${bytes}); await new Promise((r) => setTimeout(r, 5000));`);

/** A result for the first call of a worker, in whatever words: what a broken runtime would answer. */
const answers = (fields: object) => {
  const text = JSON.stringify({ type: 'result', id: 1, status: 200, headers: {}, ...fields });
  return raw(
    `(() => { const t = ${JSON.stringify(text)}; const b = Buffer.alloc(4); b.writeUInt32BE(t.length); return Buffer.concat([b, Buffer.from(t)]); })()`,
  );
};
const misshapen = {
  textstatus: { status: '200' },
  smallstatus: { status: 99 },
  largestatus: { status: 600 },
  interim: { status: 103 },
  objectbody: { body: {} },
  numberbody: { body: 5 },
  listheaders: { headers: ['a'] },
  splitheader: { headers: { 'x-a': 'b\r\nx-c: d' } },
};

describe('faults of a handler', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'get.good.js': "exports.handler = () => 'good';\n",
      'get.good.[id].py': 'def handler(event, id):\n    return id\n',
      'get.throws.js': node("throw new Error('broken on purpose');"),
      'get.enoent.js': node("throw Object.assign(new Error('no such thing'), { code: 'ENOENT' });"),
      'get.exits.js': node('process.exit(3);'),
      'get.hangs.js': node('for (;;);'),
      'get.floods.js': node("for (let i = 0; i < 20000; i++) console.log('x'.repeat(1000)); return 'done';"),
      'get.syntax.js': 'exports.handler = ( => 1;\n',
      'get.nothandler.js': 'exports.other = 1;\n',
      'get.status99.js': node('return { status: 99 , body: "" };'),
      'get.badheaders.js': node("return { status: 200, headers: ['a'], body: '' };"),
      'get.leaks.js': node('throw new Error(`cannot read ${__filename} in ${__dirname}`);'),
      'get.pythrows.py': 'def handler(event):\n    raise ValueError("py broken")\n',
      'get.pymissing.py': 'def handler(event):\n    raise FileNotFoundError("gone")\n',
      'get.pyhangs.py': 'def handler(event):\n    while True:\n        pass\n',
      'get.pyexits.py': 'import os\ndef handler(event):\n    os._exit(3)\n',
      'get.pysyntax.py': 'def handler(event:\n',
      'get.pygarbage.py':
        'import os\ndef handler(event):\n    os.write(3, b"\\xff\\xff\\xff\\xff garbage")\n    return 1\n',
      'get.zero.js': raw('Buffer.from([0, 0, 0, 0])'),
      'get.huge.js': raw('Buffer.from([0x7f, 0xff, 0xff, 0xff])'),
      'get.notjson.js': raw('Buffer.from([0, 0, 0, 3, 0x7b, 0x7b, 0x7b])'),
      'get.forged.js': raw(
        `(() => { const t = JSON.stringify({ type: 'result', id: 4000000, status: 200, headers: {}, body: { kind: 'none' } }); const b = Buffer.alloc(4); b.writeUInt32BE(t.length); return Buffer.concat([b, Buffer.from(t)]); })()`,
      ),
      'get.late.js': node("setTimeout(() => { throw new Error('later'); }, 10); return 'early';"),
      'fn.config.json': JSON.stringify({ timeout_ms: 1500 }),
      'get.nulls.js': answers({ headers: null, body: null }),
      ...Object.fromEntries(
        Object.entries(misshapen).map(([name, fields]) => [`get.${name}.js`, answers(fields)]),
      ),
    });
  });
  after(() => gateway.close());

  const rows: readonly (readonly [string, number, RegExp])[] = [
    ['/throws', 500, /^broken on purpose$/],
    ['/enoent', 500, /^no such thing$/],
    ['/exits', 502, /^runtime error: worker exited/],
    ['/syntax', 500, /Unexpected token/],
    ['/nothandler', 500, /^handler\(event\) is required$/],
    ['/status99', 500, /^status must be a valid HTTP code$/],
    ['/badheaders', 500, /^headers must be an object$/],
    ['/pythrows', 500, /^py broken$/],
    ['/pymissing', 500, /^gone$/],
    ['/pyexits', 502, /^runtime error: worker exited/],
    ['/pysyntax', 500, /never closed|invalid syntax/],
    ['/pygarbage', 502, /^invalid runtime response/],
    ['/zero', 502, /^invalid runtime response/],
    ['/huge', 502, /^invalid runtime response/],
    ['/notjson', 502, /^invalid runtime response/],
    ['/forged', 502, /^invalid runtime response/],
    ...Object.keys(misshapen).map((name) => [`/${name}`, 502, /^invalid runtime response/] as const),
    ['/hangs', 504, /^runtime timeout$/],
    ['/pyhangs', 504, /^runtime timeout$/],
  ];
  for (const [target, status, text] of rows) {
    test(`${target} → ${status}, and the next function still answers`, async () => {
      const began = performance.now();
      const answer = await ask(gateway.url, target);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.json().error, text);
      assert.ok(performance.now() - began < 2500, 'deadline plus one second');
      assert.equal((await ask(gateway.url, '/good')).text, 'good');
      assert.equal((await ask(gateway.url, '/good/7')).text, '7');
    });
  }

  test('null headers and a null body are none', async () => {
    const answer = await ask(gateway.url, '/nulls');
    assert.deepEqual([answer.status, answer.text], [200, '']);
  });

  test('a flood of output is bounded and the answer still comes', async () => {
    const answer = await ask(gateway.url, '/floods');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, 'done');
  });

  test('an error text holds no host path', async () => {
    const answer = await ask(gateway.url, '/leaks');
    assert.equal(answer.status, 500);
    assert.ok(!answer.text.includes(gateway.root), answer.text);
    assert.doesNotMatch(answer.text, /\/tmp\//);
  });

  test('a crash after the answer costs a worker, not the next call', async () => {
    assert.equal((await ask(gateway.url, '/late')).text, 'early');
    await eventually(async () => assert.equal((await ask(gateway.url, '/late')).text, 'early'));
  });

  test('a worker that crashed or hung is replaced, and nothing is left running', async () => {
    assert.equal((await ask(gateway.url, '/exits')).status, 502);
    await eventually(() => {
      for (const worker of gateway.workers()) assert.ok(worker.state !== 'draining', JSON.stringify(worker));
    });
  });
});
