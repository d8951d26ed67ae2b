// Processes that exist on paper only: a pool's test says when they become ready, die, or stop answering.

import type { WorkerConnection } from '../../src/protocol/connection.ts';
import type { EndCause, WorkerPool, WorkerProcesses } from '../../src/workers/pool.ts';

export class FakeConnection {
  closed = false;
  /** False: pings stay unanswered. */
  answers = true;
  #pings: ((answered: boolean) => void)[] = [];

  ping(): Promise<boolean> {
    if (this.closed) return Promise.resolve(false);
    if (this.answers) return Promise.resolve(true);
    return new Promise((resolve) => this.#pings.push(resolve));
  }

  answerPings(): void {
    for (const answer of this.#pings.splice(0)) answer(true);
  }

  close(): void {
    this.closed = true;
    for (const answer of this.#pings.splice(0)) answer(false);
  }
}

export class FakeProcesses implements WorkerProcesses {
  readonly started: string[] = [];
  /** `stop w1 idle`, `kill w2 deadline`, … in order. */
  readonly ended: string[] = [];
  readonly connections = new Map<string, FakeConnection>();

  start(): string {
    const id = `w${this.started.length + 1}`;
    this.started.push(id);
    return id;
  }

  stop(workerId: string, cause: EndCause): void {
    this.ended.push(`stop ${workerId} ${cause}`);
  }

  kill(workerId: string, cause: EndCause): void {
    this.ended.push(`kill ${workerId} ${cause}`);
    this.connections.get(workerId)?.close();
  }

  /** Makes a started worker ready. */
  ready(pool: WorkerPool, workerId: string, concurrency = 1): FakeConnection {
    const connection = new FakeConnection();
    this.connections.set(workerId, connection);
    // The pool uses only what the fake has; a real connection needs a socket.
    pool.workerReady({ workerId, concurrency, connection: connection as unknown as WorkerConnection });
    return connection;
  }

  gone(pool: WorkerPool, workerId: string, cause = 'crashed', retryAt = 0, message = ''): void {
    this.connections.get(workerId)?.close();
    pool.workerGone({ workerId, cause, message, retryAt });
  }
}
