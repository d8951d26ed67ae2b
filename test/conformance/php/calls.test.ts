// How a PHP handler is found, called once, and what its failures say (contract/invocation.md 3, 5, 6, 7, 9.3 and 10).

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkCallsAhead } from '../calls-ahead.ts';
import type { Answer } from '../harness.ts';
import { behaviourFolder, forCase, jsonOf, loadBehaviour, loaded, skip, startWorker } from './php-worker.ts';

function eventOf(answer: Answer): Record<string, unknown> {
  return (jsonOf(answer) as { event: Record<string, unknown> }).event;
}

describe('php handlers', { skip }, () => {
  const rows: readonly [promise: string, handler: string, params: Record<string, string>, body: string][] = [
    ['in any namespace and case; a second parameter gets the path parameters', 'handler', { id: '7' }, '7'],
    ['one parameter gets the event alone, also by reference', 'event_alone', { id: '7' }, '17'],
    ['a handler without parameters may ignore the event', 'nothing', { id: '7' }, 'called anyway'],
    ['a second parameter with a default gets them too', 'with_default', {}, 'empty'],
  ];
  for (const [promise, handler, params, body] of rows) {
    it(promise, async (test) => {
      const worker = await loaded(test, 'params', { handler });
      const answer = await worker.invoke({ event: { params } });
      assert.deepEqual([answer.error, answer.body.toString()], [null, body]);
    });
  }

  it('a name that is not there or cannot be one is told', async (test) => {
    const missing = await loadBehaviour(startWorker(test), 'params', { handler: 'other' });
    assert.equal(missing.type === 'load_failed' && missing.error, 'other(event) is required');
    const invalid = await loadBehaviour(startWorker(test), 'params', { handler: 'a-b' });
    assert.equal(
      invalid.type === 'load_failed' && invalid.error,
      'invoke.handler must be a valid identifier',
    );
  });

  it('a worker takes one call at once and says its version', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'hello');
    assert.ok(verdict.type === 'ready');
    assert.equal(verdict.concurrency, 1);
    assert.match(verdict.runtime_version, /^8\.\d+\.\d+$/);
  });

  it('a handler that fails is called once', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'php-worker-'));
    test.after(() => rm(folder, { recursive: true }));
    const counter = join(folder, 'counter');
    const worker = await loaded(test, 'repeats', { env: { COUNTER: counter } });
    assert.equal((await worker.invoke()).error, 'after counting');
    assert.equal(await readFile(counter, 'utf8'), 'x');
  });
});

describe('php events', { skip }, () => {
  it('every key of the event is there', async (test) => {
    const worker = await loaded(test, 'echo-event', { env: { A: 'b' }, context: { runtime: 'php' } });
    const none = eventOf(await worker.invoke());
    assert.deepEqual([none.body, none.is_base64, none.body_base64, none.session], [null, false, null, null]);
    assert.deepEqual(none.env, { A: 'b' });
    assert.equal((none.context as { runtime?: string }).runtime, 'php');
    assert.equal((none.context as { function_name?: string }).function_name, 'x');
    const text = eventOf(await worker.invoke({ body: '{"ü": 1}' }));
    assert.equal(text.body, '{"ü": 1}');
    const merged = eventOf(await worker.invoke({ event: { env: { A: 'lost', B: 'kept' } } }));
    assert.deepEqual(merged.env, { A: 'b', B: 'kept' });
  });

  it('query values are text, true and lists', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const query = { a: ['1', '2'], b: true, c: '' };
    assert.deepEqual(eventOf(await worker.invoke({ event: { query } })).query, query);
  });

  it('bytes that are no text arrive as base64, text in chunks as text', async (test) => {
    const worker = await loaded(test, 'echo-event');
    const bytes = eventOf(await worker.invoke({ body: Buffer.from([0xff, 0x00, 0x80]) }));
    assert.deepEqual([bytes.body, bytes.is_base64, bytes.body_base64], [null, true, '/wCA']);
    const large = 'ä'.repeat(500_000);
    const text = eventOf(await worker.invoke({ body: Buffer.from(large) }));
    assert.deepEqual([text.body === large, text.is_base64], [true, false]);
    const empty = eventOf(await worker.invoke({ body: Buffer.alloc(0) }));
    assert.deepEqual([empty.body, empty.is_base64], [null, false]);
  });

  it('the superglobals hold what they hold behind a web server', async (test) => {
    const worker = await loaded(test, 'superglobals');
    const headers = {
      host: 'example.test',
      'x-two': ['1', '2'],
      proxy: 'http://evil.test',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    };
    const session = { raw: 'c=d%20e', cookies: { c: 'd%20e' } };
    const event = { method: 'POST', raw_path: '/x?a[]=1&a[]=2', headers, session };
    const form = jsonOf(await worker.invoke({ event, body: 'p=1&q[k]=2' }));
    assert.deepEqual(form, {
      get: { a: ['1', '2'] },
      post: { p: '1', q: { k: '2' } },
      cookie: { c: 'd e' },
      request: { p: '1', q: { k: '2' }, a: ['1', '2'] },
      server: {
        REQUEST_METHOD: 'POST',
        REQUEST_URI: '/x?a[]=1&a[]=2',
        QUERY_STRING: 'a[]=1&a[]=2',
        REMOTE_ADDR: '127.0.0.1',
        HTTP_HOST: 'example.test',
        HTTP_X_TWO: '1, 2',
        CONTENT_TYPE: 'application/x-www-form-urlencoded; charset=utf-8',
      },
    });
    const next = jsonOf(await worker.invoke()) as Record<string, unknown>;
    assert.deepEqual([next['get'], next['post'], next['cookie']], [[], [], []]);
  });
});

