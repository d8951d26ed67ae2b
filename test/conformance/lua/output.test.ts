// What a Lua function prints: captured, attributed to its call, bounded, also where the call fails.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded, loadedSource } from './lua-worker.ts';

describe('output of Lua functions', () => {
  it('print goes to stdout with tabs, warn to stderr', async (test) => {
    const answer = await (await loaded(test, 'prints')).invoke();
    assert.deepEqual([answer.stdout, answer.stderr], ['one\t2\tnil\ttrue\ntwo\n', 'to stderr\n']);
  });

  it('it is there when the handler fails', async (test) => {
    const answer = await (await loaded(test, 'prints', { handler: 'fails' })).invoke();
    assert.equal(answer.stdout, 'printed before it failed\n');
    assert.match(answer.error ?? '', /boom$/);
  });

  it('it leaves while the handler still runs', async (test) => {
    const worker = await loadedSource(test, 'function handler() print("begun") while true do end end');
    const { id, answer } = worker.begin();
    await worker.waitFor((message) => message.type === 'log' && message.text === 'begun\n');
    worker.send({ type: 'cancel', id, reason: 'deadline' });
    await answer;
  });

  it('more than the maximum is cut, and says so once', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'floods', maxOutputBytes: 1000 });
    const { stdout, body } = await worker.invoke();
    assert.equal(body.toString(), 'done');
    assert.match(stdout, /\n\[output cut: more than 1000 bytes\]\n$/);
    assert.ok(stdout.length < 1_100);
  });

  it('at the top of the file it belongs to no call', async (test) => {
    const worker = await loadedSource(test, 'print("at the top") return function() end');
    assert.equal((await worker.invoke()).stdout, '');
    assert.equal(worker.looseOutput('stdout'), 'at the top\n');
    assert.equal(worker.rawOutput, '');
  });
});
