// The login of the console, with secrets read from their files. A file that was named and cannot be used stops the start: a
// login without its password would be one that nobody expects.

import type { ConfigFileSources } from './config-file.ts';
import type { GatewayConfig } from './gateway-config.ts';
import type { Option } from './option.ts';
import { loginOptions } from './options/login-options.ts';
import type { Settings } from './settings.ts';

const maxSecretFileBytes = 8192;

export function readLogin(
  settings: Settings,
  readFile: ConfigFileSources['readFile'],
): GatewayConfig['control']['login'] {
  const secret = (direct: Option<string | null>, file: Option<string | null>): string | null =>
    settings.read(direct) ?? readSecretFile(settings, file, readFile);
  return {
    enabled: settings.read(loginOptions.enabled),
    api: settings.read(loginOptions.api),
    username: settings.read(loginOptions.username),
    passwordHash: secret(loginOptions.passwordHash, loginOptions.passwordHashFile),
    password: secret(loginOptions.password, loginOptions.passwordFile),
    sessionSecret: secret(loginOptions.sessionSecret, loginOptions.sessionSecretFile),
    sessionTtlSeconds: settings.read(loginOptions.sessionTtlSeconds),
    rateLimit: {
      max: settings.read(loginOptions.rateLimitMax),
      windowSeconds: settings.read(loginOptions.rateLimitWindowSeconds),
    },
  };
}

/** Line ends at the end are the editor's, not the secret's. */
function readSecretFile(
  settings: Settings,
  option: Option<string | null>,
  readFile: ConfigFileSources['readFile'],
): string | null {
  const path = settings.read(option);
  if (path === null) return null;
  const text = readOrNull(path, readFile);
  const secret = text?.replace(/[\r\n]+$/, '') ?? '';
  if (text !== null && Buffer.byteLength(text) <= maxSecretFileBytes && secret !== '') return secret;
  settings.add({
    file: 'environment',
    key: option.env ?? '',
    found: text === null ? 'a file that cannot be read' : `${Buffer.byteLength(text)} bytes`,
    accepted: `a readable file of 1 to ${maxSecretFileBytes} bytes`,
    severity: 'error',
  });
  return null;
}

function readOrNull(path: string, readFile: ConfigFileSources['readFile']): string | null {
  try {
    return readFile(path);
  } catch {
    return null;
  }
}
