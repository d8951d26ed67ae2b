import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { endProcessesOf } from '../../../src/supervisor/left-over-processes.ts';

test('left-over processes: those with a HOME in the folder are ended, others live', async () => {
  const start = (home: string) => spawn('sleep', ['30'], { env: { HOME: home }, stdio: 'ignore' });
  const folder = `/tmp/fastfn-no-such-folder-${process.pid}`;
  const ours = [start(folder), start(`${folder}/a`)];
  const others = [start(`${folder}-other`), start('/')];
  try {
    await Promise.all([...ours, ...others].map((child) => once(child, 'spawn')));
    const exits = ours.map((child) => once(child, 'exit'));
    assert.equal(endProcessesOf(folder), 2);
    await Promise.all(exits);
    assert.deepEqual(
      others.map(({ exitCode, signalCode }) => exitCode ?? signalCode),
      [null, null],
    );
  } finally {
    for (const child of others) child.kill('SIGKILL');
  }
});
