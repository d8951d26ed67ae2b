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

  it('what never changes comes to each call anew, as it was said when the function loaded', async (test) => {
    const context = {
      text: 'a"b]]\\\n\0grüße',
      end: { integer: -(2 ** 53) + 1, large: 1e300, whole: 1e20, part: -0.5, yes: true, no: false },
      lists: [[], [1, [2]], ['x']],
      user: null,
    };
    const env = { 'a.b': '1', end: '2', '': '3' };
    const worker = await loadedSource(
      test,
      `return function(e)
        local copy = require("json").encode({ e.context, e.env })
        e.context.text, e.context.lists[1], e.context["end"].yes, e.env["end"], e.new = nil, nil, nil, nil, 1
        return { copy = copy, kinds = { math.type(e.context["end"].integer), math.type(e.context["end"].whole) } }
      end`,
      { env, context },
    );
    const { user: _absent, ...present } = context;
    for (const id of ['r1', 'r2']) {
      const sent = { context: { request_id: id, deadline_ms: 5 } };
      const { copy, kinds } = jsonOf(await worker.invoke({ event: sent })) as {
        copy: string;
        kinds: unknown;
      };
      assert.deepEqual(JSON.parse(copy), [{ ...present, ...sent.context }, env]);
      assert.deepEqual(kinds, ['integer', 'float']);
    }
  });

  it('what only some events have is there, in the event and in its context', async (test) => {
    const worker = await loaded(test, 'echo-event', { context: { user: 'nobody', kept: 1 } });
    const sent = {
      secrets: { KEY: 'v' },
      context: { request_id: 'r1', trace: { sampled: true }, user: { id: 7 } },
    };
    const { event } = jsonOf(await worker.invoke({ event: sent })) as { event: Record<string, unknown> };
    assert.deepEqual(event['secrets'], sent.secrets);
    assert.deepEqual(event['context'], { kept: 1, ...sent.context });
    const bare = jsonOf(await worker.invoke()) as { event: Record<string, unknown> };
    assert.equal('secrets' in bare.event, false);
    assert.equal((bare.event['context'] as { user: unknown }).user, 'nobody');
  });

  it('texts short and long, of every width, are the same after as before', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const alphabets = ['a', '\u007f', 'ü', '\u0800', '😀', '\0'];
    const texts = alphabets.flatMap((one) =>
      [31, 32, 33, 63, 64, 65, 5_461, 5_462, 20_000].map((n) => one.repeat(n)),
    );
    const query = Object.fromEntries(texts.map((text, at) => [`${at}${text.slice(0, 40)}`, text]));
    for (const _again of [1, 2]) {
      const { event } = jsonOf(await worker.invoke({ event: { query } })) as { event: { query: unknown } };
      assert.deepEqual(event.query, query);
    }
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
