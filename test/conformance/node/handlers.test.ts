// How a Node handler is found, loaded, called and fails (contract/invocation.md 3 to 7, 10).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { behaviourEntry, eventOf, jsonOf, loaded, startWorker } from './node-worker.ts';

const loads: readonly [promise: string, behaviour: string, over: { handler?: string }, body: string][] = [
  ['a function exported by itself is the handler', 'direct-export', {}, 'direct'],
  ['an ES module without any package.json loads, with its helper', 'esm-default', {}, 'esm'],
  ['an ES module has its handler by name', 'esm-named', {}, 'named'],
  ['a member of the default export is found by name', 'esm-named', { handler: 'other' }, 'default member'],
  ['a module with top-level await loads', 'top-level-await', {}, 'awaited'],
  ['TypeScript runs as it is, with a TypeScript helper', 'typescript', {}, '{"message":"Hello, types"}'],
  ['TypeScript may be CommonJS', 'typescript-commonjs', {}, 'x'],
  ['a handler may have another name', 'no-handler', { handler: ' something ' }, 'else'],
  ['a blank name means handler', 'direct-export', { handler: '  ' }, 'direct'],
];

describe('loading a Node function', () => {
  for (const [promise, behaviour, over, body] of loads) {
    it(promise, async (test) => {
      const worker = await loaded(test, behaviour, over);
      const answer = await worker.invoke();
      assert.equal(answer.error, null);
      assert.equal(answer.body.toString(), body);
    });
  }

  it('a syntax error is a failed load with the line in the detail', async (test) => {
    const verdict = await startWorker(test).load({ entry: behaviourEntry('syntax-error') });
    assert.ok(verdict.type === 'load_failed');
    assert.equal(verdict.error, 'Unexpected end of input');
    assert.match(verdict.detail, /handler\.js:\d+/);
  });

  it('a top level that throws is a failed load with one line, and its output is kept', async (test) => {
    const worker = startWorker(test);
    const verdict = await worker.load({ entry: behaviourEntry('load-throws') });
    assert.ok(verdict.type === 'load_failed');
    assert.equal(verdict.error, 'bad start');
    assert.match(verdict.detail, /second line/);
    assert.equal(worker.looseOutput('stderr'), 'loading\n');
  });

  it('a missing handler is the answer to every call', async (test) => {
    const worker = await loaded(test, 'no-handler');
    assert.equal((await worker.invoke()).error, 'handler(event) is required');
    assert.equal((await worker.invoke()).error, 'handler(event) is required');
  });

  it('a name that is no identifier is named as such', async (test) => {
    const worker = await loaded(test, 'hello', { handler: 'a-b' });
    assert.equal((await worker.invoke()).error, 'invoke.handler must be a valid identifier');
  });

  it('a function exported by itself does not answer to another name', async (test) => {
    const worker = await loaded(test, 'direct-export', { handler: 'other' });
    assert.equal((await worker.invoke()).error, 'other(event) is required');
  });
});

