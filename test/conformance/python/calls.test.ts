// How a Python handler is found, called once, and what its failures say (contract/invocation.md 3, 5, 6, 7 and 10).

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { checkCallsAhead } from '../calls-ahead.ts';
import type { Answer } from '../harness.ts';
import {
  behaviourFolder,
  jsonOf,
  loadBehaviour,
  loaded,
  pythonProgram,
  skip,
  startWorker,
} from './python-worker.ts';

type Params = Readonly<Record<string, string>>;

async function temporaryFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'python-worker-'));
  test.after(() => rm(folder, { recursive: true }));
  return folder;
}

function eventOf(answer: Answer): Record<string, unknown> {
  return (jsonOf(answer) as { event: Record<string, unknown> }).event;
}

describe('python parameters', { skip }, () => {
  const rows: readonly [promise: string, handler: string, params: Params, expected: string][] = [
    ['a parameter of the name is injected', 'handler', { id: '7', other: 'x' }, '7'],
    ['**kw takes all', 'any_names', { id: '7', other: 'x' }, '{"id":"7","other":"x"}'],
    ['**kw of a route without parameters is empty', 'any_names', {}, '{}'],
    ['a keyword-only parameter is injected', 'keyword_only', { id: '7' }, '{"id":"7"}'],
    ['a keyword-only default stays without one', 'keyword_only', {}, '{"id":null}'],
    ['a handler without parameters gets none', 'nothing', { id: '7' }, 'called with nothing'],
    ['*args get the event alone', 'rest', { id: '7' }, '1'],
    ['a default is kept for a name that is not there', 'default', { category: 'c', slug: 's' }, '["s","en"]'],
    ["the event's own name is not injected over it", 'own_name', { id: '7', a: 'b' }, '["dict",{"a":"b"}]'],
    ['a wrapped handler is asked for its own signature', 'decorated', { id: '7' }, '7'],
    ['a wrapped coroutine too', 'decorated_coroutine', { id: '7' }, '7'],
    ['an object that can be called is a handler', 'callable_object', { id: '7' }, '7'],
    ['a bound method is a handler', 'bound', { id: '7' }, '7'],
    ['a partial is a handler', 'partial', { id: '7' }, 'p7'],
    ['a coroutine is a handler', 'coroutine', { id: '7' }, '7'],
    ['an awaitable from plain code is run to its end', 'returns_awaitable', { id: '7' }, '7'],
  ];
  for (const [promise, handler, params, expected] of rows) {
    it(promise, async (test) => {
      const worker = await loaded(test, 'params', { handler });
      const answer = await worker.invoke({ event: { params } });
      assert.equal(answer.error, null);
      assert.equal(answer.body.toString(), expected);
    });
  }

  it('a required parameter that is missing fails the call', async (test) => {
    const worker = await loaded(test, 'params', { handler: 'required' });
    assert.match((await worker.invoke()).error ?? '', /missing 1 required positional argument: 'missing'/);
  });
});

describe('python calls', { skip }, () => {
  it('a handler that fails is called once', async (test) => {
    const counter = join(await temporaryFolder(test), 'counter');
    const worker = await loaded(test, 'repeats', { env: { COUNTER: counter } });
    assert.equal((await worker.invoke()).error, 'after counting');
    assert.equal(await readFile(counter, 'utf8'), 'x');
  });

  it('plain code takes one call at once, a coroutine many', async (test) => {
    for (const [handler, concurrency] of [
      ['handler', 1],
      ['coroutine', 100],
    ] as const) {
      const verdict = await loadBehaviour(startWorker(test), 'hello', { handler });
      assert.equal(verdict.type, 'ready');
      assert.equal(verdict.concurrency, concurrency);
      assert.match(verdict.runtime_version, /^3\.\d+\.\d+$/);
    }
  });

  it('main stands in for handler, and for no other name', async (test) => {
    assert.equal((await (await loaded(test, 'no-handler')).invoke()).body.toString(), 'main');
    const verdict = await loadBehaviour(startWorker(test), 'no-handler', { handler: 'other' });
    assert.equal(verdict.type === 'load_failed' && verdict.error, 'other(event) is required');
    const invalid = await loadBehaviour(startWorker(test), 'no-handler', { handler: 'a-b' });
    assert.equal(
      invalid.type === 'load_failed' && invalid.error,
      'invoke.handler must be a valid identifier',
    );
  });

  for (const handler of ['handler', 'coroutine']) {
    it(`every key of the event is there (${handler})`, async (test) => {
      const worker = await loaded(test, 'echo-event', { handler, env: { A: 'b' } });
      const none = eventOf(await worker.invoke());
      assert.equal(none.body, null);
      assert.equal(none.is_base64, false);
      assert.equal(none.body_base64, null);
      assert.equal(none.session, null);
      assert.deepEqual(none.env, { A: 'b' });
      const text = eventOf(await worker.invoke({ body: '{"ü": 1}' }));
      assert.equal(text.body, '{"ü": 1}');
    });

    it(`bytes that are no text arrive as base64, text in chunks as text (${handler})`, async (test) => {
      const worker = await loaded(test, 'echo-event', { handler });
      const bytes = eventOf(await worker.invoke({ body: Buffer.from([0xff, 0x00, 0x80]) }));
      assert.deepEqual([bytes.body, bytes.is_base64, bytes.body_base64], [null, true, '/wCA']);
      const large = 'ä'.repeat(500_000);
      const text = eventOf(await worker.invoke({ body: Buffer.from(large) }));
      assert.equal(text.body, large);
      assert.equal(text.is_base64, false);
      const empty = eventOf(await worker.invoke({ body: Buffer.alloc(0) }));
      assert.deepEqual([empty.body, empty.is_base64], [null, false]);
    });
  }
});

