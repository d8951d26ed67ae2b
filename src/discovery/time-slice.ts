// Lets a long synchronous walk give way: it works for a few milliseconds, then lets the event loop serve requests.

/** Longest stretch of work in milliseconds; a request that comes meanwhile waits about this long. */
const sliceMs = 6;

export interface TimeSlice {
  /** Ask between pieces of work; wait for the promise when there is one. */
  pause(): Promise<void> | null;
}

export function startTimeSlice(now: () => number = () => performance.now()): TimeSlice {
  let started = now();
  return {
    pause() {
      if (now() - started < sliceMs) return null;
      return new Promise((resolve) => {
        setImmediate(() => {
          started = now();
          resolve();
        });
      });
    },
  };
}
