// A worker may know headers again that it has checked before: what is equal but another text must not pass for them.

import assert from 'node:assert/strict';
import type { WorkerProcess } from './harness.ts';

/** Needs the behaviour `equal-heads`. @param fraction the text of 1.0 in this language */
export async function checkEqualHeads(worker: WorkerProcess, fraction: string): Promise<void> {
  const ask = (name: string) => worker.invoke({ event: { query: { case: name } } });
  const texts = ['1', '1', 'true', fraction, ['1'], undefined, '1'];
  for (let round = 0; round < 2; round += 1) {
    for (const [index, text] of texts.entries()) {
      const { headers } = await ask(String(index));
      assert.deepEqual(headers, text === undefined ? {} : { 'x-a': text }, `value ${index}`);
    }
    for (const name of ['shared one', 'shared two']) {
      assert.deepEqual((await ask(name)).headers, { 'x-a': name });
    }
  }
  // Within the maximum as headers, over it once JSON has escaped them: no answer frame can hold the block.
  const wide = await ask('wide');
  assert.equal(Object.values(wide.headers).join('').length, 64_000);
  assert.deepEqual([wide.bodyKind, wide.body.toString()], ['text', 'wide']);
}
