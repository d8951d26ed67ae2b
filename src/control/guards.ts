// Who may use the control plane (contract/control-plane.md 2): the checks in their order, each with its own refusal.

import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { hasAdminToken } from './admin-token.ts';
import type { ControlDeps } from './control-deps.ts';
import { isLocalCaller } from './local-caller.ts';

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Writes are counted apart from reads, at a quarter of their number: 30 to 120 by default. */
const writeShare = 4;

export class ControlGuards {
  readonly #deps: ControlDeps;
  readonly #reads: Limiter | null;
  readonly #writes: Limiter | null;

  /** @param app with @fastify/rate-limit registered */
  constructor(app: FastifyInstance, deps: ControlDeps) {
    this.#deps = deps;
    const { max, windowSeconds } = deps.settings.rateLimit;
    this.#reads = this.#limiter(app, max, windowSeconds);
    this.#writes = this.#limiter(app, Math.ceil(max / writeShare), windowSeconds);
  }

  /** Whether a caller sees more than a stranger does on the open endpoints. */
  isOperator(request: FastifyRequest): boolean {
    return this.#hasToken(request) || isLocalCaller(request.raw, this.#deps);
  }

  /** @throws GatewayError with the contract's text of the first check that fails */
  async check(request: FastifyRequest): Promise<void> {
    const { settings } = this.#deps;
    if (!settings.apiEnabled) throw new GatewayError('not_found', { text: 'console api disabled' });
    if (!settings.adminApiEnabled) throw new GatewayError('not_found', { text: 'admin api disabled' });
    if (settings.localOnly && !this.isOperator(request)) {
      throw new GatewayError('forbidden', { text: 'console api local-only' });
    }
    const isWrite = !safeMethods.has(request.method);
    await this.#count(request, isWrite ? this.#writes : this.#reads);
    if (isWrite) this.#checkWrite(request);
  }

  /**
   * A token that exists is needed for every write: on loopback anything may call, functions included. Without one the
   * operator's machine is trusted, and the header keeps other sites' pages in its browser out.
   */
  #checkWrite(request: FastifyRequest): void {
    if (this.#hasToken(request)) return;
    if (request.headers['x-fn-request'] !== '1') {
      throw new GatewayError('forbidden', { text: 'missing CSRF header' });
    }
    if (this.#deps.settings.adminToken !== null) {
      throw new GatewayError('forbidden', { text: 'admin token required' });
    }
    if (!isLocalCaller(request.raw, this.#deps)) {
      throw new GatewayError('forbidden', { text: 'console write local-only' });
    }
  }

  #hasToken(request: FastifyRequest): boolean {
    return hasAdminToken(request.raw, this.#deps.settings.adminToken);
  }

  #limiter(app: FastifyInstance, max: number, windowSeconds: number): Limiter | null {
    if (max <= 0 || windowSeconds <= 0) return null;
    return app.createRateLimit({
      max,
      timeWindow: windowSeconds * 1000,
      keyGenerator: (request: FastifyRequest) => normalizeIP(this.#deps.clientAddress(request.raw).ip),
    });
  }

  async #count(request: FastifyRequest, limiter: Limiter | null): Promise<void> {
    if (limiter === null) return;
    const result = await limiter(request);
    if (result.isAllowed || !result.isExceeded) return;
    throw new GatewayError('rate_limited', {
      text: 'too many console requests, try again later',
      headers: {
        'Retry-After': String(Math.max(1, result.ttlInSeconds)),
        'X-RateLimit-Limit': String(result.max),
        'X-RateLimit-Remaining': '0',
        'X-RateLimit-Reset': String(result.ttlInSeconds),
      },
    });
  }
}
