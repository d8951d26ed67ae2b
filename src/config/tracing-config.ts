// What the standard variables of OpenTelemetry add up to; null where nothing is to be traced.

import { tracingOptions } from './options/tracing-options.ts';
import type { Settings } from './settings.ts';

export interface TracingConfig {
  /** Exact address that spans are sent to. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: { readonly kind: 'always' | 'never' | 'ratio'; readonly byParent: boolean };
  readonly ratio: number;
}

export function readTracing(settings: Settings): TracingConfig | null {
  const resource = settings.read(tracingOptions.resource) ?? {};
  const name = settings.read(tracingOptions.serviceName);
  const isNamed = settings.given(tracingOptions.serviceName) !== null;
  const sampler = settings.read(tracingOptions.sampler);
  const config = {
    headers: {
      ...settings.read(tracingOptions.headers),
      ...settings.read(tracingOptions.tracesHeaders),
    },
    timeoutMs: settings.read(tracingOptions.timeoutMs),
    // OTEL_SERVICE_NAME beats service.name among the attributes.
    serviceName: isNamed ? name : (resource['service.name'] ?? name),
    resource,
    sampler: {
      kind: kindOf(sampler),
      byParent: sampler.startsWith('parentbased_'),
    },
    ratio: settings.read(tracingOptions.samplerArg),
  };
  settings.read(tracingOptions.protocol);
  const endpoint = endpointOf(settings);
  const isOff = settings.read(tracingOptions.disabled) || settings.read(tracingOptions.exporter) === 'none';
  return isOff || endpoint === null ? null : { endpoint, ...config };
}

function kindOf(sampler: string): TracingConfig['sampler']['kind'] {
  if (sampler.endsWith('traceidratio')) return 'ratio';
  return sampler.endsWith('always_on') ? 'always' : 'never';
}

function endpointOf(settings: Settings): string | null {
  const exact = settings.read(tracingOptions.tracesEndpoint);
  const base = settings.read(tracingOptions.endpoint);
  if (exact !== null || base === null) return exact;
  return `${base.replace(/\/+$/, '')}/v1/traces`;
}
