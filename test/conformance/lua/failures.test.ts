// Errors of a Lua handler, and code that does not end by itself: one answer each, in Lua's words, and the worker goes on.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeMessage, sampleEvent } from '../harness.ts';
import { loaded, loadedSource, suiteWorker } from './lua-worker.ts';

const messages: Readonly<Record<string, RegExp>> = {
  error: /^lua handler error: handler\.lua:4: boom$/,
  plain: /^lua handler error: without a place$/,
  index: /^lua handler error: handler\.lua:\d+: attempt to index a nil value \(field 'nothing'\)$/,
  table: /^lua handler error: \(error object is a table value\)$/,
  spoken: /^lua handler error: spoken$/,
  mute: /^lua handler error: /,
  nil: /^lua handler error: (nil|\(error object is a nil value\))$/,
  long: /^lua handler error: ü+$/,
  recursion: /^lua handler error: (handler\.lua:\d+: stack overflow|not enough memory$)/,
  callbacks: /^lua handler error: C stack overflow$/,
  coroutine: /^lua handler error: .*handler\.lua:4: boom$/,
  yield: /^lua handler error: attempt to yield from outside a coroutine$/,
  memory: /^lua handler error: not enough memory$/,
  rep: /^lua handler error: handler\.lua:\d+: resulting string too large$/,
  half: /^lua handler error: not enough memory$/,
  nan: /^Cannot serialise number: must not be NaN or Infinity$/,
  circular: /^Cannot serialise, excessive depth \(1001\)$/,
  code: /^Cannot serialise function: type not supported$/,
  key: /^Cannot serialise table: table key must be a number or string$/,
  bytes: /^Cannot serialise string: its bytes are not UTF-8 text$/,
};

describe('failures of a Lua handler', () => {
  // So little memory that to fill it takes no time.
  const worker = suiteWorker((owner) => loaded(owner, 'throws', { memoryMb: 160 }));

  for (const [name, message] of Object.entries(messages)) {
    it(`${name}: one error, with what was printed before, and the next call is served`, async () => {
      const answer = await worker().invoke({ event: { query: { case: name } } });
      assert.equal(answer.status, null);
      assert.match(answer.error ?? '', message);
      assert.equal(answer.stdout, 'about to fail\n');
      const next = await worker().invoke({ event: { query: { case: 'plain' } } });
      assert.equal(next.error, 'lua handler error: without a place');
    });
  }

  it('the traceback is in the detail, with places in the function and nowhere else', async () => {
    const { detail } = await worker().invoke({ event: { query: { case: 'error' } } });
    assert.match(
      detail ?? '',
      /boom\nstack traceback:\n(.*\n)*.*handler\.lua:6: in (.*\n)*.*handler\.lua:\d+: in/,
    );
    assert.doesNotMatch(detail ?? '', /\/\w+\//);
  });

  it('memory is held to the limit of the worker', async () => {
    await worker().invoke({ event: { query: { case: 'memory' } } });
    const status = (await import('node:fs')).readFileSync(`/proc/${worker().child.pid}/status`, 'utf8');
    const residentMb = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    assert.ok(residentMb < 200, `${residentMb} MiB`);
  });
});

describe('Lua code that does not end', () => {
  for (const name of ['loop', 'caught', 'coroutine']) {
    for (const [reason, why] of [
      ['deadline', 'its deadline has passed'],
      ['client_closed', 'the client has gone'],
    ] as const) {
      it(`${name} ends by a cancel: ${reason}`, async (test) => {
        const worker = await loaded(test, 'endless');
        const { id, answer } = worker.begin({ event: { query: { case: name } } });
        worker.send({ type: 'cancel', id, reason });
        const { error } = await answer;
        assert.match(error ?? '', new RegExp(`^lua handler error: .*invocation cancelled: ${why}$`));
        assert.equal((await worker.invoke({ event: { query: { case: 'calls' } } })).body.toString(), '1');
      });
    }
  }

  it('a ping is answered while it runs', async (test) => {
    const worker = await loaded(test, 'endless');
    const { id, answer } = worker.begin({ event: { query: { case: 'loop' } } });
    const pong = worker.waitFor((message) => message.type === 'pong');
    worker.send({ type: 'ping', n: 5 });
    assert.deepEqual(await pong, { type: 'pong', n: 5 });
    worker.send({ type: 'cancel', id, reason: 'deadline' });
    await answer;
  });

  it('a ping that came together with the call is answered too', async (test) => {
    const worker = await loaded(test, 'endless');
    const answer = worker.expect(900);
    const pong = worker.waitFor((message) => message.type === 'pong');
    const event = sampleEvent({ query: { case: 'loop' } });
    const invoke = { type: 'invoke', id: 900, remaining_ms: 5000, event, body: { kind: 'none' } };
    worker.sendRaw(Buffer.concat([encodeMessage(invoke), encodeMessage({ type: 'ping', n: 6 })]));
    assert.deepEqual(await pong, { type: 'pong', n: 6 });
    worker.send({ type: 'cancel', id: 900, reason: 'deadline' });
    await answer;
  });

  it('end of file ends the worker with status 0', async (test) => {
    const worker = await loaded(test, 'endless');
    worker.begin({ event: { query: { case: 'loop' } } });
    assert.equal(await worker.close(), 0);
  });

  it('a coroutine that was stopped once runs at full pace in the next call', async (test) => {
    const worker = await loadedSource(
      test,
      `local kept = coroutine.wrap(function()
        while true do
          pcall(function() while true do end end)
          coroutine.yield()
          local n = 0
          for i = 1, 1000000 do n = n + i end
          coroutine.yield(n)
        end
      end)
      function handler(e) return kept() end`,
    );
    const { id, answer } = worker.begin();
    worker.send({ type: 'cancel', id, reason: 'deadline' });
    assert.match((await answer).error ?? '', /cancelled/);
    // The error reached the pcall inside first, and the coroutine died of the next one or waits at its yield.
    const next = await worker.invoke();
    assert.match(next.error ?? next.body.toString(), /^(500000500000|.*cannot resume dead coroutine|)$/);
  });
});
