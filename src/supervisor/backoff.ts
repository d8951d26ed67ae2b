// When a pool that lost a worker may have the next one. Pure: the caller owns the clock and the dice.

import type { DeathCause } from './worker-spec.ts';

/** contract/config-cli.md 6: 0.5 s, doubling to 8 s; a worker that was well for 30 s starts the count anew. */
const firstDelayMs = 500;
const maxDelayMs = 8_000;
export const healthyMs = 30_000;
/** Delays differ by up to a tenth, so that many functions that fail together do not come back together. */
const jitterShare = 0.1;

export interface BackoffState {
  /** Failures since the last healthy worker. */
  readonly failures: number;
  /** Clock ms before which no start is allowed. */
  readonly retryAt: number;
}

export const noBackoff: BackoffState = Object.freeze({ failures: 0, retryAt: 0 });

export interface EndedWorker {
  readonly cause: DeathCause;
  /** ms from ready to the end; null when it never became ready. */
  readonly readyMs: number | null;
}

/** Delay before start number `failures` + 1, ms. `random` is 0 to 1; 0.5 gives the exact doubling. */
export function delayMs(failures: number, random: number): number {
  const exact = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.max(0, failures - 1));
  return exact * (1 + jitterShare * (2 * random - 1));
}

/** The state after a worker has ended. */
export function afterEnd(
  state: BackoffState,
  ended: EndedWorker,
  nowMs: number,
  random: number,
): BackoffState {
  const { cause, readyMs } = ended;
  if (isPlanned(cause)) return { failures: state.failures, retryAt: Math.min(state.retryAt, nowMs) };
  const failures = (readyMs !== null && readyMs >= healthyMs ? 0 : state.failures) + 1;
  // A worker that was ready may have met one bad call: its first replacement need not wait.
  if (readyMs !== null && failures === 1) return { failures, retryAt: nowMs };
  const steps = readyMs === null ? failures : failures - 1;
  return { failures, retryAt: nowMs + delayMs(steps, random) };
}

/** We ended it for a reason that says nothing about the next one. */
function isPlanned(cause: DeathCause): boolean {
  return (
    cause === 'idle' ||
    cause === 'replaced' ||
    cause === 'drain' ||
    cause === 'deadline' ||
    cause === 'cpu' ||
    cause === 'poisoned'
  );
}
