// The layers of the jail on this host, as findings.

import type { GatewayConfig } from '../../config/gateway-config.ts';
import type { CliContext } from '../cli-context.ts';
import type { SandboxLayers } from '../gateway-module.ts';
import type { Check } from './check.ts';

export async function sandboxChecks(context: CliContext, config: GatewayConfig): Promise<readonly Check[]> {
  const { inspectSandbox } = await context.loadGateway();
  return (await inspectSandbox(config)).map((layer) => layerCheck(layer, config.sandboxRequired));
}

/** What a host may do without: something else stands in for it, and `detail` says what. */
const optional: ReadonlySet<string> = new Set(['cgroup', 'worker_user']);

/** A missing layer is a warning: the others hold. Where the operator requires the jail it is a failure. */
function layerCheck({ layer, state, detail }: SandboxLayers[number], required: boolean): Check {
  const id = `sandbox.${layer}`;
  if (state === 'on' || state === 'partial' || optional.has(layer))
    return { id, status: 'OK', message: `${state}: ${detail}` };
  return { id, status: required ? 'FAIL' : 'WARN', message: `${state}: ${detail}` };
}
