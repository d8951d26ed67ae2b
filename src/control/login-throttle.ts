// Counts failed logins by address, by user and in all, each in a fixed window from its first failure. A try counts as failed
// from its start, so that many at once cannot slip past the count.

import { GatewayError } from '../errors.ts';

export interface LoginThrottleOptions {
  /** Failures of one address; 0 or less = no limit. */
  readonly max: number;
  readonly windowSeconds: number;
  /** Epoch ms. */
  readonly now: () => number;
}

/** One user may be tried from many addresses, and many users from many: each limit as a multiple of an address's. */
const perUser = 4;
const inAll = 20;
/** Counters kept; beyond it the oldest go. */
const maxCounters = 10_000;

const allKey = 'all';
const addressKey = (address: string): string => `address ${address}`;
const userKey = (user: string): string => `user ${user}`;

interface Counter {
  failures: number;
  readonly endsAt: number;
}

export class LoginThrottle {
  readonly #options: LoginThrottleOptions;
  readonly #counters = new Map<string, Counter>();

  constructor(options: LoginThrottleOptions) {
    this.#options = options;
  }

  /**
   * Does not count the try.
   * @param user null while it is not known whose name is tried
   * @throws GatewayError rate_limited
   */
  check(address: string, user: string | null = null): void {
    const { max, windowSeconds, now } = this.#options;
    if (max <= 0 || windowSeconds <= 0) return;
    const waits = this.#limits(address, user).flatMap(([key, limit]) => {
      const counter = this.#live(key);
      return counter !== null && counter.failures >= limit ? [counter.endsAt - now()] : [];
    });
    if (waits.length === 0) return;
    throw new GatewayError('rate_limited', {
      text: 'too many login attempts, try again later',
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(Math.max(...waits) / 1000))) },
    });
  }

  failed(address: string, user: string): void {
    const { now, windowSeconds } = this.#options;
    for (const [key] of this.#limits(address, user)) {
      const counter = this.#live(key) ?? { failures: 0, endsAt: now() + windowSeconds * 1000 };
      counter.failures += 1;
      this.#counters.set(key, counter);
    }
    while (this.#counters.size > maxCounters) {
      const [oldest] = this.#counters.keys();
      if (oldest !== undefined) this.#counters.delete(oldest);
    }
  }

  /** The right password: this address and this user start anew. */
  succeeded(address: string, user: string): void {
    this.#counters.delete(addressKey(address));
    this.#counters.delete(userKey(user));
    const all = this.#live(allKey);
    if (all !== null) all.failures -= 1;
  }

  #limits(address: string, user: string | null): [key: string, limit: number][] {
    const { max } = this.#options;
    const ofUser: [string, number][] = user === null ? [] : [[userKey(user), max * perUser]];
    return [[addressKey(address), max], ...ofUser, [allKey, max * inAll]];
  }

  #live(key: string): Counter | null {
    const counter = this.#counters.get(key);
    return counter !== undefined && counter.endsAt > this.#options.now() ? counter : null;
  }
}