describe('python calls ahead of their time', { skip }, () => {
  it('are kept while another call still receives its body, and served in their order', async (test) => {
    await checkCallsAhead(await loaded(test, 'echo-event'));
  });
});

describe('python failures', { skip }, () => {
  const rows: readonly [name: string, error: string | RegExp][] = [
    ['error', 'boom'],
    ['value', 'bad value'],
    ['file', "[Errno 2] No such file or directory: 'missing.txt'"],
    ['unicode', /invalid start byte/],
    ['empty', 'RuntimeError'],
    ['hostile', 'Hostile'],
    ['surrogate', 'half \ufffd'],
    ['memory', 'MemoryError'],
    ['generator', 'GeneratorExit'],
    ['cancelled', 'CancelledError'],
    ['stop', /stopped|StopIteration/],
  ];
  for (const handler of ['handler', 'coroutine']) {
    it(`each exception is told with its text and its traceback (${handler})`, async (test) => {
      const worker = await loaded(test, 'throws', { handler });
      for (const [name, error] of rows) {
        const answer = await worker.invoke({ event: { query: { case: name } } });
        if (typeof error === 'string') assert.equal(answer.error, error, name);
        else assert.match(answer.error ?? '', error, name);
        assert.equal(answer.stdout, 'about to fail\n', 'what was printed is kept');
        if (name !== 'hostile') assert.match(answer.detail ?? '', /handler\.py", line \d+, in handler/, name);
        // Python itself turns a StopIteration into a RuntimeError where a coroutine is awaited, in the worker's frame.
        if (name !== 'stop') assert.doesNotMatch(answer.detail ?? '', /runtimes\/python/, name);
      }
      const long = await worker.invoke({ event: { query: { case: 'long' } } });
      assert.ok(Buffer.byteLength(long.error ?? '') <= 8_192);
      assert.ok(Buffer.byteLength(long.detail ?? '') <= 8_192);
    });
  }

  it('endless recursion is one failed call', async (test) => {
    const worker = await loaded(test, 'throws', { handler: 'recursion' });
    assert.match((await worker.invoke()).error ?? '', /recursion/);
    assert.match((await worker.invoke()).error ?? '', /recursion/);
  });

  it('a handler that exits politely fails its call and leaves the worker', async (test) => {
    for (const handler of ['polite', 'builtin', 'coroutine']) {
      const worker = await loaded(test, 'exits', { handler });
      assert.equal((await worker.invoke()).error, 'handler exited');
      assert.equal((await worker.invoke()).error, 'handler exited');
    }
    const interrupted = await loaded(test, 'exits', { handler: 'interrupts' });
    assert.equal((await interrupted.invoke()).error, 'KeyboardInterrupt');
  });

  it('a handler that ends its process has said its last words', async (test) => {
    const worker = await loaded(test, 'exits');
    worker.send({ type: 'invoke', id: 9, remaining_ms: 1000, event: {}, body: { kind: 'none' } });
    assert.equal(await worker.exited, 7);
    const log = worker.messages.find((message) => message.type === 'log');
    assert.deepEqual(log, { type: 'log', id: 9, stream: 'stdout', text: 'last words\n' });
  });

  it('a handler that closes the connection ends its process', async (test) => {
    const worker = await loaded(test, 'exits', { handler: 'closes' });
    worker.send({ type: 'invoke', id: 9, remaining_ms: 1000, event: {}, body: { kind: 'none' } });
    assert.equal(await worker.exited, 1);
  });

  it('replaced library functions do not break the frames', async (test) => {
    const worker = await loaded(test, 'poison');
    assert.equal(
      (await worker.invoke({ event: { query: { case: 'poison' } } })).body.toString(),
      'still framed',
    );
    assert.equal((await worker.invoke()).body.toString(), 'still framed');
  });
});

describe('python loading', { skip }, () => {
  it('a syntax error is one line with file and line', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'syntax-error');
    assert.equal(
      verdict.type === 'load_failed' && verdict.error,
      "SyntaxError: '{' was never closed (handler.py:2)",
    );
  });

  it('a failure at load time is one line, with a traceback of user code and what was printed', async (test) => {
    const worker = startWorker(test);
    const verdict = await loadBehaviour(worker, 'load-throws');
    assert.ok(verdict.type === 'load_failed');
    assert.equal(verdict.error, 'RuntimeError: bad start second line');
    assert.match(verdict.detail, /^Traceback[^\n]*\n {2}File "[^"]*load-throws\/handler\.py"/);
    assert.equal(worker.looseOutput('stderr'), 'loading\n');
    assert.equal(await worker.exited, 1);
  });

  it('a script that ends itself while it is loaded is no function', async (test) => {
    const verdict = await loadBehaviour(startWorker(test), 'load-exits');
    assert.equal(verdict.type === 'load_failed' && verdict.error, 'module exited while it was loaded');
  });

  it('the environment is there at load time, and each call has a copy of its own', async (test) => {
    const worker = await loaded(test, 'environment', {
      env: { GREETING: 'grüß dich', 'BAD=NAME': 'x', NUL: 'a\0b' },
    });
    for (let call = 0; call < 2; call += 1) {
      const seen = jsonOf(await worker.invoke()) as Record<string, unknown>;
      assert.deepEqual([seen.atLoad, seen.now, seen.event], ['grüß dich', 'grüß dich', 'grüß dich']);
      // Node gives this one to every child process while coverage is measured, whatever `env` says.
      const names = (seen.names as string[]).filter((name) => name !== 'NODE_V8_COVERAGE');
      assert.deepEqual(names, ['GREETING', 'LANG', 'PATH']);
    }
  });

  it('nothing of the worker shows in __main__, argv or on the import path', async (test) => {
    const entry = join(behaviourFolder('environment'), 'handler.py');
    const seen = jsonOf(await (await loaded(test, 'environment')).invoke()) as Record<string, unknown>;
    assert.deepEqual(seen.main, []);
    assert.deepEqual(seen.argv, [entry]);
    assert.equal(seen.name, 'handler');
    assert.equal(String(seen.encoding).toLowerCase(), 'utf-8');
    assert.doesNotMatch((seen.path as string[]).join('\n'), /runtimes\/python|site-packages/);
  });

  it('a helper beside the handler is found, and no file in a routes folder hides a library module', async (test) => {
    const answer = jsonOf(await (await loaded(test, 'own-helper')).invoke());
    assert.deepEqual(answer, { word: 'own', email: 'Thu, 01 Jan 1970 00:00:00 -0000' });
  });

  it('a file named [id].py loads, and finds dependencies of its folder and of the one above', async (test) => {
    const folder = await temporaryFolder(test);
    const dynamic = join(folder, '[team]');
    await mkdir(join(folder, '.deps'), { recursive: true });
    await mkdir(join(dynamic, '.deps'), { recursive: true });
    await writeFile(join(folder, '.deps', 'above.py'), 'word = "above"');
    await writeFile(join(dynamic, '.deps', 'here.py'), 'word = "here"');
    await writeFile(
      join(dynamic, '[id].py'),
      'import above, here\ndef handler(event): return [above.word, here.word, __name__]\n',
    );
    const worker = startWorker(test, pythonProgram());
    const verdict = await worker.load({ entry: join(dynamic, '[id].py') });
    assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
    assert.deepEqual(jsonOf(await worker.invoke()), ['above', 'here', 'fastfn_function']);
  });

  it('leaves no bytecode beside user code', async (test) => {
    const folder = await temporaryFolder(test);
    await writeFile(join(folder, 'handler.py'), 'import helper\ndef handler(event): return "x"\n');
    await writeFile(join(folder, 'helper.py'), '');
    const worker = startWorker(test, pythonProgram());
    await worker.load({ entry: join(folder, 'handler.py') });
    assert.equal((await worker.invoke()).body.toString(), 'x');
    await assert.rejects(readFile(join(folder, '__pycache__')), { code: 'ENOENT' });
  });
});
