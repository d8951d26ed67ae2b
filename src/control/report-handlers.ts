// Endpoints that say how the gateway is: health, readiness, metrics, catalog, reload, the audit log.

import type { FastifyReply } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { ControlHandler } from './access-row.ts';
import { catalogReport, functionList } from './catalog-report.ts';
import type { ControlDeps } from './control-deps.ts';
import { dashboardReport } from './dashboard-report.ts';
import type { HandlerParts } from './handler-parts.ts';
import { fullHealth, publicHealth, readiness } from './health-report.ts';
import { packsReport } from './packs-report.ts';

const defaultAuditLines = 200;

export function reportHandlers({ deps, guards, audit, traffic }: HandlerParts) {
  return {
    health: ({ request, reply, query }) => {
      if (query['ready'] === '1' && !readiness(deps).ready) reply.status(503);
      return guards.isOperator(request) ? fullHealth(deps, Date.now()) : publicHealth(deps, Date.now());
    },
    ready: ({ reply }) => ready(deps, reply),
    metrics: ({ reply }) => metricsText(deps, reply),
    catalog: () => catalogReport(deps, Date.now()),
    functions: () => functionList(deps, Date.now()),
    reload: () => reload(deps),
    dashboard: () => dashboardReport(traffic),
    packs: () => packsReport(deps.catalog().root, Date.now()),
    audit: async ({ query }) => ({ entries: await audit.tail(Number(query['lines'] ?? defaultAuditLines)) }),
    'console page': () => {
      throw new GatewayError('not_found');
    },
  } satisfies Record<string, ControlHandler>;
}

function ready(deps: ControlDeps, reply: FastifyReply): unknown {
  const { ready: isReady, reason } = readiness(deps);
  if (isReady) return { status: 'ready' };
  reply.status(503).header('retry-after', '1');
  return { status: 'not ready', reason };
}

async function metricsText(deps: ControlDeps, reply: FastifyReply): Promise<string> {
  const { metrics } = deps;
  metrics.active.reset();
  metrics.queued.reset();
  for (const { unit, gate } of deps.deployments()) {
    metrics.active.set({ function: unit.key }, gate.active);
    metrics.queued.set({ function: unit.key }, gate.queued);
  }
  reply.type(metrics.registry.contentType);
  return metrics.registry.metrics();
}

async function reload(deps: ControlDeps): Promise<unknown> {
  try {
    await deps.reload();
  } catch (cause) {
    const text = `reload failed: ${cause instanceof GatewayError ? cause.message : 'the old catalog goes on serving'}`;
    throw new GatewayError('internal', { text, cause });
  }
  const catalog = deps.catalog();
  return {
    ok: true,
    reloaded_at: Date.now() / 1000,
    functions_root: catalog.root,
    runtime_order: deps.health.runtimes().map((runtime) => runtime.name),
    catalog_generated_at: catalog.generatedAt / 1000,
    generation: catalog.generation,
  };
}
