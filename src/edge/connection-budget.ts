// Counts the requests of each client connection. node:http's own `maxRequestsPerSocket` only announces the end and then
// answers 503 to clients that go on; here the last answer closes the connection. What was sent behind it is not run: its
// sender gets no answer and will send it again (RFC 9112 9.6).

/** `last`: its answer closes the connection. `none`: the request comes too late and is nobody's. */
export type Place = 'more' | 'last' | 'none';

export class ConnectionBudget {
  readonly #max: number;
  readonly #served = new WeakMap<object, number>();
  readonly #ended = new WeakSet<object>();

  /** @param max requests that one connection may carry; 0 = any number */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one request of `connection` (a socket, an HTTP/2 session) as it arrives. */
  spend(connection: object): Place {
    if (this.#ended.has(connection)) return 'none';
    if (this.#max === 0) return 'more';
    const served = (this.#served.get(connection) ?? 0) + 1;
    this.#served.set(connection, served);
    if (served < this.#max) return 'more';
    this.#ended.add(connection);
    return 'last';
  }

  /** An answer closes the connection. */
  end(connection: object): void {
    this.#ended.add(connection);
  }
}
