// The secrets of a gateway: opened before the first function is served, and looked at again from time to time, as the command
// line writes them too.

import type { Clock, Timer } from '../clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import type { Log } from '../log.ts';
import { SecretStore } from '../secrets/secret-store.ts';
import { secretStoreOptions } from '../secrets/store-place.ts';

const lookEveryMs = 1_000;

export interface OpenSecretsOptions {
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws Error where secrets or their keys are there and cannot be used: functions would be served without them */
export async function openSecrets(
  { config, clock, log }: OpenSecretsOptions,
  building: AsyncDisposableStack,
): Promise<SecretStore> {
  const store = await SecretStore.open(secretStoreOptions(config));
  for (const { name, readable } of store.list()) {
    if (!readable) log.error({ secret: name }, 'cannot open a secret: its key is not in the key file');
  }
  let timer: Timer | null = null;
  let isClosed = false;
  let complaint = '';
  const look = async (): Promise<void> => {
    try {
      await store.refresh();
      complaint = '';
    } catch (error) {
      const text = String(error);
      if (text !== complaint)
        log.error({ err: error }, 'cannot read changed secrets; going on with those before');
      complaint = text;
    }
    if (!isClosed) timer = clock.after(lookEveryMs, () => void look());
  };
  timer = clock.after(lookEveryMs, () => void look());
  building.defer(() => {
    isClosed = true;
    timer?.cancel();
  });
  return store;
}