describe('php calls ahead of their time', { skip }, () => {
  it('are kept while another call still receives its body, and served in their order', async (test) => {
    await checkCallsAhead(await loaded(test, 'echo-event'));
  });
});

describe('php failures', { skip }, () => {
  const rows: readonly [name: string, error: string | RegExp][] = [
    ['error', 'boom'],
    ['value', 'bad value'],
    ['empty', 'LogicException'],
    ['bytes', 'half \ufffd'],
    ['type', /^strlen\(\): Argument #1/],
    ['division', 'Modulo by zero'],
    ['undefined', 'Call to undefined function not_there()'],
    ['chain', 'outer'],
    ['user-error', 'told to stop'],
    ['no-such-case', /^Unhandled match case/],
  ];
  it('each is told with its text and its trace, without what was echoed', async (test) => {
    const worker = await loaded(test, 'throws');
    for (const [name, error] of rows) {
      const answer = await worker.invoke(forCase(name));
      if (typeof error === 'string') assert.equal(answer.error, error, name);
      else assert.match(answer.error ?? '', error, name);
      assert.equal(answer.stderr, 'about to fail\n', 'what was printed is kept');
      assert.match(answer.detail ?? '', /throws\/handler\.php:\d+/, name);
      assert.doesNotMatch(answer.detail ?? '', /runtimes\/php/, name);
    }
    assert.match((await worker.invoke(forCase('chain'))).detail ?? '', /caused by LogicException: inner/);
    const long = await worker.invoke(forCase('long'));
    assert.ok(Buffer.byteLength(long.error ?? '') <= 8_192);
    assert.ok(Buffer.byteLength(long.detail ?? '') <= 8_192);
  });

  it('warnings are told and not thrown, and silenced ones are silent', async (test) => {
    const answer = await (await loaded(test, 'prints', { handler: 'warns' })).invoke();
    assert.deepEqual([answer.error, answer.body.toString()], [null, 'false']);
    const lines = answer.stderr.trimEnd().split('\n');
    assert.match(
      lines[0] ?? '',
      /^PHP Warning: {2}file_get_contents\(.*\): Failed to open .*handler\.php on/,
    );
    assert.match(lines[1] ?? '', /^PHP Notice: {2}a notice of its own in .*handler\.php on line \d+$/);
    assert.equal(lines.length, 2);
  });

  for (const name of ['memory', 'redeclare']) {
    it(`an error that PHP cannot go on after ends the call with its text, and the worker (${name})`, async (test) => {
      const worker = await loaded(test, 'exits');
      const answer = await worker.invoke(forCase(name));
      assert.match(answer.error ?? '', /^(Allowed memory size|Cannot redeclare handler\(\))/);
      assert.equal(await worker.exited, 255);
    });
  }

  it('settings of a handler do not break the frames', async (test) => {
    const worker = await loaded(test, 'poison');
    assert.equal((await worker.invoke(forCase('poison'))).error, null);
    for (let call = 0; call < 3; call += 1) {
      const answer = await worker.invoke({
        event: { query: {}, params: { ü: 1.5 } },
        body: Buffer.from('x'),
      });
      assert.deepEqual([answer.error, answer.body.toString()], [null, 'still framed']);
    }
  });
});

describe('php exits', { skip }, () => {
  const rows: readonly [name: string, status: number, body: string][] = [
    ['text', 200, 'before text,last words'],
    ['status', 200, 'before status,'],
    ['redirect', 302, 'before redirect,'],
    ['callback', 200, 'before callback,deep'],
    ['generator', 200, 'before generator,'],
    ['include', 200, 'before include,from an included file'],
    ['none', 200, 'before none,stayed'],
  ];
  it('an exit ends the response and not the worker', async (test) => {
    const worker = await loaded(test, 'exits');
    for (const [name, status, body] of [...rows, ...rows]) {
      const answer = await worker.invoke(forCase(name));
      assert.deepEqual([answer.error, answer.status, answer.body.toString()], [null, status, body], name);
      assert.equal(answer.headers['X-Case'], name);
    }
  });

  it('a thousand exits cost nothing', async (test) => {
    const worker = await loaded(test, 'exits');
    for (let call = 0; call < 20; call += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => worker.invoke(forCase('text'))));
      assert.ok(answers.every((answer) => answer.body.toString() === 'before text,last words'));
    }
  });
});

