// Time as a value that is passed in, so that tests own it (no test sleeps to wait for a timer of ours).

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds; the zero is arbitrary. Deadlines are absolute on this scale. */
  now(): number;
  /** Calls `fire` once, no earlier than `delayMs` from now. Never keeps the process alive by itself. */
  after(delayMs: number, fire: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    const handle = setTimeout(fire, Math.max(0, delayMs));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
