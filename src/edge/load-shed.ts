// Refuses a part of the requests while the event loop is late, so that those which are taken are still answered in time: a
// queue that only grows helps nobody. The later the loop, the more are refused; all at twice the limit.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import { GatewayError } from '../errors.ts';

/** How late the event loop has been since it was last asked. */
export interface LoopDelay {
  /** Median lateness of timers, ms: one long turn does not move it. */
  takeMs(): number;
  /** Ends the measuring. */
  close(): void;
}

const resolutionMs = 10;
const nanosecondsPerMs = 1_000_000;
/** A look at the delay holds for so long, ms. */
const windowMs = 250;
/** A look that is older than this says nothing of now, ms. */
const staleMs = 2_000;

/** Measured by the runtime itself (uv timers); keeps no process alive. */
export function systemLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    takeMs() {
      const median = histogram.count === 0 ? 0 : histogram.percentile(50) / nanosecondsPerMs;
      histogram.reset();
      // What is recorded is the time between two timers, their interval included.
      return Math.max(0, median - resolutionMs);
    },
    close: () => void histogram.disable(),
  };
}

export interface LoadShedOptions {
  /** Lateness from which requests are refused, ms; 0 = never. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly onRefused: () => void;
  /** Default: this process. */
  readonly delay?: LoopDelay;
}

export class LoadShed {
  readonly #options: LoadShedOptions;
  /** null: nobody is ever refused, and nothing is measured. */
  readonly #delay: LoopDelay | null;
  /** null: not yet; what was late before the first request (starting, loading) is nobody's fault. */
  #lookedAtMs: number | null = null;
  /** How far over the limit the last look found it, as a part of the limit. */
  #overBefore = 0;
  /** Share of requests to refuse, 0 to 1, and what of it is still owed. */
  #share = 0;
  #owed = 0;

  constructor(options: LoadShedOptions) {
    this.#options = options;
    this.#delay = options.limitMs === 0 ? null : (options.delay ?? systemLoopDelay());
  }

  close(): void {
    this.#delay?.close();
  }

  /** @throws GatewayError overloaded, 503 with Retry-After */
  check(): void {
    if (this.#delay === null) return;
    this.#look(this.#delay);
    if (this.#share === 0) return;
    this.#owed += this.#share;
    if (this.#owed < 1) return;
    this.#owed -= 1;
    this.#options.onRefused();
    throw new GatewayError('overloaded', {
      text: 'gateway overloaded',
      status: 503,
      headers: { 'Retry-After': '1' },
    });
  }

  #look(delay: LoopDelay): void {
    const { clock, limitMs } = this.#options;
    const now = clock.now();
    const sinceMs = this.#lookedAtMs === null ? Number.POSITIVE_INFINITY : now - this.#lookedAtMs;
    if (sinceMs < windowMs) return;
    this.#lookedAtMs = now;
    const lateMs = delay.takeMs();
    const over = sinceMs > staleMs ? 0 : Math.max(0, lateMs / limitMs - 1);
    // Late once is a pause (a scan, a collection of garbage); late twice in a row is a state.
    this.#share = Math.min(1, over, this.#overBefore);
    this.#overBefore = over;
    if (this.#share === 0) this.#owed = 0;
  }
}
