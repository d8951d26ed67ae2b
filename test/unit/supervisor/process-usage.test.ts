import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpuMs, parseStatus, processUsage } from '../../../src/supervisor/process-usage.ts';

test('process usage: the kernel tells our own, and nothing of a process that is not there', () => {
  const own = processUsage.readUsage(process.pid);
  assert.ok(own !== null && Math.abs(own.memoryBytes - process.memoryUsage.rss()) < 50_000_000);
  assert.ok(own.threads >= 4 && own.threads < 200);
  const { user, system } = process.cpuUsage();
  const cpuMs = processUsage.readCpuMs(process.pid) ?? 0;
  assert.ok(Math.abs(cpuMs - (user + system) / 1000) < 100, `${cpuMs} ms`);
  assert.equal(processUsage.readUsage(0x7fff_ffff), null);
  assert.equal(processUsage.readCpuMs(0x7fff_ffff), null);
});

test('process usage: swapped-out memory counts, and a name full of brackets hides nothing', () => {
  assert.deepEqual(parseStatus('Name:\tVmRSS:  9 kB\nVmRSS:\t  10 kB\nVmSwap:\t 5 kB\nThreads:\t7\n'), {
    memoryBytes: 15 * 1024,
    threads: 7,
  });
  assert.deepEqual(parseStatus('State:\tZ (zombie)\nThreads:\t1\n'), { memoryBytes: 0, threads: 1 });
  const fields = Array.from({ length: 50 }, (_, index) => String(index + 3));
  assert.equal(parseCpuMs(`7 (a) S (b c) ${fields.join(' ')}`), (14 + 15) * 10);
});
