// A pool with a clock and processes of the test's own, and the few questions that most of its tests ask.

import assert from 'node:assert/strict';
import { GatewayError } from '../../src/errors.ts';
import type { Lease } from '../../src/workers/lease.ts';
import { type PoolOptions, WorkerPool } from '../../src/workers/pool.ts';
import { FakeClock } from './clock.ts';
import { FakeProcesses } from './worker-processes.ts';

export function createPool(over: Partial<PoolOptions> = {}) {
  const clock = new FakeClock(1_000);
  const processes = new FakeProcesses();
  let coldStarts = 0;
  const pool = new WorkerPool({
    clock,
    processes,
    maxProcesses: 4,
    maxSharedProcesses: 2,
    minWarm: 0,
    idleTtlMs: 300_000,
    callTimeoutMs: 2_500,
    onColdStart: () => {
      coldStarts += 1;
    },
    ...over,
  });
  const acquire = (waitMs = 2_500, signal: AbortSignal | null = null) =>
    pool.acquire(clock.now() + waitMs, signal);
  return { clock, processes, pool, acquire, coldStarts: () => coldStarts };
}

/** Lets promise callbacks run. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** `served`, or the code of the refusal. */
export async function code(waiting: Promise<unknown>): Promise<string> {
  try {
    await waiting;
    return 'served';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

export function lease(pool: WorkerPool): Lease {
  const got = pool.tryAcquire();
  assert.ok(got !== null, 'a worker with room');
  return got;
}
