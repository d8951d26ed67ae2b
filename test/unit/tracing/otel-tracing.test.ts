import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { openOtelTracing, type TracingSettings } from '../../../src/tracing/otel-tracing.ts';
import { passOn, type ReceivedRequest } from '../../../src/tracing/tracing.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sent = `00-${traceId}-00f067aa0ba902b7-01`;

const settings: TracingSettings = {
  endpoint: 'http://127.0.0.1:1/v1/traces',
  headers: {},
  timeoutMs: 1_000,
  serviceName: 'shop',
  resource: { 'deployment.environment.name': 'test' },
  sampler: { kind: 'always', byParent: true },
  ratio: 1,
};

/** Keeps what it got after it has been shut down, so that it can be looked at. */
class KeptSpans extends InMemorySpanExporter {
  readonly kept: ReadableSpan[] = [];

  override export(...args: Parameters<InMemorySpanExporter['export']>): void {
    this.kept.push(...args[0]);
    super.export(...args);
  }
}

function open(changes: Partial<TracingSettings> = {}) {
  const exporter = new KeptSpans();
  return { tracing: openOtelTracing({ ...settings, ...changes }, '1.0.0', exporter), exporter };
}

const request = (headers: ReceivedRequest['headers'] = {}, method = 'GET'): ReceivedRequest => ({
  ...{ requestId: 'req-1', method, headers, httpVersion: '1.1', scheme: 'http', clientIp: '203.0.113.9' },
});

test('otel tracing: a request is a span below the client’s, the call of a worker one below it', async () => {
  const { tracing, exporter } = open();
  const trace = tracing.receive(request({ traceparent: sent, tracestate: 'a=b', 'user-agent': 'curl' }));
  trace.routed('/users/:id', 'node/users/[id].js@default');
  const outer = trace.context;
  trace.invocationStarted({ functionName: 'users/[id].js', version: 'default', runtime: 'node' });
  const inner = trace.context;
  trace.invocationEnded(200, 'w1');
  trace.ended(200);
  await tracing.close();
  assert.equal(outer.traceId, traceId);
  assert.equal(inner.traceId, traceId);
  assert.notEqual(inner.spanId, outer.spanId);
  assert.deepEqual([outer.sampled, outer.tracestate], [true, 'a=b']);
  const [call, server] = exporter.kept;
  assert.equal(server?.name, 'GET /users/:id');
  assert.equal(server?.parentSpanContext?.spanId, '00f067aa0ba902b7');
  assert.equal(server?.attributes['http.response.status_code'], 200);
  assert.equal(server?.attributes['http.route'], '/users/:id');
  assert.equal(server?.attributes['fastfn.request_id'], 'req-1');
  assert.equal(server?.resource.attributes['service.name'], 'shop');
  assert.equal(call?.name, 'invoke users/[id].js');
  assert.equal(call?.parentSpanContext?.spanId, outer.spanId);
  assert.equal(call?.attributes['fastfn.worker'], 'w1');
});

test('otel tracing: 5xx is an error, 4xx is the client’s', async () => {
  const { tracing, exporter } = open();
  for (const status of [404, 503]) tracing.receive(request()).ended(status);
  await tracing.close();
  assert.deepEqual(
    exporter.kept.map((span) => [span.status.code, span.attributes['error.type']]),
    [
      [0, undefined],
      [2, '503'],
    ],
  );
});

test('otel tracing: nothing that a client chooses is an attribute, but its agent, cut', async () => {
  const { tracing, exporter } = open();
  const headers = { authorization: 'Bearer CANARY', cookie: 'CANARY', 'user-agent': 'u'.repeat(5_000) };
  tracing.receive(request(headers, 'CANARY')).ended(200);
  await tracing.close();
  const [span] = exporter.kept;
  assert.equal(span?.name, '_OTHER');
  assert.doesNotMatch(JSON.stringify(span?.attributes), /CANARY/);
  assert.equal(String(span?.attributes['user_agent.original']).length, 256);
});

test('otel tracing: samplers keep what they are asked to keep', async () => {
  const kept = async (sampler: TracingSettings['sampler'], ratio: number, traceparent?: string) => {
    const { tracing, exporter } = open({ sampler, ratio });
    const trace = tracing.receive(request(traceparent === undefined ? {} : { traceparent }));
    const { sampled } = trace.context;
    trace.ended(200);
    await tracing.close();
    assert.equal(exporter.kept.length === 1, sampled);
    return sampled;
  };
  assert.equal(await kept({ kind: 'always', byParent: false }, 1), true);
  assert.equal(await kept({ kind: 'never', byParent: false }, 1, sent), false);
  assert.equal(await kept({ kind: 'never', byParent: true }, 1, sent), true);
  assert.equal(await kept({ kind: 'always', byParent: true }, 1, sent.replace(/1$/, '0')), false);
  assert.equal(await kept({ kind: 'ratio', byParent: true }, 0), false);
  assert.equal(await kept({ kind: 'ratio', byParent: false }, 1), true);
});

test('otel tracing: a collector that is away costs no request and holds up no end', async () => {
  const tracing = openOtelTracing(settings, '1.0.0');
  for (let count = 0; count < 5_000; count++) tracing.receive(request()).ended(200);
  const started = performance.now();
  await tracing.close();
  assert.ok(performance.now() - started < 5_000);
});

test('tracing off: what the client has sent is handed on, what cannot be read is not', () => {
  const trace = passOn({ traceparent: sent });
  assert.equal(trace?.context.traceId, traceId);
  assert.equal(trace?.isOurs, false);
  assert.equal(passOn({ traceparent: 'nonsense' }), null);
  assert.equal(passOn({}), null);
});