describe('calling a Node handler', () => {
  const calls: readonly [promise: string, handler: string, body: string][] = [
    ['path parameters are the second argument', 'handler', '7'],
    ['also behind a default value', 'withDefault', '7'],
    ['always exactly two arguments', 'alone', '2'],
  ];
  for (const [promise, handler, body] of calls) {
    it(promise, async (test) => {
      const worker = await loaded(test, 'params', { handler });
      assert.equal((await worker.invoke({ event: { params: { id: '7' } } })).body.toString(), body);
    });
  }

  it('absent parts of the event are null', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const event = eventOf(await worker.invoke());
    assert.equal(event.body, null);
    assert.equal(event.is_base64, false);
    assert.equal(event.body_base64, null);
    assert.equal(event.session, null);
    assert.deepEqual(event.env, {});
    assert.ok(!('signal' in event));
  });

  it('a text body arrives as it is', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const event = eventOf(await worker.invoke({ body: '{"name":"Zoë 😀 \u0000"}' }));
    assert.equal(event.body, '{"name":"Zoë 😀 \u0000"}');
  });

  it('bytes that are no text arrive as base64', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const event = eventOf(await worker.invoke({ body: Buffer.from([0xff, 0x00, 0x80]) }));
    assert.deepEqual([event.body, event.is_base64, event.body_base64], [null, true, '/wCA']);
  });

  it('a body of several windows arrives whole and its credit is returned', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const text = 'long '.repeat(200_000);
    const event = eventOf(await worker.invoke({ body: Buffer.from(text) }));
    assert.equal(event.body, text);
    const returned = worker.messages.reduce(
      (sum, message) => sum + (message.type === 'credit' ? message.bytes : 0),
      0,
    );
    assert.equal(returned, text.length);
  });

  it("the function's environment is there at load time, and one call cannot change it for the next", async (test) => {
    const worker = startWorker(test, {
      file: process.execPath,
      args: [behaviourEntry('../../runtimes/node/main.ts')],
      env: { PATH: '/bin', TZ: 'UTC', NODE_OPTIONS: '--no-warnings', FN_ADMIN_TOKEN: 'secret' },
    });
    await worker.load({ entry: behaviourEntry('environment'), env: { GREETING: 'hi' } });
    for (let call = 0; call < 2; call += 1) {
      const seen = jsonOf(await worker.invoke()) as Record<string, unknown>;
      assert.deepEqual([seen.atLoad, seen.now, seen.event], ['hi', 'hi', 'hi']);
      assert.deepEqual(seen.names, ['PATH', 'TZ', 'GREETING']);
      assert.deepEqual(seen.argv, [process.execPath, behaviourEntry('environment')]);
      assert.deepEqual(seen.execArgv, []);
      assert.equal(seen.handles, 0);
    }
  });
});

describe('a Node handler that fails', () => {
  const failures: readonly [name: string, error: string | RegExp][] = [
    ['error', 'boom'],
    ['enoent', 'no such thing'],
    ['text', 'just text'],
    ['undefined', 'undefined'],
    ['object', 'like an error'],
    ['hostile', 'handler failed with a value that has no text'],
    ['long', /^ü{4096}$/],
  ];
  for (const [name, error] of failures) {
    it(`${name}: an error message, with what was printed before it`, async (test) => {
      const worker = await loaded(test, 'throws');
      const answer = await worker.invoke({ event: { query: { case: name } } });
      if (typeof error === 'string') assert.equal(answer.error, error);
      else assert.match(answer.error ?? '', error);
      assert.equal(answer.stdout, 'about to fail\n');
    });
  }

  it('an exception out of a callback ends the call it came from, and only that one', async (test) => {
    const worker = await loaded(test, 'uncaught');
    const unconcerned = worker.begin({ event: { query: { case: 'never' } } });
    assert.equal((await worker.invoke({ event: { query: { case: 'later' } } })).error, 'later');
    assert.equal((await worker.invoke({ event: { query: { case: 'emitter' } } })).error, 'emitted');
    assert.equal(await Promise.race([unconcerned.answer, Promise.resolve('still running')]), 'still running');
  });

  it('an exception of nobody ends the worker with its text on stderr', async (test) => {
    const worker = await loaded(test, 'uncaught');
    worker.begin({ event: { query: { case: 'outside' } } }).answer.catch(() => {});
    assert.equal(await worker.exited, 1);
    assert.match(worker.rawOutput, /fastfn node worker: uncaught exception outside any invocation/);
    assert.match(worker.looseOutput('stderr'), /Error: outside/);
  });

  it('a rejection that nobody hears is logged and changes no answer', async (test) => {
    const worker = await loaded(test, 'rejects-unheard');
    const answer = await worker.invoke();
    assert.equal(answer.body.toString(), 'fine');
    assert.match(answer.stderr, /Error: unheard/);
  });

  it('process.exit ends the worker with that status, after its output', async (test) => {
    const worker = await loaded(test, 'exits');
    const { id, answer } = worker.begin();
    answer.catch(() => {});
    assert.equal(await worker.exited, 7);
    assert.ok(worker.messages.some((message) => message.type === 'log' && message.id === id));
  });

  it('replaced built-ins do not break the frames', async (test) => {
    const worker = await loaded(test, 'poison');
    assert.equal(
      (await worker.invoke({ event: { query: { case: 'poison' } } })).body.toString(),
      'still framed',
    );
    assert.equal(
      (await worker.invoke({ event: { query: { case: 'after' } } })).body.toString(),
      'still framed',
    );
    assert.equal(await worker.close(), 0);
  });
});
