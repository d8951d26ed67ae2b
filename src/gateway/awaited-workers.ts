// Workers that one caller starts and waits for, each by a key of its own: the supervisor's listener as promises.

import type { GoneWorker, ReadyWorker, SupervisorListener } from '../supervisor/worker-spec.ts';

interface Awaited {
  readonly ready: PromiseWithResolvers<ReadyWorker>;
  readonly gone: PromiseWithResolvers<GoneWorker>;
}

export class AwaitedWorkers implements SupervisorListener {
  readonly #awaited = new Map<string, Awaited>();

  /**
   * To be called before the worker is started; the key must be new. `ready` rejects when it ends before it is ready.
   */
  await(poolKey: string): { readonly ready: Promise<ReadyWorker>; readonly gone: Promise<GoneWorker> } {
    const awaited = {
      ready: Promise.withResolvers<ReadyWorker>(),
      gone: Promise.withResolvers<GoneWorker>(),
    };
    // Whoever only waits for its end is not asked about its start.
    awaited.ready.promise.catch(() => {});
    this.#awaited.set(poolKey, awaited);
    return { ready: awaited.ready.promise, gone: awaited.gone.promise };
  }

  workerReady(worker: ReadyWorker): void {
    this.#awaited.get(worker.poolKey)?.ready.resolve(worker);
  }

  workerGone(worker: GoneWorker): void {
    const awaited = this.#awaited.get(worker.poolKey);
    this.#awaited.delete(worker.poolKey);
    const message = `cannot start a worker: ${worker.cause} ${worker.message}`.trim();
    awaited?.ready.reject(new Error(message));
    awaited?.gone.resolve(worker);
  }
}
