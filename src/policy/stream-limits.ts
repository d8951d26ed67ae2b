// How long streams may live: what a function gets that asks for nothing, and the most that any gets where the operator sets
// no other maximum. All in ms.

import type { StreamPolicy } from './function-policy.ts';

/** nginx waits 60 s for a silent upstream, and people know that number. */
export const defaultStreamPolicy: StreamPolicy = Object.freeze({ idleMs: 60_000, maxMs: 3_600_000 });

export const defaultStreamMaxima: StreamPolicy = Object.freeze({ idleMs: 600_000, maxMs: 86_400_000 });
