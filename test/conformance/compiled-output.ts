// What a compiled handler prints: captured, bounded, never the frame (contract/invocation.md 11).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CompiledProgram, forCase } from './compiled-worker.ts';

/** @param stderr what the case `prints` writes there */
export function describeOutput(title: string, program: () => CompiledProgram, stderr: string): void {
  describe(title, () => {
    it('both streams and an unfinished line are captured before the answer', async (test) => {
      const worker = await program().loaded(test);
      for (let call = 0; call < 2; call += 1) {
        const answer = await worker.invoke(forCase('prints'));
        assert.equal(answer.body.toString(), 'done');
        assert.equal(answer.stdout, 'one two\nunfinished');
        assert.equal(answer.stderr, stderr);
      }
      assert.equal(worker.rawOutput, '');
    });

    it('what is printed before a failure is kept', async (test) => {
      const answer = await (await program().loaded(test)).invoke(forCase('prints-then-fails'));
      assert.match(answer.error ?? '', /handler panicked: failed$/);
      assert.equal(answer.stdout, 'before it fails\n');
    });

    it('a line is sent at once, so that it is not lost when the handler hangs', async (test) => {
      const worker = await program().loaded(test);
      const heard = worker.waitFor((message) => message.type === 'log');
      worker.send({
        type: 'invoke',
        id: 5,
        remaining_ms: 100,
        ...forCase('prints-then-hangs'),
        body: { kind: 'none' },
      });
      assert.deepEqual(await heard, { type: 'log', id: 5, stream: 'stdout', text: 'before it hangs\n' });
    });

    it('output beyond the limit is dropped with one mark', async (test) => {
      const worker = await program().loaded(test, { maxOutputBytes: 10_000 });
      for (let call = 0; call < 2; call += 1) {
        const answer = await worker.invoke(forCase('floods'));
        assert.equal(answer.body.toString(), 'done');
        assert.equal(answer.stdout.slice(0, 14), 'line 0\nline 1\n');
        assert.equal(answer.stdout.match(/\[output cut: more than 10000 bytes\]\n/g)?.length, 1);
        assert.ok(Buffer.byteLength(answer.stdout) < 10_000 + 100);
      }
    });

    it('a line that does not end goes out in pieces the gateway takes, without a broken character', async (test) => {
      const worker = await program().loaded(test, { maxOutputBytes: 1_000_000 });
      assert.equal((await worker.invoke(forCase('one-line'))).stdout, 'ä'.repeat(100_000));
      const sizes = worker.messages.flatMap((message) =>
        message.type === 'log' ? [Buffer.byteLength(message.text)] : [],
      );
      assert.ok(sizes.length > 1);
      assert.ok(sizes.every((size) => size > 0 && size <= 16_384));
    });

    it('what is written to the descriptor itself stays out of the protocol', async (test) => {
      const worker = await program().loaded(test);
      assert.equal((await worker.invoke(forCase('raw-descriptor'))).body.toString(), 'done');
      await worker.close();
      assert.equal(worker.rawOutput, 'straight to the descriptor\n');
    });
  });
}
