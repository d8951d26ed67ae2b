// The product's own numbers, in Prometheus terms (https://prometheus.io/docs/practices/naming/): one registry a gateway.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** Creates a registry with every series the gateway exports. Labels are bounded: function keys, codes, runtimes. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'fastfn_requests_total',
      help: 'Requests answered, by function key (empty when none matched) and status',
      labelNames: ['function', 'status'] as const,
      registers,
    }),
    duration: new Histogram({
      name: 'fastfn_invocation_duration_seconds',
      help: 'From admission to the last byte handed to the client, by function and status',
      labelNames: ['function', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    active: new Gauge({
      name: 'fastfn_invocations_active',
      help: 'Invocations that hold a slot',
      labelNames: ['function'] as const,
      registers,
    }),
    queued: new Gauge({
      name: 'fastfn_invocations_queued',
      help: 'Invocations that wait for a slot',
      labelNames: ['function'] as const,
      registers,
    }),
    drops: new Counter({
      name: 'fastfn_queue_drops_total',
      help: 'Invocations refused by admission, by reason (overflow, queue_timeout, rate_limit, load)',
      labelNames: ['function', 'reason'] as const,
      registers,
    }),
    workers: new Gauge({
      name: 'fastfn_workers',
      help: 'Worker processes, by runtime and state',
      labelNames: ['runtime', 'state'] as const,
      registers,
    }),
    coldStarts: new Counter({
      name: 'fastfn_cold_starts_total',
      help: 'Workers started because an invocation had to wait for one',
      labelNames: ['function'] as const,
      registers,
    }),
    restarts: new Counter({
      name: 'fastfn_worker_exits_total',
      help: 'Workers that ended, by runtime and cause',
      labelNames: ['runtime', 'cause'] as const,
      registers,
    }),
    startSeconds: new Histogram({
      name: 'fastfn_worker_start_seconds',
      help: 'From the decision to start a worker to its ready message',
      labelNames: ['runtime'] as const,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    ...buildMetrics(registers),
    reloads: new Counter({
      name: 'fastfn_reloads_total',
      help: 'Catalog swaps, by outcome (ok, failed)',
      labelNames: ['outcome'] as const,
      registers,
    }),
  };
}

function buildMetrics(registers: Registry[]) {
  return {
    builds: new Counter({
      name: 'fastfn_builds_total',
      help: 'Builds of dependencies and programs, by runtime and outcome (built, failed, timeout, limit, host, cancelled)',
      labelNames: ['runtime', 'outcome'] as const,
      registers,
    }),
    buildSeconds: new Histogram({
      name: 'fastfn_build_duration_seconds',
      help: 'From the first step of a build to its end, by runtime and outcome',
      labelNames: ['runtime', 'outcome'] as const,
      buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
      registers,
    }),
    buildsRunning: new Gauge({
      name: 'fastfn_builds_running',
      help: 'Builds that run now, by runtime',
      labelNames: ['runtime'] as const,
      registers,
    }),
  };
}
