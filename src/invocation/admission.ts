// How many invocations of one function run at once, and how many more may wait (contract/policy.md 4). Promises first
// come, first served, that a waiter who has gone gives up its place at once, and that counts are exact at any moment.
// The deadline of the invocation itself belongs to the invoker.

import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock, Timer } from '../clock.ts';
import { GatewayError } from '../errors.ts';
import type { WorkerPoolPolicy } from '../policy/function-policy.ts';
import type { CancelSignal } from './invocation.ts';

/** Leave to run one invocation; `release` must be called exactly when it has ended. Calling it again does nothing. */
export interface Slot {
  /** True when it had to wait. */
  readonly queued: boolean;
  release(): void;
}

export type DropReason = 'overflow' | 'queue_timeout';

/** Hears every change; for metrics. */
export interface AdmissionListener {
  dropped(reason: DropReason): void;
}

interface Waiter {
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: GatewayError) => void;
  readonly signal: CancelSignal;
  readonly onAbort: () => void;
  timer: Timer | null;
}

/** Waiters who gave up stay in p-limit's queue as dead entries; beyond this many it is built anew. */
const maxDeadEntries = 64;

const retrySoon = { 'Retry-After': '1' };

export class AdmissionGate {
  readonly drops = { overflow: 0, queueTimeout: 0 };
  readonly #policy: WorkerPoolPolicy;
  readonly #clock: Clock;
  readonly #listener: AdmissionListener | null;
  /** null = no gate: every invocation is admitted. */
  readonly #limit: LimitFunction | null;
  readonly #waiters = new Set<Waiter>();
  #dead = 0;
  #active = 0;

  constructor(policy: WorkerPoolPolicy, clock: Clock, listener: AdmissionListener | null = null) {
    this.#policy = policy;
    this.#clock = clock;
    this.#listener = listener;
    this.#limit = policy.enabled && policy.maxWorkers > 0 ? pLimit(policy.maxWorkers) : null;
  }

  /** Invocations that hold a slot. */
  get active(): number {
    return this.#active;
  }

  /** Invocations that wait for one. */
  get queued(): number {
    return this.#waiters.size;
  }

  /**
   * Takes a slot, at once where there is one.
   * @param deadlineMs clock time after which the invocation is over anyway
   * @throws GatewayError overloaded (overflow, queue timeout), invocation_timeout, client_closed
   */
  enter(deadlineMs: number, signal: CancelSignal): Slot | Promise<Slot> {
    const limit = this.#limit;
    // p-limit counts a task as active in the same turn in which it has room for it.
    if (limit === null || limit.activeCount < this.#policy.maxWorkers) return this.#start(limit);
    if (this.#waiters.size >= this.#policy.maxQueue) throw this.#drop('overflow');
    if (this.#policy.queueTimeoutMs <= 0) throw this.#drop('queue_timeout');
    if (signal.aborted) throw new GatewayError('client_closed');
    return this.#wait(limit, deadlineMs, signal);
  }

  #start(limit: LimitFunction | null): Slot {
    const slot = this.#grant(false);
    if (limit !== null) void limit(heldUntilReleased, slot);
    return slot;
  }

  #grant(queued: boolean): HeldSlot {
    this.#active += 1;
    return new HeldSlot(queued, this.#released);
  }

  readonly #released = (): void => {
    this.#active -= 1;
  };

  #wait(limit: LimitFunction, deadlineMs: number, signal: CancelSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve,
        reject,
        signal,
        onAbort: () => this.#giveUp(waiter, new GatewayError('client_closed')),
        timer: null,
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', waiter.onAbort);
      waiter.timer = this.#waitTimer(waiter, deadlineMs);
      void limit(this.#turn, waiter);
    });
  }

  /** The queue timeout wins a tie with the deadline: it says better why. */
  #waitTimer(waiter: Waiter, deadlineMs: number): Timer {
    const remainingMs = deadlineMs - this.#clock.now();
    const { queueTimeoutMs } = this.#policy;
    if (remainingMs < queueTimeoutMs) {
      return this.#clock.after(remainingMs, () =>
        this.#giveUp(waiter, new GatewayError('invocation_timeout')),
      );
    }
    return this.#clock.after(queueTimeoutMs, () => this.#giveUp(waiter, this.#drop('queue_timeout')));
  }

  /** p-limit calls this when a waiter's turn has come; a dead entry lets the next one through. */
  readonly #turn = (waiter: Waiter): Promise<void> | undefined => {
    if (!this.#waiters.has(waiter)) {
      this.#dead -= 1;
      return undefined;
    }
    this.#forget(waiter);
    const slot = this.#grant(true);
    waiter.resolve(slot);
    return slot.held;
  };

  #giveUp(waiter: Waiter, error: GatewayError): void {
    if (!this.#waiters.has(waiter)) return;
    this.#forget(waiter);
    this.#dead += 1;
    waiter.reject(error);
    if (this.#dead > maxDeadEntries) this.#rebuildQueue();
  }

  #forget(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.timer?.cancel();
    waiter.signal.removeEventListener('abort', waiter.onAbort);
  }

  /** A client that connects and leaves in a loop must not grow the queue while the slots are held. */
  #rebuildQueue(): void {
    const limit = this.#limit;
    if (limit === null) return;
    limit.clearQueue();
    this.#dead = 0;
    for (const waiter of this.#waiters) void limit(this.#turn, waiter);
  }

  #drop(reason: DropReason): GatewayError {
    if (reason === 'overflow') this.drops.overflow += 1;
    else this.drops.queueTimeout += 1;
    this.#listener?.dropped(reason);
    return new GatewayError('overloaded', {
      text: reason === 'overflow' ? 'worker pool overflow' : 'worker pool queue timeout',
      status: this.#policy.overflowStatus,
      headers: retrySoon,
    });
  }
}

function heldUntilReleased(slot: HeldSlot): Promise<void> {
  return slot.held;
}

class HeldSlot implements Slot {
  readonly queued: boolean;
  readonly held: Promise<void>;
  #resolve: (() => void) | null = null;
  #onRelease: (() => void) | null;

  constructor(queued: boolean, onRelease: () => void) {
    this.queued = queued;
    this.#onRelease = onRelease;
    this.held = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  release(): void {
    const onRelease = this.#onRelease;
    if (onRelease === null) return;
    this.#onRelease = null;
    onRelease();
    this.#resolve?.();
  }
}
