// One call of one function, whoever asked for it: the edge, the control plane, a job. One id, one deadline.

import type { FunctionUnit } from '../discovery/catalog.ts';
import type { GatewayError } from '../errors.ts';
import type { RequestTrace } from '../tracing/tracing.ts';

/** The part of an AbortSignal that is used here. The edge has its own, as making an AbortController costs microseconds. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** How a trusted proxy says that the client asked; null where it says nothing that can be used. */
export interface ForwardedOrigin {
  readonly proto: 'http' | 'https' | null;
  readonly host: string | null;
}

/** A request body that comes piece by piece, bounded by whoever offers it. */
export interface ArrivingBody {
  /** Exact length where the client has said it. */
  readonly bytes: number | null;
  /** Begins; once. Nothing is read before. */
  start(sink: ArrivingBodySink): void;
  /** Between these two nothing arrives, and the client is made to wait. */
  pause(): void;
  resume(): void;
  /** Nobody wants more: what still comes is left unread. */
  stop(): void;
}

export interface ArrivingBodySink {
  chunk(bytes: Buffer): void;
  end(): void;
  /** Instead of the end: payload_too_large. That a client has gone is told by the signal of the invocation. */
  failed(error: GatewayError): void;
}

/** What a caller hands in. The body has been read and bounded; admission comes before the body is read. */
export interface InvocationRequest {
  readonly id: string;
  readonly unit: FunctionUnit;
  readonly method: string;
  /** Decoded path and the target as sent. */
  readonly path: string;
  readonly rawPath: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, string>>;
  /** Lower-case names; repeated ones as arrays; credentials of the gateway itself already removed. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** `headers` as JSON text, where the caller has it. */
  readonly headersJson?: string | null;
  readonly clientIp: string;
  /** null or absent: no trusted proxy in between. */
  readonly forwarded?: ForwardedOrigin | null;
  /** `event.context.user`; only callers inside the gateway may say who it is. */
  readonly user?: Readonly<Record<string, unknown>>;
  /** Told what the handler prints, secrets taken out; must not throw. */
  readonly printed?: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Trace that the call belongs to; null or absent: none. */
  readonly trace?: RequestTrace | null;
  /** Reads the body once admitted; null when there is none. Throws GatewayError payload_too_large / bad_request / client_closed. */
  readonly readBody: () => Promise<Buffer | null> | null;
  /**
   * The body as it arrives, for functions that read it so (`policy.bodyMode`); null when there is none. Absent: only
   * `readBody` is to be had.
   */
  readonly streamBody?: () => ArrivingBody | null;
  /** Aborted when the client has gone. */
  readonly signal: CancelSignal;
  /**
   * Follows a `proxy` directive; must not throw. Absent for callers that only want the function's own result. The slot stays
   * taken until the passthrough has ended.
   */
  readonly passThrough?: (order: PassthroughOrder) => Passthrough;
}

export interface PassthroughOrder {
  readonly directive: Readonly<Record<string, unknown>>;
  /** What the function itself has answered: a directive may send it on. A stream has to be read to its end, or given up. */
  readonly body: string | Buffer | AsyncIterable<Buffer> | null;
  /** Clock time at which the budget of the invocation ends. */
  readonly deadlineMs: number;
}

/** An upstream's answer under way in the function's place (contract/edge-proxy.md). */
export interface Passthrough {
  /** Rejects with a GatewayError. */
  readonly reply: Promise<InvocationReply>;
  /** Resolves with the status when nothing more will come from the upstream; never rejects. */
  readonly ended: Promise<number>;
}

export interface InvocationReply {
  readonly status: number;
  /** Checked: valid names and values, no hop-by-hop, no framing headers. Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** null = no body. A stream is a body still coming from the worker. */
  readonly body: string | Buffer | AsyncIterable<Buffer> | null;
  /** Exact length of a stream where the worker has announced it; absent or null otherwise. */
  readonly bodyBytes?: number | null;
  /** Set when the function asked for an edge passthrough and the caller follows none. */
  readonly proxy: Readonly<Record<string, unknown>> | null;
}
