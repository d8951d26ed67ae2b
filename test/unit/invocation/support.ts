// One deployment on a fake pool and a fake clock, and a way to call it.

import assert from 'node:assert/strict';
import { GatewayError } from '../../../src/errors.ts';
import { Deployment } from '../../../src/invocation/deployment.ts';
import type { CancelSignal, InvocationReply, InvocationRequest } from '../../../src/invocation/invocation.ts';
import { Invoker } from '../../../src/invocation/invoker.ts';
import { silentLog } from '../../../src/log.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakePool } from '../../fakes/fake-pool.ts';
import { functionUnit } from '../../fakes/function-unit.ts';

interface BenchOptions {
  readonly policy?: Parameters<typeof functionUnit>[0];
  readonly secrets?: readonly string[];
  readonly production?: boolean;
}

export function bench(options: BenchOptions = {}) {
  const clock = new FakeClock();
  const pool = new FakePool();
  const unit = functionUnit(options.policy);
  const deployment = new Deployment({ unit, pool, clock, root: '/srv/fns', secrets: options.secrets ?? [] });
  const metrics = createMetrics();
  const invoker = new Invoker({ clock, log: silentLog, metrics, production: options.production ?? false });
  const invoke = (changes: Partial<InvocationRequest> = {}) =>
    invoker.invoke(invocationRequest({ unit, ...changes }), deployment);
  return { clock, pool, unit, deployment, metrics, invoke };
}

export function invocationRequest(changes: Partial<InvocationRequest> = {}): InvocationRequest {
  return {
    id: 'req-1',
    unit: functionUnit(),
    method: 'GET',
    path: '/hello',
    rawPath: '/hello?a=1',
    query: { a: '1' },
    params: {},
    headers: { host: 'localhost' },
    clientIp: '127.0.0.1',
    readBody: () => Promise.resolve(null),
    signal: neverAborted,
    ...changes,
  };
}

const neverAborted: CancelSignal = new AbortController().signal;

/** Lets promise callbacks run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The error that an invocation ends with. */
export async function failure(promise: Promise<InvocationReply>): Promise<GatewayError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError, 'the invocation fails');
  return error;
}

/** Everything of a streamed body. */
export async function bytesOf(reply: InvocationReply): Promise<Buffer> {
  const { body } = reply;
  assert.ok(body !== null && typeof body !== 'string' && !Buffer.isBuffer(body), 'a stream');
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
