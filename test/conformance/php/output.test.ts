// What a PHP handler prints to the standard streams: captured, bounded, never the frame (contract/invocation.md 11).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loaded, skip } from './php-worker.ts';

describe('php output', { skip }, () => {
  it('STDOUT, STDERR, error_log and an unfinished line are captured before the answer', async (test) => {
    const worker = await loaded(test, 'prints');
    for (let call = 0; call < 2; call += 1) {
      const answer = await worker.invoke();
      assert.equal(answer.body.toString(), 'done');
      assert.equal(answer.stdout, 'one two\nunfinished');
      assert.equal(answer.stderr, 'to stderr\nto the log\n');
    }
    assert.equal(worker.rawOutput, '');
  });

  it('a line is sent at once, so that it is not lost when the handler hangs', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'hangs' });
    const heard = worker.waitFor((message) => message.type === 'log');
    worker.send({ type: 'invoke', id: 5, remaining_ms: 100, event: {}, body: { kind: 'none' } });
    assert.deepEqual(await heard, { type: 'log', id: 5, stream: 'stdout', text: 'before it hangs\n' });
    worker.child.kill('SIGKILL');
  });

  it('output beyond the limit is dropped with one mark', async (test) => {
    const worker = await loaded(test, 'floods', { maxOutputBytes: 10_000 });
    for (let call = 0; call < 2; call += 1) {
      const answer = await worker.invoke();
      assert.equal(answer.body.toString(), 'done');
      assert.equal(answer.stdout.slice(0, 14), 'line 0\nline 1\n');
      assert.equal(answer.stdout.match(/\[output cut: more than 10000 bytes\]\n$/g)?.length, 1);
      assert.ok(Buffer.byteLength(answer.stdout) < 10_000 + 100);
    }
  });

  it('a line that does not end goes out in pieces the gateway takes, without a broken character', async (test) => {
    const worker = await loaded(test, 'floods', { handler: 'one_line', maxOutputBytes: 1_000_000 });
    assert.equal((await worker.invoke()).stdout, 'ä'.repeat(100_000));
    const sizes = worker.messages.flatMap((message) =>
      message.type === 'log' ? [Buffer.byteLength(message.text)] : [],
    );
    assert.ok(sizes.length > 1);
    assert.ok(
      sizes.every((size) => size > 0 && size <= 16_384),
      String(sizes),
    );
  });

  it('bytes that are no text become marks, in pieces the gateway takes', async (test) => {
    const worker = await loaded(test, 'floods', { handler: 'bytes', maxOutputBytes: 1_000_000 });
    assert.equal((await worker.invoke()).stdout, '\ufffd'.repeat(40_000));
    for (const message of worker.messages)
      assert.ok(message.type !== 'log' || Buffer.byteLength(message.text) <= 16_384);
  });

  it('what is written to the descriptor itself stays out of the protocol', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'raw' });
    assert.equal((await worker.invoke()).body.toString(), 'done');
    await worker.close();
    assert.equal(worker.rawOutput, 'straight to the descriptor\n');
  });
});
