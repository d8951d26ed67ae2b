// The optional limit of a function: requests per window and client address, counted by @fastify/rate-limit. One counter
// store per function, so that a flood on one does not push another's counts out.

import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { GatewayError } from '../errors.ts';

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

/** Functions come and go with hot reload; beyond this many limiters the oldest is forgotten. */
const maxLimiters = 10_000;

export class FunctionRateLimit {
  readonly #app: FastifyInstance;
  readonly #ipOf: (request: FastifyRequest) => string;
  readonly #limiters = new Map<string, Limiter>();

  constructor(app: FastifyInstance, ipOf: (request: FastifyRequest) => string) {
    this.#app = app;
    this.#ipOf = ipOf;
  }

  /** @throws GatewayError rate_limited, with Retry-After and X-RateLimit-* */
  async check(request: FastifyRequest, unit: FunctionUnit): Promise<void> {
    const limit = unit.policy.rateLimit;
    if (limit === null) return;
    const result = await this.#limiter(unit.key, limit.max, limit.windowSeconds)(request);
    if (result.isAllowed || !result.isExceeded) return;
    throw new GatewayError('rate_limited', {
      headers: {
        'Retry-After': String(Math.max(1, result.ttlInSeconds)),
        'X-RateLimit-Limit': String(result.max),
        'X-RateLimit-Remaining': '0',
        'X-RateLimit-Reset': String(result.ttlInSeconds),
      },
    });
  }

  #limiter(functionKey: string, max: number, windowSeconds: number): Limiter {
    const key = `${functionKey} ${max} ${windowSeconds}`;
    const found = this.#limiters.get(key);
    if (found !== undefined) return found;
    const oldest = this.#limiters.keys().next();
    if (this.#limiters.size >= maxLimiters && !oldest.done) this.#limiters.delete(oldest.value);
    const limiter = this.#app.createRateLimit({
      max,
      timeWindow: windowSeconds * 1000,
      // IPv6 clients own a /64 at least: that counts as one.
      keyGenerator: (request: FastifyRequest) => normalizeIP(this.#ipOf(request)),
    });
    this.#limiters.set(key, limiter);
    return limiter;
  }
}
