// The worker processes of one function version: lends their places, asks for more when callers wait, ends those that
// idle or are poisoned. Promises that a poisoned worker is never lent again and that nobody waits for what cannot come.
// Starting and ending processes is left to whoever is injected; what it did is told by workerReady and workerGone.

import type { Clock, Timer } from '../clock.ts';
import { GatewayError } from '../errors.ts';
import { CallPace } from './call-pace.ts';
import { IdleWatch } from './idle-watch.ts';
import { LagWatch } from './lag-watch.ts';
import type { Lease, LeaseOutcome } from './lease.ts';
import { PoisonedWorker } from './poisoned-worker.ts';
import { growDelayMs, PoolGrowth } from './pool-growth.ts';
import { type Lender, nextWorker, PooledWorker, PoolLease, type WorkerReady } from './pooled-worker.ts';
import { type AbortSource, WaitingLine } from './waiting-line.ts';
import { unavailableError, type WorkerEnd } from './worker-end.ts';

/** When a start cannot even be planned, it is tried again after this, ms. */
const planRetryMs = 1_000;

export type EndCause = 'idle' | 'deadline' | 'drain';

/** What the pool needs of whoever owns the processes. */
export interface WorkerProcesses {
  /** Begins to start one; returns its id at once. `workerReady` or `workerGone` follows, later. */
  start(): string;
  /** Lets it finish its exit by itself, within bounds. */
  stop(workerId: string, cause: EndCause): void;
  /** Ends its process group now. */
  kill(workerId: string, cause: EndCause): void;
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly processes: WorkerProcesses;
  /** Most processes when each takes one call at a time; at least 1. */
  readonly maxProcesses: number;
  /** Most processes when each takes many calls (`runtime-daemons`); at least 1. */
  readonly maxSharedProcesses: number;
  /** Most processes that may be starting at once. Default 2: more only compete for the processor. */
  readonly maxStarting?: number;
  /** Processes kept without traffic. */
  readonly minWarm: number;
  readonly idleTtlMs: number;
  /** Longest life of one call, ms. */
  readonly callTimeoutMs: number;
  /** Default: always true. */
  readonly hasIdleProcessor?: () => boolean;
  /** Told of each worker that a caller had to wait for. */
  readonly onColdStart?: () => void;
}

export interface PoolStats {
  readonly ready: number;
  readonly starting: number;
  /** Places lent. */
  readonly lent: number;
  readonly waiting: number;
  readonly poisoned: number;
  /** Public text of the last failed start while it still counts, or null. */
  readonly failure: string | null;
}

