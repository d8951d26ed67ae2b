import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { AdmissionGate, type Slot } from '../../../src/invocation/admission.ts';
import type { WorkerPoolPolicy } from '../../../src/policy/function-policy.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { poolPolicy } from '../../fakes/function-unit.ts';
import { settle } from './support.ts';

const patient = new AbortController().signal;
const later = 1_000_000;

function gateOf(policy: Partial<WorkerPoolPolicy>) {
  const clock = new FakeClock();
  const dropped: string[] = [];
  const gate = new AdmissionGate(poolPolicy(policy), clock, { dropped: (reason) => dropped.push(reason) });
  return { clock, gate, dropped };
}

function now(entered: Slot | Promise<Slot>): Slot {
  assert.ok(!(entered instanceof Promise), 'admitted at once');
  return entered;
}

const overflow = (status: number) => (error: unknown) => {
  assert.ok(error instanceof GatewayError);
  assert.equal(error.message, 'worker pool overflow');
  assert.equal(error.status, status);
  assert.equal(error.headers['Retry-After'], '1');
  return true;
};

describe('admission gate', () => {
  test('beyond max_workers without a queue it refuses with overflow_status and Retry-After', async () => {
    for (const overflowStatus of [429, 503] as const) {
      const { gate, dropped } = gateOf({ maxWorkers: 1, overflowStatus });
      const slot = now(gate.enter(later, patient));
      assert.throws(() => gate.enter(later, patient), overflow(overflowStatus));
      assert.deepEqual(dropped, ['overflow']);
      slot.release();
      await settle();
      assert.equal(now(gate.enter(later, patient)).queued, false);
    }
  });

  test('0 workers or enabled false is no gate, and still counts', () => {
    for (const policy of [{ maxWorkers: 0 }, { maxWorkers: 1, enabled: false }]) {
      const { gate } = gateOf(policy);
      const slots = Array.from({ length: 50 }, () => now(gate.enter(later, patient)));
      assert.equal(gate.active, 50);
      for (const slot of slots) slot.release();
      assert.equal(gate.active, 0);
    }
  });

  test('those who wait are served in the order in which they came', async () => {
    const { gate } = gateOf({ maxWorkers: 1, maxQueue: 3, queueTimeoutMs: 1000 });
    const first = now(gate.enter(later, patient));
    const order: number[] = [];
    const waits = [1, 2, 3].map(async (n) => {
      const slot = await gate.enter(later, patient);
      order.push(n);
      assert.equal(slot.queued, true);
      slot.release();
    });
    assert.equal(gate.queued, 3);
    assert.throws(() => gate.enter(later, patient), overflow(429));
    first.release();
    await Promise.all(waits);
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(gate.active, 0);
  });

  test('a newcomer does not overtake those who wait', async () => {
    const { gate } = gateOf({ maxWorkers: 1, maxQueue: 2, queueTimeoutMs: 1000 });
    const first = now(gate.enter(later, patient));
    const order: string[] = [];
    const old = Promise.resolve(gate.enter(later, patient)).then((slot) => {
      order.push('old');
      slot.release();
    });
    first.release();
    const young = Promise.resolve(gate.enter(later, patient)).then((slot) => {
      order.push('young');
      slot.release();
    });
    await Promise.all([old, young]);
    assert.deepEqual(order, ['old', 'young']);
  });

  test('the queue timeout gives the place up and is counted', async () => {
    const { gate, clock, dropped } = gateOf({ maxWorkers: 1, maxQueue: 1, queueTimeoutMs: 100 });
    const slot = now(gate.enter(later, patient));
    const waiting = assert.rejects(Promise.resolve(gate.enter(later, patient)), {
      message: 'worker pool queue timeout',
      status: 429,
    });
    clock.advance(100);
    await waiting;
    assert.equal(gate.queued, 0);
    assert.deepEqual(gate.drops, { overflow: 0, queueTimeout: 1 });
    assert.deepEqual(dropped, ['queue_timeout']);
    slot.release();
    await settle();
    assert.equal(now(gate.enter(later, patient)).queued, false);
    assert.equal(clock.pending, 0);
  });

  test('queue_timeout_ms 0 never waits', () => {
    const { gate } = gateOf({ maxWorkers: 1, maxQueue: 5, queueTimeoutMs: 0 });
    now(gate.enter(later, patient));
    assert.throws(() => gate.enter(later, patient), { message: 'worker pool queue timeout' });
  });

  test('a deadline that comes first ends the wait with 504, a tie with the queue timeout does not', async () => {
    const { gate, clock } = gateOf({ maxWorkers: 1, maxQueue: 2, queueTimeoutMs: 100 });
    now(gate.enter(later, patient));
    const early = assert.rejects(Promise.resolve(gate.enter(50, patient)), { code: 'invocation_timeout' });
    const tie = assert.rejects(Promise.resolve(gate.enter(100, patient)), { code: 'overloaded' });
    clock.advance(100);
    await Promise.all([early, tie]);
  });

  test('a client that leaves frees its place at once', async () => {
    const { gate, clock } = gateOf({ maxWorkers: 1, maxQueue: 1, queueTimeoutMs: 1000 });
    const slot = now(gate.enter(later, patient));
    const client = new AbortController();
    const gone = assert.rejects(Promise.resolve(gate.enter(later, client.signal)), { code: 'client_closed' });
    client.abort();
    await gone;
    assert.equal(gate.queued, 0);
    assert.equal(clock.pending, 0);
    const next = Promise.resolve(gate.enter(later, patient));
    slot.release();
    assert.equal((await next).queued, true);
  });

  test('clients that come and leave in a loop cost neither places nor order', async () => {
    const { gate } = gateOf({ maxWorkers: 1, maxQueue: 2, queueTimeoutMs: 1000 });
    const slot = now(gate.enter(later, patient));
    const steady = Promise.resolve(gate.enter(later, patient));
    for (let i = 0; i < 1000; i++) {
      const client = new AbortController();
      const gone = assert.rejects(Promise.resolve(gate.enter(later, client.signal)), {
        code: 'client_closed',
      });
      client.abort();
      await gone;
    }
    slot.release();
    const served = await steady;
    assert.equal(gate.active, 1);
    served.release();
    await settle();
    assert.equal(now(gate.enter(later, patient)).queued, false);
  });

  test('releasing twice frees one slot only', async () => {
    const { gate } = gateOf({ maxWorkers: 2 });
    const slot = now(gate.enter(later, patient));
    now(gate.enter(later, patient));
    slot.release();
    slot.release();
    await settle();
    assert.equal(gate.active, 1);
    now(gate.enter(later, patient));
    assert.throws(() => gate.enter(later, patient), overflow(429));
  });
});
