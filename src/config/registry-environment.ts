// Which variables of the gateway's own environment its package tools get: where registries, proxies and certificates are.
// Everything else stays here. A password in one of them is seen by the tool and by what it runs in its jail.

import type { Environment } from './settings.ts';
import { workerEnvironmentOf } from './worker-environment.ts';

const names = new Set([
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_TRUSTED_HOST',
  'PIP_CERT',
  'PIP_PROXY',
  'PIP_RETRIES',
  'PIP_DEFAULT_TIMEOUT',
  'NPM_CONFIG_REGISTRY',
  'NPM_CONFIG_CAFILE',
  'NPM_CONFIG_PROXY',
  'NPM_CONFIG_HTTPS_PROXY',
  'NPM_CONFIG_NOPROXY',
  'NPM_CONFIG_STRICT_SSL',
  'COMPOSER_AUTH',
  'COMPOSER_CAFILE',
  'GOPROXY',
  'GONOPROXY',
  'GOPRIVATE',
  'GOSUMDB',
  'GONOSUMDB',
  'CARGO_HTTP_PROXY',
  'CARGO_HTTP_CAINFO',
  'CARGO_REGISTRIES_CRATES_IO_PROTOCOL',
]);

/** Spelled as they were: npm and the proxy variables are read in lower case too. */
export function registryEnvironmentOf(environment: Environment): Readonly<Record<string, string>> {
  const picked: Record<string, string> = { ...workerEnvironmentOf(environment) };
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value !== '' && names.has(name.toUpperCase())) picked[name] = value;
  }
  return picked;
}
