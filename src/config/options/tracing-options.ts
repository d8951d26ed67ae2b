// Options of tracing: the standard variables of OpenTelemetry, under their own names
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Environment only.

import { accept, ignore, type Option, type Outcome } from '../option.ts';
import { readInteger, readOneOf, readText } from '../option-readers.ts';

const httpUrl = 'an http or https URL';

const endpoint: Option<string | null> = {
  doc: 'OpenTelemetry collector; spans go to its `/v1/traces`. Without an endpoint nothing is traced.',
  accepted: httpUrl,
  env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  fallback: null,
  read: readUrl,
};

const tracesEndpoint: Option<string | null> = {
  doc: 'Exact address that spans are sent to; beats OTEL_EXPORTER_OTLP_ENDPOINT.',
  accepted: httpUrl,
  env: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  fallback: null,
  read: readUrl,
};

/** The gateway starts without tracing rather than not at all. */
function readUrl(raw: unknown): Outcome<string> {
  const url = URL.parse(String(raw).trim());
  return url !== null && ['http:', 'https:'].includes(url.protocol) ? accept(url.href) : ignore();
}

const pairs = 'a comma list of name=value, values percent-encoded';

const headers: Option<Readonly<Record<string, string>> | null> = {
  doc: 'Headers sent to the collector, for example its key.',
  accepted: pairs,
  env: 'OTEL_EXPORTER_OTLP_HEADERS',
  fallback: null,
  secret: true,
  read: readPairs,
};

const tracesHeaders: Option<Readonly<Record<string, string>> | null> = {
  doc: 'Headers sent with spans; added to OTEL_EXPORTER_OTLP_HEADERS.',
  accepted: pairs,
  env: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  fallback: null,
  secret: true,
  read: readPairs,
};

const resource: Option<Readonly<Record<string, string>> | null> = {
  doc: 'Attributes of this service in every span.',
  accepted: pairs,
  env: 'OTEL_RESOURCE_ATTRIBUTES',
  fallback: null,
  read: readPairs,
};

function readPairs(raw: unknown): Outcome<Readonly<Record<string, string>>> {
  const found: [string, string][] = [];
  for (const part of String(raw).split(',')) {
    if (part.trim() === '') continue;
    const [, name, value] = /^\s*([^\s=]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined) return ignore();
    try {
      found.push([name, decodeURIComponent(value)]);
    } catch {
      return ignore();
    }
  }
  return accept(Object.fromEntries(found));
}

const timeoutMs: Option<number> = {
  doc: 'Milliseconds that the collector may take to accept spans.',
  accepted: 'an integer from 1 to 600000',
  env: 'OTEL_EXPORTER_OTLP_TIMEOUT',
  fallback: 10_000,
  read: readInteger({ min: 1, max: 600_000, outside: 'clamp' }),
};

const protocol: Option<'http/json'> = {
  doc: 'How spans are sent; only http/json is known.',
  accepted: 'http/json',
  env: 'OTEL_EXPORTER_OTLP_PROTOCOL',
  fallback: 'http/json',
  read: (raw) => (String(raw).trim() === 'http/json' ? accept('http/json') : ignore()),
};

const serviceName: Option<string> = {
  doc: 'Name of this service in traces.',
  accepted: 'a text of at most 256 characters',
  env: 'OTEL_SERVICE_NAME',
  fallback: 'fastfn',
  read: readText(256),
};

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const sampler: Option<(typeof samplers)[number]> = {
  doc: 'Which traces are kept.',
  accepted: samplers.join(', '),
  env: 'OTEL_TRACES_SAMPLER',
  fallback: 'parentbased_always_on',
  read: (raw) => {
    const outcome = readOneOf(samplers)(raw);
    return outcome.value === undefined ? ignore() : outcome;
  },
};

const samplerArg: Option<number> = {
  doc: 'Part of the traces that a ratio sampler keeps.',
  accepted: 'a number from 0 to 1',
  env: 'OTEL_TRACES_SAMPLER_ARG',
  fallback: 1,
  read: (raw) => {
    const ratio = Number(String(raw).trim() || Number.NaN);
    return ratio >= 0 && ratio <= 1 ? accept(ratio) : ignore();
  },
};

const exporter: Option<'otlp' | 'none'> = {
  doc: 'Where spans go: otlp, or none.',
  accepted: 'otlp or none',
  env: 'OTEL_TRACES_EXPORTER',
  fallback: 'otlp',
  read: (raw) => {
    const outcome = readOneOf(['otlp', 'none'])(raw);
    return outcome.value === undefined ? ignore() : outcome;
  },
};

/** Of the specification: only `true` is true. */
const disabled: Option<boolean> = {
  doc: 'Switches tracing off whatever else is set.',
  accepted: 'true or false',
  env: 'OTEL_SDK_DISABLED',
  fallback: false,
  read: (raw) => accept(String(raw).trim().toLowerCase() === 'true'),
};

export const tracingOptions = {
  disabled,
  endpoint,
  tracesEndpoint,
  headers,
  tracesHeaders,
  timeoutMs,
  protocol,
  serviceName,
  resource,
  sampler,
  samplerArg,
  exporter,
};
