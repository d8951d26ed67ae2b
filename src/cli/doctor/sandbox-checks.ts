// The layers of the jail on this host, as findings.

import type { GatewayConfig } from '../../config/gateway-config.ts';
import type { CliContext } from '../cli-context.ts';
import type { SandboxLayers } from '../gateway-module.ts';
import type { Check } from './check.ts';

export async function sandboxChecks(context: CliContext, config: GatewayConfig): Promise<readonly Check[]> {
  const { inspectSandbox } = await context.loadGateway();
  const layers = await inspectSandbox(config, context.layout);
  return layers.map((layer) => layerCheck(layer, isRequired(layer, config)));
}

/** What a host may do without: something else stands in for it, or only functions that ask for it are not served. */
const optional: ReadonlySet<string> = new Set(['cgroup', 'worker_user', 'namespace']);

function isRequired({ layer }: SandboxLayers[number], config: GatewayConfig): boolean {
  if (layer === 'namespace') return config.sandbox.namespaceUse === 'required';
  return config.sandboxRequired && !optional.has(layer);
}

/** A missing layer is a warning: the others hold. Where the operator requires the jail it is a failure. */
function layerCheck({ layer, state, detail }: SandboxLayers[number], required: boolean): Check {
  const id = `sandbox.${layer}`;
  const held = state === 'on' || state === 'partial' || state === 'available';
  if (held || (optional.has(layer) && !required)) return { id, status: 'OK', message: `${state}: ${detail}` };
  return { id, status: required ? 'FAIL' : 'WARN', message: `${state}: ${detail}` };
}
