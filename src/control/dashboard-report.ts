// `GET /_fn/dashboard`: what was measured in the last day, under the contract's names (contract/control-plane.md 9).

import type { Figures, TrafficFigures } from './traffic-figures.ts';

export async function dashboardReport(traffic: TrafficFigures): Promise<Record<string, unknown>> {
  await traffic.sample();
  const { total, buckets, functions } = traffic.report();
  return {
    requests_24h: total.requests,
    errors_24h: total.errors,
    avg_latency_ms: averageMs(total),
    invocations_24h: total.invocations,
    invocations_chart: {
      labels: buckets.map(({ startsAt }) => new Date(startsAt).toISOString()),
      data: buckets.map(({ figures }) => figures.requests),
      errors: buckets.map(({ figures }) => figures.errors),
    },
    functions: Object.fromEntries(
      [...functions].map(([key, figures]) => [
        key,
        { requests: figures.requests, errors: figures.errors, avg_latency_ms: averageMs(figures) },
      ]),
    ),
  };
}

/** 0 where nothing was measured. */
function averageMs({ latencySeconds, invocations }: Figures): number {
  return invocations === 0 ? 0 : Math.round((latencySeconds / invocations) * 1_000_000) / 1000;
}
