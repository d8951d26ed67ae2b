// Spans for an OpenTelemetry collector (OTLP over HTTP), by the semantic conventions for HTTP servers. Loaded only where an
// endpoint is configured. Promises that no header, no query and no part of a path that a client chooses becomes an attribute,
// and that a collector which is away costs bounded memory and no request.

import {
  type Attributes,
  context as contexts,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { readTraceContext, type TraceContext } from './trace-context.ts';
import type { InvocationFacts, ReceivedRequest, RequestTrace, Tracing } from './tracing.ts';

/** Same fields as the configuration's `tracing`. */
export interface TracingSettings {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: { readonly kind: 'always' | 'never' | 'ratio'; readonly byParent: boolean };
  /** Part of traces that are kept, 0 to 1. */
  readonly ratio: number;
}

const maxQueuedSpans = 2_048;
const batchSpans = 512;
const batchDelayMs = 2_000;
/** A collector that does not answer must not hold up the end of the gateway longer. */
const closeTimeoutMs = 3_000;
const maxAttributeLength = 256;

/** Methods of RFC 9110 and PATCH; others are `_OTHER` by the conventions, as anybody can invent them. */
const knownMethods = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

/** @param exporter where spans go; default: the configured endpoint */
export function openOtelTracing(
  settings: TracingSettings,
  version: string,
  exporter?: SpanExporter,
): Tracing {
  const { endpoint: url, headers, timeoutMs: timeoutMillis } = settings;
  const processor = new BatchSpanProcessor({
    exporter: exporter ?? new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis }),
    maxQueueSize: maxQueuedSpans,
    maxExportBatchSize: batchSpans,
    scheduledDelayMillis: batchDelayMs,
    exportTimeoutMillis: timeoutMillis,
  });
  const provider = new TracerProvider({
    sampler: samplerOf(settings),
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: maxAttributeLength, attributeCountLimit: 32 },
    resource: defaultResource().merge(
      resourceFromAttributes({ ...settings.resource, 'service.name': settings.serviceName }),
    ),
  });
  const tracer = provider.getTracer('fastfn', version);
  return {
    receive: (request) => new OtelRequestTrace(tracer, request),
    close: () => closeInTime(provider),
  };
}

function samplerOf({ sampler, ratio }: TracingSettings): Sampler {
  const root =
    sampler.kind === 'ratio'
      ? new TraceIdRatioBasedSampler(ratio)
      : sampler.kind === 'always'
        ? new AlwaysOnSampler()
        : new AlwaysOffSampler();
  return sampler.byParent ? new ParentBasedSampler({ root }) : root;
}

async function closeInTime(provider: TracerProvider): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeTimeoutMs);
  });
  // What cannot be delivered is lost: nobody is left to be told.
  await Promise.race([provider.shutdown().catch(() => {}), late]);
  clearTimeout(timer);
}

class OtelRequestTrace implements RequestTrace {
  readonly isOurs = true;
  readonly #tracer: Tracer;
  readonly #tracestate: string | null;
  readonly #method: string;
  readonly #request: Span;
  #invocation: Span | null = null;

  constructor(tracer: Tracer, request: ReceivedRequest) {
    const { headers } = request;
    const sent = readTraceContext(headers.traceparent, headers.tracestate);
    this.#tracer = tracer;
    this.#tracestate = sent?.tracestate ?? null;
    this.#method = knownMethods.has(request.method) ? request.method : '_OTHER';
    const options = { kind: SpanKind.SERVER, attributes: requestAttributes(request, this.#method) };
    this.#request = tracer.startSpan(this.#method, options, parentOf(sent));
  }

  get context(): TraceContext {
    const { traceId, spanId, traceFlags } = (this.#invocation ?? this.#request).spanContext();
    const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    return { traceId, spanId, sampled, tracestate: this.#tracestate };
  }

  routed(pattern: string | null, functionKey: string): void {
    if (pattern !== null) {
      this.#request.updateName(`${this.#method} ${pattern}`);
      this.#request.setAttribute('http.route', pattern);
    }
    this.#request.setAttribute('fastfn.function', functionKey);
  }

  invocationStarted({ functionName, version, runtime }: InvocationFacts): void {
    this.#invocation = this.#tracer.startSpan(
      `invoke ${functionName}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: { 'faas.invoked_name': functionName, 'faas.version': version, 'fastfn.runtime': runtime },
      },
      trace.setSpan(contexts.active(), this.#request),
    );
  }

  invocationEnded(status: number, worker: string | null): void {
    const span = this.#invocation;
    if (span === null) return;
    this.#invocation = null;
    if (worker !== null) span.setAttribute('fastfn.worker', worker);
    endSpan(span, status);
  }

  ended(status: number): void {
    this.#request.setAttribute('http.response.status_code', status);
    endSpan(this.#request, status);
  }
}

/** 4xx is the client's doing: no error of the server's span. */
function endSpan(span: Span, status: number): void {
  if (status >= 500) {
    span.setAttribute('error.type', String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function parentOf(sent: TraceContext | null) {
  if (sent === null) return ROOT_CONTEXT;
  const { traceId, spanId, sampled, tracestate } = sent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...{ traceId, spanId, isRemote: true },
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    ...(tracestate === null ? {} : { traceState: createTraceState(tracestate) }),
  });
}

/** Path and query are left out: both may hold what only their owner should see. The route says where the request went. */
function requestAttributes(request: ReceivedRequest, method: string): Attributes {
  const agent = request.headers['user-agent'];
  return {
    'http.request.method': method,
    'url.scheme': request.scheme,
    'client.address': request.clientIp,
    'network.protocol.version': request.httpVersion,
    'fastfn.request_id': request.requestId,
    ...(agent === undefined ? {} : { 'user_agent.original': agent }),
  };
}
