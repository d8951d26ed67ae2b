// What a Python handler prints: captured, bounded, told apart by invocation (contract/invocation.md 11).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogMessage } from '../../../src/protocol/messages.ts';
import type { WorkerProcess } from '../harness.ts';
import { loaded, skip } from './python-worker.ts';

function logsOf(worker: WorkerProcess, id: number): LogMessage[] {
  return worker.messages.filter((message) => message.type === 'log').filter((message) => message.id === id);
}

describe('python output', { skip }, () => {
  it('print, logging, sys.stdout.buffer and an unfinished line are captured before the answer', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'plain' });
    const answer = await worker.invoke();
    assert.equal(answer.stdout, 'one two\nbytes ü\nunfinished');
    assert.equal(answer.stderr, 'WARNING:root:a warning of logging\n');
    assert.equal(worker.rawOutput, '');
    assert.equal((await worker.invoke()).stdout, 'one two\nbytes ü\nunfinished', 'nothing is left over');
  });

  it('overlapping calls keep their output apart', async (test) => {
    const worker = await loaded(test, 'prints');
    const names = Array.from({ length: 20 }, (_, index) => `call${index}`);
    const answers = await Promise.all(
      names.map((name, index) =>
        worker.invoke({ event: { query: { name, wait: String((20 - index) * 3) } } }),
      ),
    );
    answers.forEach((answer, index) => {
      assert.equal(answer.stdout, `${names[index]} begins\n${names[index]} ends\n`);
      assert.equal(answer.stderr, `${names[index]} warns\n`);
    });
  });

  it('a line is sent at once, so that it is not lost when the handler hangs', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'hangs' });
    const heard = worker.waitFor((message) => message.type === 'log');
    worker.send({ type: 'invoke', id: 5, remaining_ms: 100, event: {}, body: { kind: 'none' } });
    assert.deepEqual(await heard, { type: 'log', id: 5, stream: 'stdout', text: 'before it hangs\n' });
  });

  it('a handler that hangs ends with its connection', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'hangs' });
    const heard = worker.waitFor((message) => message.type === 'log');
    worker.send({ type: 'invoke', id: 5, remaining_ms: 100, event: {}, body: { kind: 'none' } });
    await heard;
    assert.equal(await worker.close(), 0);
  });

  it('output after the answer belongs to no invocation', async (test) => {
    for (const handler of ['handler', 'plain']) {
      const worker = await loaded(test, 'prints-late', { handler });
      const heard = worker.waitFor((message) => message.type === 'log');
      const answer = await worker.invoke();
      assert.equal(answer.stdout, '');
      assert.deepEqual(await heard, { type: 'log', id: 0, stream: 'stdout', text: 'late\n' });
    }
  });

  it('output beyond the limit is dropped with one mark', async (test) => {
    const worker = await loaded(test, 'floods', { maxOutputBytes: 10_000 });
    for (let call = 0; call < 2; call += 1) {
      const answer = await worker.invoke();
      assert.equal(answer.body.toString(), 'done');
      assert.equal(answer.stdout.slice(0, 14), 'line 0\nline 1\n');
      assert.equal(answer.stdout.match(/\[output cut: more than 10000 bytes\]\n$/g)?.length, 1);
      assert.ok(Buffer.byteLength(answer.stdout) < 10_000 + 100);
      assert.equal(answer.stderr, '');
    }
  });

  it('a line that does not end goes out in pieces the gateway takes, without a broken character', async (test) => {
    const worker = await loaded(test, 'floods', { handler: 'one_line', maxOutputBytes: 1_000_000 });
    const answer = await worker.invoke();
    assert.equal(answer.stdout, 'ä'.repeat(100_000));
    const sizes = logsOf(worker, 1).map((log) => Buffer.byteLength(log.text));
    assert.ok(
      sizes.every((size) => size > 0 && size <= 16_384),
      String(sizes),
    );
  });

  it('what is written to the descriptor itself stays out of the protocol', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'raw' });
    assert.equal((await worker.invoke()).body.toString(), '1');
    await worker.close();
    assert.equal(worker.rawOutput, 'straight to the descriptor\n');
  });

  it('a handler that closes its stdout is still heard', async (test) => {
    const worker = await loaded(test, 'prints', { handler: 'closes' });
    assert.equal((await worker.invoke()).stdout, 'still heard\n');
    assert.equal((await worker.invoke()).stdout, 'still heard\n');
  });
});
