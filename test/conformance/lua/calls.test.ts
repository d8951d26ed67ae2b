// How a Lua function is loaded and called: which callable, with what, in which state (contract/invocation.md 5 to 7).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonOf, loaded, loadedSource, luaFolder, luaProgram, startWorker } from './lua-worker.ts';

const forms: Readonly<Record<string, string>> = {
  'a global handler': 'function handler(e) return "found" end',
  'a global main': 'function main(e) return "found" end',
  'a returned function': 'local function f(e) return "found" end return f',
  'a returned table with handler': 'return { main = 1, handler = function() return "found" end }',
  'a returned table with main': 'return { main = function() return "found" end }',
  'a returned function before a global one':
    'function handler() return "lost" end return function() return "found" end',
};

const named: readonly (readonly [what: string, handler: string, source: string, answer: string])[] = [
  ['a global of that name', 'other', 'function other() return "found" end', 'found'],
  ['a field of the returned table', 'other', 'return { other = function() return "found" end }', 'found'],
  ['blank means handler', '  ', 'function handler() return "found" end', 'found'],
  ['missing', 'other', 'function handler() end', 'lua entrypoint must define other(event)'],
  ['no identifier', 'a.b', 'function handler() end', 'invoke.handler must be a valid identifier'],
  ['nothing to call', 'handler', 'x = 1', 'lua entrypoint must define handler(event) or main(event)'],
];

describe('calls of a Lua handler', () => {
  for (const [what, source] of Object.entries(forms)) {
    it(`finds ${what}`, async (test) => {
      const worker = await loadedSource(test, source);
      assert.equal((await worker.invoke()).body.toString(), 'found');
    });
  }

  for (const [what, handler, source, answer] of named) {
    it(`invoke.handler: ${what}`, async (test) => {
      const worker = await loadedSource(test, source, { handler });
      const { error, body } = await worker.invoke();
      assert.equal(error ?? body.toString(), answer);
    });
  }

  it('the event has what was sent, and nil where it was null', async (test) => {
    const worker = await loaded(test, 'echo-event', { env: { KEY: 'v' }, context: { runtime: 'lua' } });
    const query = { a: ['1', true], b: '', empty: [] };
    const { event } = jsonOf(await worker.invoke({ event: { query }, body: 'grüße' })) as {
      event: Record<string, unknown>;
    };
    assert.deepEqual(event['query'], query);
    assert.deepEqual([event['body'], event['is_base64'], event['ts']], ['grüße', false, 1_700_000_000_000]);
    assert.deepEqual(event['env'], { KEY: 'v' });
    assert.equal((event['context'] as { runtime: string }).runtime, 'lua');
    assert.equal('session' in event, false);
    const bare = jsonOf(await worker.invoke()) as { event: Record<string, unknown> };
    assert.equal('body' in bare.event, false);
  });

  it('bytes that are no text come as base64, whole bodies in pieces included', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const binary = await worker.invoke({ body: Buffer.from([0xff, 0x00, 0x80]) });
    const { event } = jsonOf(binary) as { event: Record<string, unknown> };
    assert.deepEqual([event['is_base64'], event['body_base64'], 'body' in event], [true, '/wCA', false]);
    const large = Buffer.alloc(3_000_000, 'ab\0');
    const echo = await loadedSource(test, 'return function(e) return { body = e.body } end');
    assert.deepEqual((await echo.invoke({ body: large })).body, large);
    const sums = await loadedSource(
      test,
      'return function(e) local b = require("base64").decode(e.body_base64) return { #b, b:byte(1, 3) } end',
    );
    assert.deepEqual(jsonOf(await sums.invoke({ body: Buffer.from([0xff, 0x00, 0x80]) })), [3, 255, 0, 128]);
  });

  it('path parameters are the second argument', async (test) => {
    const worker = await loaded(test, 'params');
    assert.deepEqual(jsonOf(await worker.invoke({ event: { params: { id: '7' } } })), {
      params: { id: '7' },
      same: true,
    });
  });

  it('state lasts from call to call, and a changed library is this worker’s affair', async (test) => {
    const worker = await loadedSource(
      test,
      'local n = 0 function handler() n = n + 1 string.format = nil return { n, event == nil } end',
    );
    assert.deepEqual(jsonOf(await worker.invoke()), [1, true]);
    assert.deepEqual(jsonOf(await worker.invoke()), [2, true]);
  });

  it('random numbers differ from worker to worker', async (test) => {
    const source = 'return function() return math.random(0) end';
    const workers = await Promise.all([1, 2].map(() => loadedSource(test, source)));
    const [one, other] = await Promise.all(workers.map((worker) => worker.invoke()));
    assert.notEqual(one?.body.toString(), other?.body.toString());
  });

  it('dates and times are those of the function’s zone', async (test) => {
    const worker = await loadedSource(
      test,
      `return function() return {
        os.date("!%Y-%m-%dT%H:%M:%SZ", 0), os.date("%H:%M %z", 0), os.time({ year = 1970, month = 1, day = 1, hour = 1 }),
        os.date("*t", 15552000).isdst, math.abs(os.time() - ${Math.floor(Date.now() / 1000)}) < 60,
        os.clock() > 0, os.difftime(2, 1), os.date("!%a %j %V %U %p %y", 1e9) } end`,
      { env: { TZ: 'Europe/Berlin' } },
    );
    assert.deepEqual(jsonOf(await worker.invoke()), [
      '1970-01-01T00:00:00Z',
      '01:00 +0100',
      0,
      false,
      true,
      true,
      1,
      'Sun 252 36 36 AM 01',
    ]);
  });

  it('one at a time, and it says so', async (test) => {
    const entry = luaFolder(test, { 'handler.lua': 'return function() end' });
    const verdict = await startWorker(test, luaProgram(entry.replace('/handler.lua', ''))).load({ entry });
    assert.deepEqual(verdict, { type: 'ready', concurrency: 1, runtime_version: '5.4' });
  });

  for (const [what, source, message] of [
    ['a syntax error', 'return function(', /^failed to load lua entrypoint: handler\.lua:1: /],
    ['an error at the top', '\nerror("no")', /^lua entrypoint error: handler\.lua:2: no$/],
    ['bytecode', '\x1bLua\x54\x00', /^failed to load lua entrypoint: .*attempt to load a binary chunk/],
  ] as const) {
    it(`${what}: the function does not load`, async (test) => {
      const entry = luaFolder(test, { 'handler.lua': Buffer.from(source, 'latin1') });
      const folder = entry.replace('/handler.lua', '');
      const verdict = await startWorker(test, luaProgram(folder)).load({ entry });
      assert.equal(verdict.type, 'load_failed');
      assert.match(verdict.type === 'load_failed' ? verdict.error : '', message);
      assert.equal(JSON.stringify(verdict).includes(folder), false);
    });
  }

  it('a first line for the shell and a byte order mark are passed over', async (test) => {
    const worker = await loadedSource(test, '\ufeff#!/usr/bin/lua\nreturn function() error("here") end');
    assert.equal((await worker.invoke()).error, 'lua handler error: handler.lua:2: here');
  });
});
