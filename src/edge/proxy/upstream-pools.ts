// Kept connections to upstreams (undici). Functions share them only when their policies reach the same addresses: a
// connection that one may have must not serve another that may not. Bounded in number; ended with the gateway.

import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { EdgePolicy } from '../../policy/edge-policy.ts';
import { guardedLookup, type ResolveName } from './guarded-lookup.ts';
import { reachKey } from './reach.ts';

const maxAgents = 64;
const maxOriginsPerAgent = 1024;
const maxConnectionsPerOrigin = 256;
/** Below the 5 s after which node:http servers close: a request must not meet a connection that is just ending. */
const keepAliveMs = 4_000;
const maxKeepAliveMs = 60_000;
const maxHeaderBytes = 65_536;
const connectTimeoutMs = 10_000;

export interface UpstreamPoolsOptions {
  readonly resolve: ResolveName;
  /** False only by an explicit setting of the operator. */
  readonly verifyTls: boolean;
}

export class UpstreamPools {
  readonly #options: UpstreamPoolsOptions;
  readonly #agents = new Map<string, Agent>();

  constructor(options: UpstreamPoolsOptions) {
    this.#options = options;
  }

  for(policy: EdgePolicy): Dispatcher {
    const key = reachKey(policy);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    this.#makeRoom();
    const agent = this.#createAgent(policy);
    this.#agents.set(key, agent);
    return agent;
  }

  /** Breaks off what still runs. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  /** The one made first goes; what runs on it ends in peace. */
  #makeRoom(): void {
    const oldest = this.#agents.entries().next();
    if (this.#agents.size < maxAgents || oldest.done === true) return;
    const [key, agent] = oldest.value;
    this.#agents.delete(key);
    agent.close().catch(() => {});
  }

  #createAgent(policy: EdgePolicy): Agent {
    const { resolve, verifyTls } = this.#options;
    return new Agent({
      connect: buildConnector({
        allowH2: false,
        timeout: connectTimeoutMs,
        lookup: guardedLookup(policy, resolve),
        rejectUnauthorized: verifyTls,
      }),
      allowH2: false,
      connections: maxConnectionsPerOrigin,
      maxOrigins: maxOriginsPerAgent,
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: maxKeepAliveMs,
      maxHeaderSize: maxHeaderBytes,
      // One deadline bounds the whole call; undici's own two would only be coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }
}
