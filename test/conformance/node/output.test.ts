// What a Node handler prints: attributed, ordered, bounded (contract/invocation.md 11).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded } from './node-worker.ts';

describe('output of a Node handler', () => {
  it('overlapping calls keep their output apart, and later output is intact', async (test) => {
    const worker = await loaded(test, 'prints');
    const [first, second] = await Promise.all([
      worker.invoke({ event: { query: { name: 'first', wait: '40' } } }),
      worker.invoke({ event: { query: { name: 'second', wait: '5' } } }),
    ]);
    assert.equal(first.stdout, 'first begins { nested: { deep: [ 1 ] } }\nfirst ends\n');
    assert.equal(first.stderr, 'first warns\n');
    assert.equal(second.stdout, 'second begins { nested: { deep: [ 1 ] } }\nsecond ends\n');
    assert.equal(second.stderr, 'second warns\n');
    const third = await worker.invoke({ event: { query: { name: 'third', wait: '0' } } });
    assert.equal(third.stderr, 'third warns\n');
    assert.equal(worker.rawOutput, '');
  });

  it('a long call is heard while it runs', async (test) => {
    const worker = await loaded(test, 'prints');
    const heard = worker.waitFor((message) => message.type === 'log');
    const { answer } = worker.begin({ event: { query: { name: 'slow', wait: '200' } } });
    await heard;
    assert.ok(!worker.messages.some((message) => message.type === 'result'));
    await answer;
  });

  it('output after the answer belongs to no call', async (test) => {
    const worker = await loaded(test, 'prints-late');
    const heard = worker.waitFor((message) => message.type === 'log' && message.id === 0);
    assert.equal((await worker.invoke()).stdout, '');
    await heard;
    assert.equal(worker.looseOutput('stdout'), 'late\n');
  });

  it('a flood is cut with one line that says so, in each call anew', async (test) => {
    const worker = await loaded(test, 'floods', { maxOutputBytes: 20_000 });
    for (let call = 0; call < 2; call += 1) {
      const { stdout, body } = await worker.invoke();
      assert.equal(body.toString(), 'done');
      assert.match(stdout, /^line 0\nline 1\n/);
      assert.match(stdout, /\n\[output cut: more than 20000 bytes\]\n$/);
      assert.ok(stdout.length < 20_100);
    }
  });
});
