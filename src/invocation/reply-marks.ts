// The headers by which the gateway tells how an invocation went: warm or cold, queued, and the debug set that a function
// may ask for (contract/policy.md 8, invocation.md 11).

import type { FunctionUnit } from '../discovery/catalog.ts';
import type { ErrorCode } from '../errors.ts';
import type { LogMessage } from '../protocol/messages.ts';
import type { Redactor } from './redaction.ts';

/** Bytes of captured output that a debug header carries. */
const maxOutputBytes = 4096;
/** Everything but visible ASCII, and `%` itself, so that it can be decoded again. */
const encodedInHeader = /[^\x21-\x24\x26-\x7e ]/gu;

/** Failures of the dispatch itself, as opposed to those of the client or of the handler. */
const dispatchFailures: ReadonlySet<ErrorCode> = new Set([
  'bad_worker_reply',
  'worker_crashed',
  'runtime_unavailable',
  'runtime_missing',
  'sandbox_unavailable',
  'not_built',
  'invocation_timeout',
]);

export interface MarkFacts {
  /** Before this call. */
  readonly state: 'warm' | 'cold';
  readonly queued: boolean;
  readonly status: number;
  /** Code of the failure, or null for a result. */
  readonly failure: ErrorCode | null;
}

export function stateMarks(facts: MarkFacts): Record<string, string> {
  const marks: Record<string, string> = { 'x-fastfn-function-state': facts.state };
  if (facts.queued) marks['x-fastfn-queued'] = 'true';
  if (facts.state === 'warm') return marks;
  if (facts.failure !== null && dispatchFailures.has(facts.failure)) {
    marks['x-fastfn-warming'] = 'true';
    marks['retry-after'] = '1';
  } else if (facts.status < 500) {
    marks['x-fastfn-warmed'] = 'true';
  }
  return marks;
}

export interface DebugFacts {
  readonly requestId: string;
  readonly unit: FunctionUnit;
  readonly latencyMs: number;
  readonly output: CapturedOutput | null;
  readonly redactor: Redactor;
}

export function debugMarks(facts: DebugFacts): Record<string, string> {
  const { unit, output, redactor } = facts;
  const marks: Record<string, string> = {
    'x-fn-request-id': facts.requestId,
    'x-fn-runtime': unit.runtime,
    'x-fn-function': encodeForHeader(unit.name),
    'x-fn-version': unit.version,
    'x-fn-latency-ms': String(Math.round(facts.latencyMs)),
    'x-fn-worker-pool-max-workers': String(unit.policy.workerPool.maxWorkers),
    'x-fn-worker-pool-max-queue': String(unit.policy.workerPool.maxQueue),
    // One socket per runtime: the contract's fields, at the only values they can have.
    'x-fn-runtime-routing': 'single',
    'x-fn-runtime-socket-index': '1',
  };
  if (output === null) return marks;
  if (output.stdout !== '') marks['x-fn-stdout'] = encodeForHeader(redactor.mask(output.stdout));
  if (output.stderr !== '') marks['x-fn-stderr'] = encodeForHeader(redactor.mask(output.stderr));
  return marks;
}

/** The first bytes that a handler wrote to either stream. */
export class CapturedOutput {
  stdout = '';
  stderr = '';

  add(message: LogMessage): void {
    const before = this[message.stream];
    const room = maxOutputBytes - Buffer.byteLength(before);
    if (room <= 0) return;
    const text = Buffer.from(message.text).subarray(0, room).toString('utf8');
    // A character cut in half at the end becomes U+FFFD: leave it out.
    this[message.stream] = before + text.replace(/\uFFFD$/, '');
  }
}

function encodeForHeader(text: string): string {
  return text.toWellFormed().replace(/\n$/, '').replace(encodedInHeader, encodeURIComponent).trim();
}
