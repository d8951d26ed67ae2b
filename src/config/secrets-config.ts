// Where secrets and their keys are. systemd hands a service its credentials in a folder of its own
// (https://systemd.io/CREDENTIALS/): a credential called `fastfn-secrets-key` is the key file where no other is named.

import { join, resolve } from 'node:path';
import { secretOptions } from './options/secret-options.ts';
import type { Environment, Settings } from './settings.ts';

export interface SecretsConfig {
  /** Absolute. */
  readonly keyFile: string;
  /** Whether a missing key file is made: only our own. */
  readonly makeKey: boolean;
  /** Absolute folders that `value_file` may lead to. */
  readonly fileRoots: readonly string[];
}

const credential = 'fastfn-secrets-key';

export interface SecretsPlace {
  readonly environment: Environment;
  /** Absolute. */
  readonly cwd: string;
  readonly stateDir: string;
  readonly exists: (path: string) => boolean;
}

export function readSecrets(settings: Settings, place: SecretsPlace): SecretsConfig {
  const { environment, cwd, stateDir, exists } = place;
  const named = settings.read(secretOptions.keyFile);
  const fileRoots = settings.read(secretOptions.fileRoots);
  if (named !== null) return { keyFile: resolve(cwd, named), makeKey: false, fileRoots };
  const { CREDENTIALS_DIRECTORY: folder = '' } = environment;
  const handed = folder === '' ? null : join(folder, credential);
  if (handed !== null && exists(handed)) return { keyFile: handed, makeKey: false, fileRoots };
  return { keyFile: join(stateDir, 'secrets.key'), makeKey: true, fileRoots };
}
