// What workers may inherit of the gateway's own environment: language, time zone and where CA certificates are. The rest
// (paths, credentials, FN_*) stays here (contract/sandbox.md 7).

import type { Environment } from './settings.ts';

const inherited = new Set([
  'LANG',
  'LANGUAGE',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
]);

export function workerEnvironmentOf(environment: Environment): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (inherited.has(name) || name.startsWith('LC_'))) picked[name] = value;
  }
  return picked;
}
