// The gateway's own certificate: both files there, readable, and made for each other, or a fault that says which is not.

import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { ConfigFileSources } from './config-file.ts';
import type { TlsConfig } from './gateway-config.ts';
import type { Option } from './option.ts';
import { tlsOptions } from './options/tls-options.ts';
import { readOrNull } from './read-or-null.ts';
import type { Settings } from './settings.ts';

export interface TlsSources {
  readonly cwd: string;
  readonly readFile: ConfigFileSources['readFile'];
  /** Epoch ms. */
  readonly now: number;
}

/** null: plain HTTP. */
export function readTls(settings: Settings, sources: TlsSources): TlsConfig | null {
  const { certFile, keyFile, http2 } = tlsOptions;
  const paths = [certFile, keyFile].map((option) => settings.read(option));
  const offersHttp2 = settings.read(http2);
  const [certPath, keyPath] = paths.map((path) => (path === null ? null : resolve(sources.cwd, path)));
  if (certPath == null && keyPath == null) return null;
  const cert = readPem(settings, certFile, certPath ?? null, sources);
  const key = readPem(settings, keyFile, keyPath ?? null, sources);
  if (certPath == null || keyPath == null || cert === null || key === null) return null;
  checkKeyMode(settings, keyPath);
  if (!checkPair(settings, cert, key, sources.now)) return null;
  return { certFile: certPath, keyFile: keyPath, http2: offersHttp2 };
}

function readPem(
  settings: Settings,
  option: Option<string | null>,
  path: string | null,
  { readFile }: TlsSources,
): string | null {
  const text = path === null ? null : readOrNull(path, readFile);
  if (text !== null) return text;
  settings.add({
    file: 'environment',
    key: option.env ?? '',
    found:
      path === null ? 'nothing, while the other half of the pair is given' : 'a file that cannot be read',
    accepted: 'FN_TLS_CERT_FILE and FN_TLS_KEY_FILE together, both readable PEM files',
    severity: 'error',
  });
  return null;
}

/** Others on this host that can read the key can be this server. */
function checkKeyMode(settings: Settings, path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o007) === 0) return;
  settings.add({
    file: 'environment',
    key: 'FN_TLS_KEY_FILE',
    found: `a file of mode 0${(mode & 0o777).toString(8)}`,
    accepted: 'a file that others cannot read, for example mode 0600',
    severity: 'warning',
  });
}

function checkPair(settings: Settings, cert: string, key: string, now: number): boolean {
  try {
    createSecureContext({ cert, key });
    const { validToDate } = new X509Certificate(cert);
    if (validToDate.getTime() < now) addExpired(settings, validToDate);
    return true;
  } catch (error) {
    settings.add({
      file: 'environment',
      key: 'FN_TLS_CERT_FILE',
      found: `a certificate and key that cannot be used together: ${errorCode(error)}`,
      accepted: 'a PEM certificate and the private key that it was made for',
      severity: 'error',
    });
    return false;
  }
}

function addExpired(settings: Settings, end: Date): void {
  settings.add({
    file: 'environment',
    key: 'FN_TLS_CERT_FILE',
    found: `a certificate that ended on ${end.toISOString().slice(0, 10)}`,
    accepted: 'a certificate that is valid; clients refuse this one',
    severity: 'warning',
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
