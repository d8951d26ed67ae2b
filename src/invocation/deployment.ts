// One function version as it is being served: its unit, its gate, its pool of workers, and what is known about its state.
// Replaced as a whole when the function changes; the old one drains.

import type { Clock } from '../clock.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import type { Log } from '../log.ts';
import { InvocationLines } from '../logs/invocation-lines.ts';
import type { Call, CallHandlers } from '../protocol/call.ts';
import type { InvokeRequest } from '../protocol/connection.ts';
import { AdmissionGate, type AdmissionListener } from './admission.ts';
import type { CancelSignal } from './invocation.ts';
import { Redactor } from './redaction.ts';

/** A worker lent to one invocation. */
export interface LeaseLike {
  readonly connection: { invoke(request: InvokeRequest, handlers: CallHandlers): Call };
  /** Names the worker in log lines. */
  readonly workerId: string;
  /** False while the worker has another call to end first: then nothing of this one has run. */
  readonly begun: boolean;
  /** `poisoned`: the worker may still be busy with what it was told to end; it must not be lent again. */
  release(outcome: 'healthy' | 'poisoned'): void;
}

/** What an invocation needs of `workers/pool`. */
export interface PoolLike {
  /** A worker that is ready now, or null. */
  tryAcquire(): LeaseLike | null;
  /** Waits for one. Rejects with a GatewayError: runtime_unavailable, invocation_timeout, client_closed, handler_failed. */
  acquire(deadlineMs: number, signal: CancelSignal): Promise<LeaseLike>;
  /** Workers that could take an invocation, busy or not. */
  readonly ready: number;
  stats(): PoolFacts;
}

/** For health. */
export interface PoolFacts {
  readonly ready: number;
  readonly starting: number;
  readonly waiting: number;
  readonly poisoned: number;
  /** Public text of the last failed start while it still counts, or null. */
  readonly failure: string | null;
}

export interface DeploymentOptions {
  readonly unit: FunctionUnit;
  readonly pool: PoolLike;
  readonly clock: Clock;
  /** Absolute functions root, for redaction. */
  readonly root: string;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
  /** `event.secrets`; null or absent: the event has none. */
  readonly eventSecrets?: Readonly<Record<string, string>> | null;
  readonly admissionListener?: AdmissionListener;
}

export class Deployment {
  readonly unit: FunctionUnit;
  readonly pool: PoolLike;
  readonly gate: AdmissionGate;
  readonly redactor: Redactor;
  readonly eventSecrets: Readonly<Record<string, string>> | null;
  #warmAt: number | null = null;
  #log: Log | null = null;
  #lines: InvocationLines | null = null;

  constructor(options: DeploymentOptions) {
    this.unit = options.unit;
    this.pool = options.pool;
    this.gate = new AdmissionGate(options.unit.policy.workerPool, options.clock, options.admissionListener);
    this.eventSecrets = options.eventSecrets ?? null;
    this.redactor = new Redactor({ root: options.root, secrets: options.secrets });
  }

  /** Epoch ms of the last answer below 500, or null. */
  get warmAt(): number | null {
    return this.#warmAt;
  }

  /** `warm`: it has answered, and a worker that could answer again is alive. */
  get state(): 'warm' | 'cold' {
    return this.#warmAt !== null && this.pool.ready > 0 ? 'warm' : 'cold';
  }

  /** `log` with the function's name, runtime and version bound: written once, not with every line. */
  logOf(log: Log): Log {
    const { key, runtime, version } = this.unit;
    this.#log ??= log.child({ function: key, runtime, version });
    return this.#log;
  }

  /** Where the line of each invocation goes: `logOf`, by a shorter way. */
  linesOf(log: Log): InvocationLines {
    this.#lines ??= new InvocationLines(this.logOf(log));
    return this.#lines;
  }

  markWarm(epochMs: number): void {
    this.#warmAt = epochMs;
  }
}
