// Callers that wait for a worker, first come first served. Each leaves by being served, by its deadline, when its
// client has gone, or when nothing more can be expected; none is forgotten.

import type { Clock } from '../clock.ts';
import { GatewayError } from '../errors.ts';

/** The part of an AbortSignal that is used. */
export interface AbortSource {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface Waiter<T> {
  readonly since: number;
  readonly resolve: (value: T) => void;
  readonly reject: (error: GatewayError) => void;
}

export class WaitingLine<T> {
  readonly #clock: Clock;
  /** In order of arrival; leaving from the middle costs nothing. */
  readonly #waiters = new Set<Waiter<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiters.size;
  }

  /** How long the first in line has waited, ms; 0 when nobody waits. */
  get longestWaitMs(): number {
    for (const waiter of this.#waiters) return this.#clock.now() - waiter.since;
    return 0;
  }

  /**
   * Waits at the end of the line.
   * @throws GatewayError invocation_timeout at `deadlineMs` (clock), client_closed on abort, or what `failAll` gives
   */
  join(deadlineMs: number, signal: AbortSource | null): Promise<T> {
    if (signal?.aborted) return Promise.reject(new GatewayError('client_closed'));
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.reject(new GatewayError('client_closed'));
      const timer = this.#clock.after(deadlineMs - this.#clock.now(), () =>
        waiter.reject(new GatewayError('invocation_timeout')),
      );
      const leave = () => {
        this.#waiters.delete(waiter);
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<T> = {
        since: this.#clock.now(),
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort);
    });
  }

  /** Serves the first in line; false when nobody waits. */
  serve(make: () => T): boolean {
    for (const waiter of this.#waiters) {
      waiter.resolve(make());
      return true;
    }
    return false;
  }

  failAll(error: GatewayError): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }
}
