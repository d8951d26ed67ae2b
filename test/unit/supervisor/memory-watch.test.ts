import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryWatch, readMemory } from '../../../src/supervisor/memory-watch.ts';
import { FakeClock } from '../../fakes/clock.ts';

function create() {
  const clock = new FakeClock();
  const used = new Map<number, number>();
  let reads = 0;
  const watch = new MemoryWatch(clock, (pid) => {
    reads += 1;
    return used.get(pid) ?? null;
  });
  return { clock, used, watch, reads: () => reads };
}

test('memory watch: a process over its limit is told once', () => {
  const { clock, used, watch } = create();
  const exceeded: number[] = [];
  watch.add({ pid: 7, memoryBytes: 100, exceeded: (bytes) => exceeded.push(bytes) });
  used.set(7, 100);
  clock.advance(1_000);
  assert.deepEqual(exceeded, []);
  used.set(7, 101);
  clock.advance(5_000);
  assert.deepEqual(exceeded, [101]);
  assert.equal(clock.pending, 0);
});

test('memory watch: past half of a limit it looks more often', () => {
  const { clock, used, watch, reads } = create();
  watch.add({ pid: 7, memoryBytes: 100, exceeded: () => {} });
  used.set(7, 50);
  clock.advance(3_000);
  assert.equal(reads(), 3);
  used.set(7, 51);
  clock.advance(2_000);
  assert.equal(reads(), 3 + 1 + 5);
});

test('memory watch: a process that was removed is not looked at, and nobody costs no timer', () => {
  const { clock, watch, reads } = create();
  const process = { pid: 7, memoryBytes: 100, exceeded: () => assert.fail('told') };
  watch.add(process);
  watch.remove(process);
  clock.advance(10_000);
  assert.equal(reads(), 0);
  assert.equal(clock.pending, 0);
});

test('memory watch: the kernel tells our own memory, and nothing of a process that is not there', () => {
  const own = readMemory(process.pid);
  assert.ok(own !== null && Math.abs(own - process.memoryUsage.rss()) < 50_000_000);
  assert.equal(readMemory(0x7fff_ffff), null);
});
