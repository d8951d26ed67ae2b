// Trace contexts through a whole gateway: from the client to the handler, into the log, and to a collector.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sent = `00-${traceId}-00f067aa0ba902b7-01`;

const tree = {
  'get.seen.js': `exports.handler = (event) => {
  console.log('working');
  return { got: event.headers, trace: event.context.trace ?? null };
};`,
  'get.fails.[token].js': 'exports.handler = () => { throw new Error("no"); };',
};

describe('tracing off', () => {
  const recording = recordingLog();
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(tree, {}, recording.log);
  });
  after(() => gateway.close());

  test('what the client sends reaches handler and log as it is', async () => {
    const seen = (
      await ask(gateway.url, '/seen', { headers: { traceparent: sent, tracestate: 'a=b' } })
    ).json();
    assert.equal(seen.got.traceparent, sent);
    assert.deepEqual(seen.trace, {
      traceparent: sent,
      tracestate: 'a=b',
      trace_id: traceId,
      span_id: '00f067aa0ba902b7',
      sampled: true,
    });
    const lines = recording.lines.filter((line) => 'trace_id' in line);
    assert.equal(lines.length, 2);
    for (const line of lines as readonly Record<string, unknown>[]) {
      assert.equal(line['trace_id'], traceId);
      assert.equal(line['function'], 'node/get.seen.js@default');
      assert.equal(line['version'], 'default');
      assert.equal(typeof line['worker'], 'string');
      assert.match(String(line['id']), /^req-/);
    }
  });

  test('without a context, or with one that cannot be read, there is none', async () => {
    assert.equal((await ask(gateway.url, '/seen')).json().trace, null);
    const bad = (await ask(gateway.url, '/seen', { headers: { traceparent: '00-x-y-z' } })).json();
    assert.equal(bad.trace, null);
  });
});

describe('tracing on', () => {
  const bodies: {
    readonly path: string;
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly body: string;
  }[] = [];
  let collector: Server;
  let gateway: TestGateway;

  before(async () => {
    collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        bodies.push({ path: request.url ?? '', headers: request.headers, body });
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => {
      collector.listen(0, '127.0.0.1', resolve);
    });
    const { port } = collector.address() as AddressInfo;
    gateway = await startTestGateway(tree, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k1',
      OTEL_SERVICE_NAME: 'shop',
    });
  });
  after(async () => {
    await gateway.close();
    collector.closeAllConnections();
    collector.close();
  });

  test('the handler gets the span of its call, spans reach the collector, and no query or path does', async () => {
    const target = '/seen?key=CANARY';
    const seen = (await ask(gateway.url, target, { headers: { traceparent: sent } })).json();
    assert.notEqual(seen.got.traceparent, sent);
    assert.equal(seen.got.traceparent, seen.trace.traceparent);
    assert.equal(seen.trace.trace_id, traceId);
    assert.equal((await ask(gateway.url, '/fails/CANARY')).status, 500);
    assert.equal((await ask(gateway.url, '/CANARY')).status, 404);
    assert.match((await ask(gateway.url, '/seen')).json().trace.trace_id, /^[0-9a-f]{32}$/);
    await gateway.close();
    await eventually(() => assert.ok(bodies.length > 0));
    const [first] = bodies;
    assert.equal(first?.path, '/v1/traces');
    assert.equal(first?.headers['api-key'], 'k1');
    const all = bodies.map(({ body }) => body).join('');
    assert.doesNotMatch(all, /CANARY/);
    assert.match(all, /"shop"/);
    assert.match(all, /GET \/seen/);
    assert.match(all, /GET \/fails\/:token/);
    assert.match(all, new RegExp(seen.trace.span_id));
    assert.match(all, /invoke get\.seen\.js/);
  });
});
