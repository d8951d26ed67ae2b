// How a worker ended, as its pool is told, and what that means for callers while a new start would be too soon.

import { GatewayError } from '../errors.ts';

export interface WorkerEnd {
  readonly workerId: string;
  /** `load_failed` is the function's fault; anything else is ours or the host's. */
  readonly cause: string;
  /** Public text where there is one; paths already taken out. */
  readonly message: string;
  /** Before this (clock ms) no new start is allowed. */
  readonly retryAt: number;
}

/** Ends whose message is ours and names the limit, so that whoever set it too low can see that. */
const limitCauses: ReadonlySet<string> = new Set(['memory', 'threads', 'cpu', 'disk']);

/** What a caller hears while no worker can be had: the function's own load error, or 503 and when to come back. */
export function unavailableError(end: WorkerEnd, nowMs: number): GatewayError {
  if (end.cause === 'load_failed') return new GatewayError('handler_failed', { text: end.message });
  const reason = limitCauses.has(end.cause) ? `: ${end.message}` : '';
  const seconds = Math.max(1, Math.ceil((end.retryAt - nowMs) / 1000));
  return new GatewayError('runtime_unavailable', {
    ...(reason === '' ? {} : { text: `runtime unavailable${reason}` }),
    headers: { 'Retry-After': String(seconds) },
    cause: new Error(`cannot start a worker: ${end.cause} ${end.message}`.trimEnd()),
  });
}
