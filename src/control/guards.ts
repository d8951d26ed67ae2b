// Who may use the control plane (contract/control-plane.md 2): one function a guard, asked in the order that the access table
// gives, each with its own refusal.

import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import {
  type AccessRow,
  bucketOf,
  type Caller,
  type GuardName,
  guardOrders,
  type RateBucket,
} from './access-row.ts';
import type { ControlDeps } from './control-deps.ts';
import type { ControlState } from './control-state.ts';
import { isSameSite } from './local-caller.ts';
import { identifyCaller } from './request-caller.ts';

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** One request at the guards of its row. */
interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly row: AccessRow;
  readonly caller: Caller;
}

export class ControlGuards {
  readonly #deps: ControlDeps;
  readonly #flags: ControlState['flags'];
  readonly #sessions: ControlState['sessions'];
  readonly #throttle: ControlState['throttle'];
  readonly #limiters: Readonly<Record<RateBucket, Limiter | null>>;

  /** @param app with @fastify/rate-limit registered */
  constructor(app: FastifyInstance, deps: ControlDeps, { flags, sessions, throttle }: ControlState) {
    this.#deps = deps;
    this.#flags = flags;
    this.#sessions = sessions;
    this.#throttle = throttle;
    const { max, writeMax } = deps.settings.rateLimit;
    this.#limiters = {
      read: this.#limiter(app, max),
      write: this.#limiter(app, writeMax),
      login: this.#limiter(app, writeMax),
      ui: this.#limiter(app, max),
    };
  }

  /** Whether a caller sees more than a stranger does on the open endpoints. */
  isOperator(request: FastifyRequest): boolean {
    const caller = this.#identify(request);
    return caller.kind === 'token' || caller.isLocal;
  }

  /** The caller, if it is one that the operator could be; null for strangers and functions. */
  knownCaller(request: FastifyRequest): Caller | null {
    const caller = this.#identify(request);
    return caller.kind === 'remote' || caller.kind === 'function' ? null : caller;
  }

  /** @throws GatewayError with the contract's text of the first guard that refuses */
  async check(request: FastifyRequest, reply: FastifyReply, row: AccessRow): Promise<Caller> {
    const visit = { request, reply, row, caller: this.#identify(request) };
    for (const guard of guardOrders[row.access]) await this.#checks[guard](visit);
    return visit.caller;
  }

  readonly #checks: Readonly<Record<GuardName, (visit: Visit) => void | Promise<void>>> = {
    'docs flag': () => this.#need(this.#deps.settings.docsEnabled, 'docs disabled'),
    'ui flag': () => this.#need(this.#flags.current.ui_enabled, 'console ui disabled'),
    'api flag': () => this.#need(this.#flags.current.api_enabled, 'console api disabled'),
    'admin api flag': () => this.#need(this.#flags.current.admin_api_enabled, 'admin api disabled'),
    'api local-only': ({ caller }) => this.#checkLocal(caller, 'console api local-only'),
    'ui local-only': ({ caller }) => this.#checkLocal(caller, 'console ui local-only'),
    login: ({ caller }) => this.#checkLogin(caller),
    'login flag': () => this.#need(this.#asksLogin, 'login disabled'),
    'login throttle': ({ caller }) => this.#throttle.check(caller.address),
    rate: (visit) => this.#count(visit),
    csrf: (visit) => this.#checkOrigin(visit),
    permission: ({ row, caller }) => {
      if (row.permission === 'write') this.#checkWrite(caller);
      if (row.permission === 'invoke') this.#checkInvoke(caller);
    },
  };

  #identify(request: FastifyRequest): Caller {
    return identifyCaller(request, this.#deps, this.#sessions);
  }

  #need(flag: boolean, text: string): void {
    if (!flag) throw new GatewayError('not_found', { text });
  }

  #checkLocal(caller: Caller, text: string): void {
    if (this.#flags.current.local_only && caller.kind !== 'token' && !caller.isLocal) throw forbidden(text);
  }

  /** A login screen before an open API would protect nothing, so it asks for a login there too. */
  #checkLogin({ kind }: Caller): void {
    if (this.#asksLogin && kind !== 'token' && kind !== 'session') throw new GatewayError('unauthorized');
  }

  get #asksLogin(): boolean {
    const { login_enabled: screen, login_api_enabled: api } = this.#flags.current;
    return screen || api;
  }

  /** A page of another site can neither set this header nor, in a browser that says who asks, pass for our own. */
  #checkOrigin({ request, caller }: Visit): void {
    if (safeMethods.has(request.method) || caller.kind === 'token') return;
    if (request.headers['x-fn-request'] !== '1' || !isSameSite(request.raw)) {
      throw forbidden('missing CSRF header');
    }
  }

  #checkWrite(caller: Caller): void {
    if (caller.kind === 'token') return;
    const { write_enabled: isOn, local_only: localOnly } = this.#flags.current;
    if (!isOn) throw forbidden('console write disabled');
    // A function never writes, not even where strangers may.
    if (caller.kind === 'function' || (localOnly && !caller.isLocal))
      throw forbidden('console write local-only');
    this.#checkRole(caller, ['write']);
  }

  /**
   * Runs code, but changes none: who may write may, and so may whoever has logged in for it. With writing off and no login,
   * the operator's own machine may, unless there is a token to ask for.
   */
  #checkInvoke(caller: Caller): void {
    if (caller.kind === 'token') return;
    if (caller.kind === 'session') this.#checkRole(caller, ['invoke', 'write']);
    else if (this.#flags.current.write_enabled) this.#checkWrite(caller);
    else if (!caller.isLocal) throw forbidden('console write local-only');
    else if (this.#deps.settings.adminToken !== null) throw forbidden('admin token required');
  }

  #checkRole({ role }: Caller, accepted: readonly string[]): void {
    if (role !== null && !accepted.includes(role)) throw forbidden(`the role ${role} may not do this`);
  }

  #limiter(app: FastifyInstance, max: number): Limiter | null {
    const { windowSeconds } = this.#deps.settings.rateLimit;
    if (max <= 0 || windowSeconds <= 0) return null;
    return app.createRateLimit({
      max,
      timeWindow: windowSeconds * 1000,
      keyGenerator: (request: FastifyRequest) => this.#identityOf(request),
    });
  }

  #identityOf(request: FastifyRequest): string {
    const user = this.#sessions.find(request.cookies)?.user;
    return user === undefined ? normalizeIP(this.#deps.clientAddress(request.raw).ip) : `user ${user}`;
  }

  /** How much is left is told with every answer; a caller that is let off the count hears nothing. */
  async #count({ request, reply, row }: Visit): Promise<void> {
    const limiter = this.#limiters[bucketOf(row)];
    if (limiter === null) return;
    const result = await limiter(request);
    if (result.isAllowed) return;
    const { max, remaining, ttlInSeconds } = result;
    const told = {
      'X-RateLimit-Limit': String(max),
      'X-RateLimit-Remaining': String(remaining),
      'X-RateLimit-Reset': String(ttlInSeconds),
    };
    reply.headers(told);
    if (!result.isExceeded) return;
    throw new GatewayError('rate_limited', {
      text: 'too many console requests, try again later',
      headers: { ...told, 'Retry-After': String(Math.max(1, ttlInSeconds)) },
    });
  }
}

function forbidden(text: string): GatewayError {
  return new GatewayError('forbidden', { text });
}
