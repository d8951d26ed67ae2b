// Calls of functions that do not come from the edge: the same refusals, gates and limits, and the same second chance for a call
// that was waiting while its function was replaced.

import type { FunctionCalls } from '../control/control-deps.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import type { Serving } from '../edge/edge-options.ts';
import type { EdgeProxy } from '../edge/proxy/edge-proxy.ts';
import { GatewayError } from '../errors.ts';
import type { Deployment } from '../invocation/deployment.ts';
import type {
  InvocationReply,
  InvocationRequest,
  Passthrough,
  PassthroughOrder,
} from '../invocation/invocation.ts';
import type { Invoker } from '../invocation/invoker.ts';

export interface FunctionCallParts {
  readonly invoker: Invoker;
  readonly proxy: EdgeProxy;
  readonly serving: () => Serving;
  readonly isRuntimeUp: (runtime: FunctionUnit['runtime']) => boolean;
  readonly notBuilt: (unit: FunctionUnit) => GatewayError | null;
}

export class InnerCalls implements FunctionCalls {
  readonly #parts: FunctionCallParts;

  constructor(parts: FunctionCallParts) {
    this.#parts = parts;
  }

  async invoke(request: InvocationRequest): Promise<InvocationReply> {
    const { unit } = request;
    if (unit.refused !== null) {
      throw new GatewayError(unit.refusedAs ?? 'config_invalid', { text: unit.refused });
    }
    if (!this.#parts.isRuntimeUp(unit.runtime)) throw new GatewayError('runtime_down');
    const deployment = this.#deploymentOf(unit);
    try {
      return await this.#parts.invoker.invoke(request, deployment);
    } catch (error) {
      const isRetired = error instanceof GatewayError && error.code === 'draining';
      const successor = isRetired ? this.#deploymentOf(unit) : deployment;
      if (successor === deployment) throw error;
      return this.#parts.invoker.invoke(request, successor);
    }
  }

  passThrough({ id, unit, method, signal }: InvocationRequest, order: PassthroughOrder): Passthrough {
    const { key: functionKey, policy } = unit;
    return this.#parts.proxy.pass({ ...order, id, functionKey, policy, method, signal });
  }

  #deploymentOf(unit: FunctionUnit): Deployment {
    const deployment = this.#parts.serving().deployments.get(unit.key);
    if (deployment !== undefined) return deployment;
    const cause = `cannot find a deployment of ${unit.key}`;
    throw this.#parts.notBuilt(unit) ?? new GatewayError('runtime_unavailable', { cause });
  }
}
