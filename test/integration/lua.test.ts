// Lua functions behind a whole gateway: real launchers, the kernel's jail around the machine, real HTTP
// (contract/invocation.md 9.4, contract/sandbox.md E14 to E17).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initTemplates } from '../../src/control/function-templates.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';

const behaviour = (name: string, file = 'handler.lua') =>
  readFileSync(join(import.meta.dirname, '../../fixtures/behaviours', name, file), 'utf8');

const tree = {
  'get.hello.lua': behaviour('hello'),
  'users/[id].lua': 'function handler(event, params) return params end\n',
  'post.echo.lua': behaviour('echo-event'),
  'post.bytes.lua': 'return function(event) return { body = event.body } end\n',
  'modules/handler.lua': behaviour('own-helper'),
  'modules/lib/util.lua': behaviour('own-helper', 'lib/util.lua'),
  'modules/lib/deep/init.lua': behaviour('own-helper', 'lib/deep/init.lua'),
  'prints/handler.lua': behaviour('prints'),
  'prints/fn.config.json': JSON.stringify({ include_debug_headers: true }),
  'streams/handler.lua': behaviour('streams'),
  'throws/handler.lua': behaviour('throws'),
  'broken/handler.lua': 'return function(',
  'made/handler.lua': initTemplates.lua.files('made')['handler.lua'] ?? '',
  'made/fn.config.json': initTemplates.lua.files('made')['fn.config.json'] ?? '',
  'endless/handler.lua': behaviour('endless'),
  'endless/fn.config.json': JSON.stringify({ timeout_ms: 300 }),
  'secret/handler.lua':
    'return function(e) return { os.getenv("KEY"), os.getenv("PATH") or "none", e.env.KEY } end\n',
  'secret/fn.env.json': '{"KEY": "own"}',
};

describe('lua behind the gateway', () => {
  let gateway: TestGateway;
  const recorded = recordingLog();
  const get = (target: string) => ask(gateway.url, target);
  const workers = (part: string) => gateway.workers().filter(({ functionKey }) => functionKey.includes(part));

  before(async () => {
    gateway = await startTestGateway(tree, {}, recorded.log);
  });

  after(() => gateway.close());

  test('hello, a path parameter, and the template of fastfn init', async () => {
    assert.deepEqual((await get('/hello?name=lua')).json(), { message: 'Hello, lua' });
    assert.deepEqual((await get('/users/a%2Fb')).json(), { id: 'a/b' });
    assert.deepEqual((await get('/made?name=new')).json(), { message: 'Hello, new!' });
  });

  test('bytes of a request reach the handler, large ones intact', async () => {
    const answer = await ask(gateway.url, '/echo', { method: 'POST', body: Buffer.from([0xff, 0x00, 0x80]) });
    assert.equal(answer.json().event.body_base64, '/wCA');
    assert.equal(answer.json().event.context.runtime, 'lua');
    const body = Buffer.alloc(1_000_000, 'text\0');
    assert.deepEqual((await ask(gateway.url, '/bytes', { method: 'POST', body })).bytes, body);
  });

  test('modules come from the function’s folder and run once', async () => {
    const expected = ['lib.util', true, 'lib/deep/init.lua', 1];
    assert.deepEqual((await get('/modules')).json(), expected);
    assert.deepEqual((await get('/modules')).json(), expected);
  });

  test('the environment is the function’s own', async () => {
    assert.deepEqual((await get('/secret')).json(), ['own', 'none', 'own']);
  });

  test('what is printed is in the log and in the debug headers', async () => {
    const answer = await get('/prints');
    assert.equal(answer.headers['x-fn-stdout'], 'one%092%09nil%09true%0Atwo');
    assert.equal(answer.headers['x-fn-stderr'], 'to stderr');
    assert.ok(recorded.saying('to stderr').length > 0);
  });

  test('functions and coroutines stream', async () => {
    const stream = await get('/streams?case=envelope');
    assert.deepEqual([stream.status, stream.text], [201, 'data: one\n\ndata: two\n\n']);
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    assert.equal((await get('/streams?case=function')).text, '1,2,3,');
  });

  test('an error is a 500 with its place in the function; the traceback is in the log only', async () => {
    const answer = await get('/throws?case=error');
    assert.deepEqual([answer.status, answer.json().error], [500, 'lua handler error: handler.lua:4: boom']);
    await eventually(() => {
      const line = recorded.lines.find(({ detail }) => String(detail).includes('stack traceback:'));
      assert.match(String(line?.detail), /handler\.lua:6: in/);
      assert.equal(String(line?.detail).includes(gateway.root), false);
    });
  });

  test('a file that is no Lua is 500 with one line', async () => {
    const answer = await get('/broken');
    assert.equal(answer.status, 500);
    assert.match(answer.json().error, /^failed to load lua entrypoint: handler\.lua:1: .* near <eof>$/);
  });

  for (const name of ['loop', 'caught', 'coroutine']) {
    test(`an endless ${name} is 504 and costs no worker`, async () => {
      await get('/endless?case=calls');
      const [before] = workers('endless');
      const answer = await get(`/endless?case=${name}`);
      assert.deepEqual([answer.status, answer.json().error], [504, 'runtime timeout']);
      assert.equal((await get('/endless?case=calls')).status, 200);
      assert.deepEqual(
        workers('endless').map(({ pid }) => pid),
        [before?.pid],
      );
    });
  }

  for (const name of ['pattern', 'finalizer']) {
    test(`an endless ${name}, which no Lua code interrupts, is 504 and ends its worker`, async () => {
      const answer = await get(`/endless?case=${name}`);
      assert.deepEqual([answer.status, answer.json().error], [504, 'runtime timeout']);
      await eventually(async () => assert.equal((await get('/endless?case=calls')).text, '1'));
    });
  }

  for (const [name, message] of [
    ['recursion', /^lua handler error: handler\.lua:\d+: stack overflow/],
    ['callbacks', /^lua handler error: C stack overflow/],
    ['memory', /^lua handler error: not enough memory$/],
    ['rep', /^lua handler error: handler\.lua:\d+: resulting string too large/],
    ['half', /^lua handler error: not enough memory$/],
  ] as const) {
    test(`too much of ${name} is 500, and the worker lives on`, async () => {
      await get('/throws?case=plain');
      const [before] = workers('throws');
      const answer = await get(`/throws?case=${name}`);
      assert.equal(answer.status, 500);
      assert.match(answer.json().error, message);
      assert.equal((await get('/throws?case=plain')).json().error, 'lua handler error: without a place');
      assert.deepEqual(
        workers('throws').map(({ pid }) => pid),
        [before?.pid],
      );
    });
  }

  test('a client that goes away ends the handler that works for it', async () => {
    await get('/endless?case=calls');
    const [before] = workers('endless');
    const leaving = new AbortController();
    const left = ask(gateway.url, '/endless?case=loop', { signal: leaving.signal });
    setTimeout(() => leaving.abort(), 50);
    await assert.rejects(left);
    // Another worker may have been started for a call that came before its cancel did.
    assert.equal((await get('/endless?case=calls')).status, 200);
    assert.ok(workers('endless').some(({ pid }) => pid === before?.pid));
  });
});
