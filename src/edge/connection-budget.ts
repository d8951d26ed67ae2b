// Counts the requests of each client connection. node:http's own `maxRequestsPerSocket` only announces the end and then
// answers 503 to clients that go on; here the last answer closes the connection, so nobody is refused for being late.

import type { Socket } from 'node:net';

export class ConnectionBudget {
  readonly #max: number;
  readonly #served = new WeakMap<Socket, number>();

  /** @param max requests that one connection may carry; 0 = any number */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one request; true when its answer must be the connection's last. */
  spend(socket: Socket): boolean {
    if (this.#max === 0) return false;
    const served = (this.#served.get(socket) ?? 0) + 1;
    this.#served.set(socket, served);
    return served >= this.#max;
  }
}
