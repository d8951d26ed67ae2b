// One deployment as health and catalog show it.

import type { Deployment } from '../invocation/deployment.ts';

export type StateWord = 'warm' | 'stale' | 'cold';

/** `stale`: it could answer at once, but nobody has asked for longer than its idle time. */
export function stateOf(deployment: Deployment, nowEpochMs: number): StateWord {
  const { warmAt, state } = deployment;
  if (state === 'cold' || warmAt === null) return 'cold';
  const { policy } = deployment.unit;
  const idleTtlSeconds = policy.keepWarm?.idleTtlSeconds ?? policy.workerPool.idleTtlSeconds;
  return nowEpochMs - warmAt > idleTtlSeconds * 1000 ? 'stale' : 'warm';
}

export function describeState(deployment: Deployment, nowEpochMs: number): Record<string, unknown> {
  const { unit, warmAt } = deployment;
  return {
    runtime: unit.runtime,
    name: unit.name,
    ...(unit.version === 'default' ? {} : { version: unit.version }),
    key: unit.key,
    state: stateOf(deployment, nowEpochMs),
    ...(warmAt === null ? {} : { warm_at: warmAt / 1000 }),
    ...(unit.policy.keepWarm === null ? {} : { keep_warm: describeKeepWarm(deployment) }),
    worker_pool: describePool(deployment),
    workers: describeWorkers(deployment),
  };
}

function describeKeepWarm(deployment: Deployment): Record<string, unknown> {
  const { keepWarm } = deployment.unit.policy;
  return {
    enabled: keepWarm?.enabled ?? false,
    min_warm: keepWarm?.minWarm,
    ping_every_seconds: keepWarm?.pingEverySeconds,
    idle_ttl_seconds: keepWarm?.idleTtlSeconds,
  };
}

function describePool(deployment: Deployment): Record<string, unknown> {
  const { gate } = deployment;
  const pool = deployment.unit.policy.workerPool;
  const { overflow, queueTimeout } = gate.drops;
  return {
    enabled: pool.declared && pool.enabled,
    min_warm: pool.minWarm,
    max_workers: pool.maxWorkers,
    max_queue: pool.maxQueue,
    idle_ttl_seconds: pool.idleTtlSeconds,
    queue_timeout_ms: pool.queueTimeoutMs,
    queue_poll_ms: pool.queuePollMs,
    overflow_status: pool.overflowStatus,
    active: gate.active,
    queued: gate.queued,
    queue_drops: { overflow, timeout: queueTimeout, total: overflow + queueTimeout },
  };
}

/** Processes, where the pool policy above counts invocations. */
function describeWorkers(deployment: Deployment): Record<string, unknown> {
  const { ready, starting, waiting, poisoned, failure } = deployment.pool.stats();
  const last = failure === null ? {} : { last_error: deployment.redactor.mask(failure) };
  return { ready, starting, waiting, poisoned, ...last };
}
