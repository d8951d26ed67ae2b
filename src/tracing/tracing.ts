// What the gateway asks of tracing. Off, it only hands on the context that a client sends; on (otel-tracing.ts) each request
// is a span, and each call of a worker one inside it.

import type { IncomingHttpHeaders } from 'node:http';
import { readTraceContext, type TraceContext } from './trace-context.ts';

export interface ReceivedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly httpVersion: string;
  readonly scheme: 'http' | 'https';
  readonly clientIp: string;
}

export interface InvocationFacts {
  readonly functionName: string;
  readonly version: string;
  readonly runtime: string;
}

export interface RequestTrace {
  /** What handlers and log lines carry: the innermost span that is open, or what the client has sent. */
  readonly context: TraceContext;
  /** False: the client's own headers say the same as `context`. */
  readonly isOurs: boolean;
  /** @param pattern of the route that answers */
  routed(pattern: string | null, functionKey: string): void;
  invocationStarted(facts: InvocationFacts): void;
  /** @param worker its id, or null when none was reached */
  invocationEnded(status: number, worker: string | null): void;
  /** The last byte has been handed on, or the client has gone. */
  ended(status: number): void;
}

export interface Tracing {
  receive(request: ReceivedRequest): RequestTrace;
  /** Sends what is still held, within bounds. Never rejects. */
  close(): Promise<void>;
}

/** Without tracing: what the client has sent, if it can be read. */
export function passOn({ traceparent, tracestate }: IncomingHttpHeaders): RequestTrace | null {
  if (traceparent === undefined) return null;
  const context = readTraceContext(traceparent, tracestate);
  return context === null ? null : { context, isOurs: false, ...nothing };
}

const nothing = {
  routed: () => {},
  invocationStarted: () => {},
  invocationEnded: () => {},
  ended: () => {},
};