export class WorkerPool implements Lender {
  readonly #options: PoolOptions;
  readonly #clock: Clock;
  readonly #ready = new Map<string, PooledWorker>();
  readonly #starting = new Set<string>();
  readonly #poisoned = new Map<string, PoisonedWorker>();
  readonly #line: WaitingLine<Lease>;
  readonly #pace = new CallPace();
  readonly #growth: PoolGrowth;
  readonly #lagWatch: LagWatch;
  readonly #idleWatch: IdleWatch;
  #phase: 'open' | 'draining' | 'closed' = 'open';
  /** Why the last worker ended, while a new start would be too soon. */
  #failure: WorkerEnd | null = null;
  /** Calls at once of the last worker that became ready; null before the first. */
  #concurrency: number | null = null;
  #retryTimer: Timer | null = null;
  #drained: PromiseWithResolvers<void> | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#line = new WaitingLine(options.clock);
    this.#growth = new PoolGrowth({
      clock: options.clock,
      longestWaitMs: () => this.#line.longestWaitMs,
      isShort: () => this.#isShort(),
      startOne: () => this.#startOne(),
      hasIdleProcessor: options.hasIdleProcessor ?? (() => true),
    });
    const workers = () => this.#ready.values();
    this.#lagWatch = new LagWatch(options.clock, workers, () => this.#startOne());
    this.#idleWatch = new IdleWatch(options.clock, options.idleTtlMs, workers, (worker) =>
      this.#endIdle(worker),
    );
  }

  /** Workers that could take an invocation, busy or not. */
  get ready(): number {
    return this.#ready.size;
  }

  /** Starts the processes that are kept without traffic. */
  warm(): void {
    if (this.#phase !== 'open') return;
    while (this.#live < this.#options.minWarm && this.#startOne());
  }

  /** A place at a ready worker, or null. */
  tryAcquire(): Lease | null {
    const worker = nextWorker(this.#ready.values(), this.#ahead);
    return worker === null ? null : this.#lend(worker, false);
  }

  /**
   * Waits for a place, first come first served. A draining pool still serves those who were admitted before.
   * @throws GatewayError invocation_timeout, client_closed, draining, runtime_unavailable (with Retry-After), or
   *   handler_failed with the text of a load error
   */
  acquire(deadlineMs: number, signal: AbortSource | null): Promise<Lease> {
    if (this.#phase === 'closed') return Promise.reject(new GatewayError('draining'));
    const lease = this.tryAcquire();
    if (lease !== null) return Promise.resolve(lease);
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    const waiting = this.#line.join(deadlineMs, signal);
    this.#grow();
    return waiting;
  }

  workerReady(ready: WorkerReady): void {
    if (!this.#starting.delete(ready.workerId)) return;
    const worker = new PooledWorker(ready, this.#clock.now());
    this.#ready.set(worker.id, worker);
    this.#concurrency = worker.concurrency;
    this.#failure = null;
    while (worker.hasRoom(0) && this.#line.serve(() => this.#lend(worker, true)));
    if (worker.lent === 0) this.#idleWatch.becameIdle(worker);
    this.warm();
    this.#grow();
    this.#settleDrain();
  }

  workerGone(gone: WorkerEnd): void {
    const poisoned = this.#poisoned.get(gone.workerId);
    poisoned?.gone();
    this.#poisoned.delete(gone.workerId);
    const wasOurs = this.#starting.delete(gone.workerId) || this.#ready.delete(gone.workerId);
    if (wasOurs || poisoned !== undefined) this.#backOff(gone);
    const refusal = this.#refusal();
    if (refusal !== null) this.#line.failAll(refusal);
    this.warm();
    this.#grow();
    this.#settleDrain();
  }

  takeBack(worker: PooledWorker, outcome: LeaseOutcome): void {
    const poisoned = this.#poisoned.get(worker.id);
    if (poisoned !== undefined) poisoned.leaseReturned();
    else if (this.#ready.has(worker.id)) this.#takeBackReady(worker, outcome);
    this.#settleDrain();
  }

  /**
   * Resolves when every call is done, or at the deadline (clock ms), and every process has been told to end. Until then
   * those who were admitted earlier are still served.
   */
  drain(deadlineMs: number): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve();
    this.#phase = 'draining';
    this.#drained ??= Promise.withResolvers();
    const timer = this.#clock.after(deadlineMs - this.#clock.now(), () => this.#close());
    const { promise } = this.#drained;
    this.#settleDrain();
    return promise.finally(() => timer.cancel());
  }

  stats(): PoolStats {
    return {
      ready: this.#ready.size,
      starting: this.#starting.size,
      lent: this.#lent,
      waiting: this.#line.length,
      poisoned: this.#poisoned.size,
      failure: this.#refusal()?.message ?? null,
    };
  }

  /** Calls are handed ahead only where they would have to wait in line: longer ones never instead of one more process. */
  get #ahead(): number {
    if (this.#concurrency !== 1) return 0;
    if (this.#ready.size >= this.#maxProcesses) return this.#pace.ahead;
    return this.#pace.aheadWithin(growDelayMs);
  }

  get #live(): number {
    return this.#ready.size + this.#starting.size;
  }

  get #lent(): number {
    let lent = 0;
    for (const worker of this.#ready.values()) lent += worker.lent;
    for (const worker of this.#poisoned.values()) lent += worker.lent;
    return lent;
  }

  get #maxProcesses(): number {
    const { maxProcesses, maxSharedProcesses, minWarm } = this.#options;
    const shared = this.#concurrency !== null && this.#concurrency > 1;
    return Math.max(shared ? maxSharedProcesses : maxProcesses, minWarm);
  }

  #measure(worker: PooledWorker): void {
    const now = this.#clock.now();
    this.#pace.ended(now - worker.busySince, now);
    worker.busySince = now;
  }

  #lend(worker: PooledWorker, cold: boolean): Lease {
    if (worker.lent === 0) worker.busySince = this.#clock.now();
    const lease = new PoolLease(worker, this, cold);
    this.#lagWatch.lent(worker);
    if (cold) this.#options.onColdStart?.();
    return lease;
  }

  #takeBackReady(worker: PooledWorker, outcome: LeaseOutcome): void {
    if (outcome === 'poisoned') {
      this.#poison(worker);
      return;
    }
    if (worker.isSingle) this.#measure(worker);
    while (worker.hasRoom(this.#ahead) && this.#line.serve(() => this.#lend(worker, false)));
    if (worker.lent === 0) this.#idleWatch.becameIdle(worker);
  }

  #poison(worker: PooledWorker): void {
    const { clock, callTimeoutMs, processes } = this.#options;
    this.#ready.delete(worker.id);
    const poisoned = new PoisonedWorker(worker, {
      clock,
      callTimeoutMs,
      kill: () => {
        this.#poisoned.delete(worker.id);
        processes.kill(worker.id, 'deadline');
      },
    });
    this.#poisoned.set(worker.id, poisoned);
    poisoned.begin();
    this.warm();
    this.#grow();
  }

  /** Asks for more processes for those who wait: at once when there is none, otherwise after a moment. */
  #grow(): void {
    if (this.#line.length === 0) return;
    if (this.#live === 0) this.#startOne();
    this.#growth.consider();
  }

  /** More wait than the processes that are starting will serve, and one more is allowed. */
  #isShort(): boolean {
    // Before the first is ready nobody knows whether one process is enough for all.
    if (this.#line.length === 0 || this.#concurrency === null) return false;
    return this.#line.length > this.#starting.size * this.#concurrency && this.#mayStart();
  }

  #mayStart(): boolean {
    const { maxStarting = 2 } = this.#options;
    if (this.#phase === 'closed' || this.#starting.size >= maxStarting) return false;
    return this.#live < this.#maxProcesses && !this.#isBackingOff();
  }

  #startOne(): boolean {
    if (!this.#mayStart()) return false;
    try {
      this.#starting.add(this.#options.processes.start());
      return true;
    } catch (error) {
      this.#cannotStart(error);
      return false;
    }
  }

  /** Not even an id: the start could not be planned. Those who wait must hear of it like of any failed start. */
  #cannotStart(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const retryAt = this.#clock.now() + planRetryMs;
    this.#backOff({ workerId: '', cause: 'start_failed', message, retryAt });
    const refusal = this.#refusal();
    if (refusal !== null) this.#line.failAll(refusal);
  }

  #isBackingOff(): boolean {
    return this.#failure !== null && this.#clock.now() < this.#failure.retryAt;
  }

  #backOff(gone: WorkerEnd): void {
    this.#failure = gone;
    if (!this.#isBackingOff() || this.#phase === 'closed') return;
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#clock.after(gone.retryAt - this.#clock.now(), () => {
      this.warm();
      this.#grow();
    });
  }

  /** Why waiting would be in vain, or null. */
  #refusal(): GatewayError | null {
    if (this.#failure === null || this.#live > 0 || !this.#isBackingOff()) return null;
    return unavailableError(this.#failure, this.#clock.now());
  }

  #endIdle(worker: PooledWorker): boolean {
    if (this.#ready.size <= this.#options.minWarm && this.#phase === 'open') return false;
    this.#ready.delete(worker.id);
    this.#options.processes.stop(worker.id, 'idle');
    return true;
  }

  #settleDrain(): void {
    if (this.#phase === 'draining' && this.#line.length === 0 && this.#lent === 0) this.#close();
  }

  #close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#retryTimer?.cancel();
    this.#growth.close();
    this.#lagWatch.close();
    this.#idleWatch.close();
    this.#line.failAll(new GatewayError('draining'));
    const { processes } = this.#options;
    for (const worker of this.#ready.values()) {
      if (worker.lent === 0) processes.stop(worker.id, 'drain');
      else processes.kill(worker.id, 'drain');
    }
    for (const workerId of this.#starting) processes.kill(workerId, 'drain');
    for (const [workerId, poisoned] of this.#poisoned) {
      poisoned.gone();
      processes.kill(workerId, 'drain');
    }
    this.#ready.clear();
    this.#starting.clear();
    this.#poisoned.clear();
    this.#drained?.resolve();
  }
}
