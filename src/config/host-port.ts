// The port that a gateway on this machine listens on, for commands that only need to name it.

import { serverOptions } from './options/server-options.ts';
import type { Environment } from './settings.ts';

/** FN_HOST_PORT where it is a usable port; else the default. */
export function hostPort(environment: Environment): number {
  const { read, env, fallback } = serverOptions.port;
  const given = env === undefined ? undefined : environment[env];
  const port = given === undefined || given === '' ? undefined : read(given).value;
  return port === undefined || port === 0 ? fallback : port;
}