describe('php loading', { skip }, () => {
  it('a syntax error is one line with file and line', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'syntax-error');
    assert.match(
      verdict.type === 'load_failed' ? verdict.error : '',
      /^ParseError: syntax error, unexpected token ";".* \(handler\.php:5\)$/,
    );
  });

  it('a failure at load time is one line, with a trace and what was printed', async (test) => {
    const worker = startWorker(test);
    const verdict = await loadBehaviour(worker, 'load-throws');
    assert.ok(verdict.type === 'load_failed');
    assert.equal(verdict.error, 'RuntimeException: bad start second line');
    assert.match(verdict.detail, /load-throws\/handler\.php:\d+/);
    assert.equal(worker.looseOutput('stderr'), 'loading\n');
    assert.equal(await worker.exited, 1);
  });

  it('a program that ends itself while it is loaded is no function', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'load-exits');
    assert.equal(verdict.type === 'load_failed' && verdict.error, 'file exited while it was loaded');
  });

  it('a file that is not there is told', async (test) => {
    const verdict = await startWorker(test).load({ entry: join(behaviourFolder('hello'), 'none.php') });
    assert.equal(verdict.type === 'load_failed' && verdict.error, 'cannot read none.php');
  });

  it("the environment is there at load time, and nothing of the worker in the function's globals", async (test) => {
    const worker = await loaded(test, 'environment', {
      env: { GREETING: 'grüß dich', 'BAD=NAME': 'x', NUL: 'a\0b' },
    });
    const all = Array.from({ length: 3 }, () => 'grüß dich');
    for (let call = 0; call < 2; call += 1) {
      const seen = jsonOf(await worker.invoke()) as Record<string, unknown>;
      assert.deepEqual([seen.atLoad, seen.now, seen.event], [all, all, 'grüß dich']);
      // Node gives this one to every child process while coverage is measured, whatever `env` says.
      const names = (seen.names as string[]).filter((name) => name !== 'NODE_V8_COVERAGE');
      assert.deepEqual(names, ['GREETING', 'LANG', 'PATH']);
      assert.deepEqual(seen.globals, ['atLoad', 'FASTFN_STATUS', 'FASTFN_HEADERS']);
    }
  });

  it('a helper beside the handler is found by its plain name', async (test) => {
    const answer = jsonOf(await (await loaded(test, 'own-helper')).invoke()) as Record<string, unknown>;
    assert.equal(answer['word'], 'own');
  });
});
