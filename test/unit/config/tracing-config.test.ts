import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settings } from '../../../src/config/settings.ts';
import { readTracing } from '../../../src/config/tracing-config.ts';

function read(environment: Readonly<Record<string, string>>) {
  const file = { path: null, dir: '/', values: {}, faults: [] };
  const settings = new Settings({
    mode: 'serve',
    flags: {},
    environment,
    file: file as unknown as ConstructorParameters<typeof Settings>[0]['file'],
  });
  return { tracing: readTracing(settings), faults: settings.faults };
}

const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

test('tracing config: without an endpoint, switched off or without an exporter nothing is traced', () => {
  assert.equal(read({}).tracing, null);
  assert.equal(read({ ...collector, OTEL_SDK_DISABLED: 'TRUE' }).tracing, null);
  assert.equal(read({ ...collector, OTEL_TRACES_EXPORTER: 'none' }).tracing, null);
  assert.notEqual(read({ ...collector, OTEL_SDK_DISABLED: 'yes' }).tracing, null);
});

test('tracing config: a base address gets the path of traces, an exact one stays', () => {
  assert.equal(read(collector).tracing?.endpoint, 'http://collector:4318/v1/traces');
  const exact = { ...collector, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/x' };
  assert.equal(read(exact).tracing?.endpoint, 'https://other/x');
});

test('tracing config: headers, attributes, name and sampler are read', () => {
  const { tracing, faults } = read({
    ...collector,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=2',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes,zone=a',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(tracing?.headers, { 'api-key': 'a b', x: '2' });
  assert.equal(tracing?.serviceName, 'from-attributes');
  assert.deepEqual(tracing?.sampler, { kind: 'ratio', byParent: false });
  assert.equal(tracing?.ratio, 0.25);
  assert.equal(tracing?.timeoutMs, 500);
  assert.equal(read({ ...collector, OTEL_SERVICE_NAME: 'n' }).tracing?.serviceName, 'n');
});

test('tracing config: what cannot be used is a warning that shows no key, and tracing starts without it', () => {
  const { tracing, faults } = read({
    ...collector,
    OTEL_EXPORTER_OTLP_HEADERS: 'CANARY',
    OTEL_TRACES_SAMPLER: 'mine',
    OTEL_TRACES_SAMPLER_ARG: '7',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  });
  assert.deepEqual(tracing?.headers, {});
  assert.equal(faults.length, 4);
  assert.ok(faults.every(({ severity }) => severity === 'warning'));
  assert.doesNotMatch(JSON.stringify(faults), /CANARY/);
  assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://x' }).tracing, null);
});
