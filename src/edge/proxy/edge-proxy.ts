// Follows the `proxy` directives of functions (contract/edge-proxy.md): checks, one request to an upstream, its answer in the
// function's place. Owns the connections to upstreams. Whoever calls holds the function's slot until the answer is whole.

import type { Clock } from '../../clock.ts';
import { type GatewayError, toGatewayError } from '../../errors.ts';
import type { CancelSignal, Passthrough, PassthroughOrder } from '../../invocation/invocation.ts';
import type { Log } from '../../log.ts';
import type { FunctionPolicy } from '../../policy/function-policy.ts';
import { parseDirective } from './directive.ts';
import { type ResolveName, systemResolver } from './guarded-lookup.ts';
import { giveUp } from './outbound-body.ts';
import { proxyDisabled } from './proxy-refusal.ts';
import { UpstreamCall } from './upstream-call.ts';
import { UpstreamPools } from './upstream-pools.ts';

export interface EdgeProxyOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether certificates of https upstreams are checked. */
  readonly verifyTls: boolean;
  /** Default: the host's own resolver. */
  readonly resolve?: ResolveName;
}

/** A directive can only shorten its deadline. */
export interface ProxyOrder extends PassthroughOrder {
  /** Of the request, for the log. */
  readonly id: string;
  readonly functionKey: string;
  readonly policy: Pick<FunctionPolicy, 'edge' | 'stream'>;
  /** The client's. */
  readonly method: string;
  readonly signal: CancelSignal;
}

export class EdgeProxy {
  readonly #options: EdgeProxyOptions;
  readonly #pools: UpstreamPools;

  constructor(options: EdgeProxyOptions) {
    this.#options = options;
    const { resolve = systemResolver(), verifyTls } = options;
    this.#pools = new UpstreamPools({ resolve, verifyTls });
    if (!verifyTls) options.log.warn('certificates of https upstreams are not checked (FN_HTTP_VERIFY_TLS)');
  }

  /** Never throws: what is refused is a rejected reply. */
  pass(order: ProxyOrder): Passthrough {
    try {
      const call = this.#call(order);
      call.reply.catch((error: unknown) => this.#note(order, toGatewayError(error)));
      call.start();
      return call;
    } catch (thrown) {
      const error = toGatewayError(thrown);
      this.#note(order, error);
      giveUp(order.body);
      return { reply: Promise.reject(error), ended: Promise.resolve(error.status) };
    }
  }

  /** Breaks off what still runs. */
  close(): Promise<void> {
    return this.#pools.close();
  }

  #call({ directive, body, policy, method, signal, deadlineMs }: ProxyOrder): UpstreamCall {
    const { clock } = this.#options;
    if (policy.edge === null) throw proxyDisabled();
    const outbound = parseDirective({ directive, body, method }, policy.edge);
    const ownDeadlineMs = outbound.timeoutMs === null ? Infinity : clock.now() + outbound.timeoutMs;
    return new UpstreamCall({
      outbound,
      dispatcher: this.#pools.for(policy.edge),
      clock,
      deadlineMs: Math.min(deadlineMs, ownDeadlineMs),
      stream: policy.stream,
      signal,
    });
  }

  #note({ id, functionKey }: ProxyOrder, error: GatewayError): void {
    if (error.code === 'client_closed') return;
    this.#options.log.warn({ id, function: functionKey, err: error.cause ?? error }, error.message);
  }
}
