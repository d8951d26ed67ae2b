// Tracing of a gateway: loaded only where an endpoint is configured, as the libraries for it are large.

import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** null: nothing is traced. Its end is put on the stack. */
export async function openTracing(
  { tracing }: GatewayConfig,
  version: string,
  building: AsyncDisposableStack,
): Promise<Tracing | null> {
  if (tracing === null) return null;
  const { openOtelTracing } = await import('../tracing/otel-tracing.ts');
  const opened = openOtelTracing(tracing, version);
  building.defer(() => opened.close());
  return opened;
}
