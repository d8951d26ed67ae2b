// Counts the requests of each client connection. node:http's own `maxRequestsPerSocket` only announces the end and then
// answers 503 to clients that go on; here the last answer closes the connection, so nobody is refused for being late.

export class ConnectionBudget {
  readonly #max: number;
  readonly #served = new WeakMap<object, number>();

  /** @param max requests that one connection may carry; 0 = any number */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one request of `connection` (a socket, an HTTP/2 session); true when its answer must be the last. */
  spend(connection: object): boolean {
    if (this.#max === 0) return false;
    const served = (this.#served.get(connection) ?? 0) + 1;
    this.#served.set(connection, served);
    return served >= this.#max;
  }
}
