import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { parseMember, parseOwnMemory, readGroup } from '../../../src/supervisor/group-usage.ts';

const stat = (state: string, name = 'sh') =>
  `12 (${name}) ${state} 1 77 77 0 -1 4194304 100 0 0 0 5 6 0 0 20 0 3 0 1000 2000 30`;

test('group usage: a member is known by its group; its name cannot pretend another', () => {
  assert.deepEqual(parseMember(stat('S')), { group: 77, threads: 3 });
  assert.deepEqual(parseMember(stat('R', 'a) S 1 99 99 ('))?.group, 77);
});

test('group usage: the dead use nothing', () => {
  assert.equal(parseMember(stat('Z')), null);
  assert.equal(parseMember(''), null);
});

test('group usage: mapped files are nobody’s own memory', () => {
  const status = 'VmRSS:\t 900 kB\nRssAnon:\t 100 kB\nRssFile:\t 700 kB\nRssShmem:\t 50 kB\nVmSwap:\t 7 kB\n';
  assert.equal(parseOwnMemory(status), 157 * 1024);
});

test('group usage: finds a whole group, orphans too', async () => {
  const child = spawn('sh', ['-c', '(sleep 30 & sleep 30 &) ; sleep 30 & echo ready; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const group = child.pid ?? assert.fail('not started');
  try {
    await once(child.stdout, 'data');
    const usage = readGroup(group);
    assert.equal(usage.pids.length, 4);
    assert.equal(usage.threads, 4);
    assert.ok(usage.memoryBytes > 0);
  } finally {
    process.kill(-group, 'SIGKILL');
    await once(child, 'exit');
  }
});
