// Where a gateway keeps its secrets, for itself and for the command line.

import { join } from 'node:path';
import type { SecretStoreOptions } from './secret-store.ts';

export interface SecretPlaces {
  /** Absolute. */
  readonly stateDir: string;
  readonly secrets: { readonly keyFile: string; readonly makeKey: boolean };
}

export function secretStoreOptions({ secrets, stateDir }: SecretPlaces): SecretStoreOptions {
  const { keyFile, makeKey } = secrets;
  return { path: join(stateDir, 'secrets.json'), keyFile, makeKey, now: () => Date.now() };
}
