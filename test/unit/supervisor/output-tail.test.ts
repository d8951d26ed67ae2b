import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputTail } from '../../../src/supervisor/output-tail.ts';

test('output tail: keeps the last lines of each stream, and so many only', () => {
  const tail = new OutputTail();
  for (let i = 0; i < 100; i += 1) tail.line('stderr', `line ${i}`);
  tail.line('stdout', 'out');
  assert.equal(tail.stderr.length, 40);
  assert.equal(tail.stderr.at(-1), 'line 99');
  assert.deepEqual(tail.stdout, ['out']);
});

test('output tail: what the launcher says is its own, and no line of the tool', () => {
  const tail = new OutputTail();
  tail.line('stderr', '{"launcher":"note","message":"cannot grant x"}');
  tail.line('stderr', '{"launcher":"failed","step":"exec","message":"cannot execve: ENOENT"}');
  tail.line('stderr', '{"launcher":"failed", broken');
  assert.deepEqual(tail.stderr, []);
  assert.equal(tail.launchFailure, 'cannot start: the launcher failed');
});
