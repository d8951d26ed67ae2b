// The control plane's settings as one value, with a warning where they let in more, or fewer, than anybody means.

import type { ConfigFileSources } from './config-file.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { readLogin } from './login-config.ts';
import { controlOptions } from './options/control-options.ts';
import { docsOptions } from './options/docs-options.ts';
import type { Settings } from './settings.ts';

export function readControl(
  settings: Settings,
  readFile: ConfigFileSources['readFile'],
): GatewayConfig['control'] {
  const control = {
    adminToken: settings.read(controlOptions.adminToken),
    uiEnabled: settings.read(controlOptions.uiEnabled),
    apiEnabled: settings.read(controlOptions.apiEnabled),
    adminApiEnabled: settings.read(controlOptions.adminApiEnabled),
    docsEnabled: settings.read(controlOptions.docsEnabled),
    docs: {
      publicBaseUrl: settings.read(docsOptions.publicBaseUrl),
      includeInternal: settings.read(docsOptions.openapiIncludeInternal),
      adminOnly: settings.read(docsOptions.docsAdminOnly),
    },
    writeEnabled: settings.read(controlOptions.writeEnabled),
    publicExplore: settings.read(controlOptions.publicExplore),
    localOnly: settings.read(controlOptions.localOnly),
    localCidrs: settings.read(controlOptions.localCidrs),
    rateLimit: {
      max: settings.read(controlOptions.rateLimitMax),
      writeMax: settings.read(controlOptions.writeRateLimitMax),
      windowSeconds: settings.read(controlOptions.rateLimitWindowSeconds),
    },
    login: readLogin(settings, readFile),
  };
  warn(settings, control);
  return control;
}

const shortSecret = 16;

function warn(settings: Settings, { localOnly, writeEnabled, login }: GatewayConfig['control']): void {
  const asksLogin = login.enabled || login.api;
  if (writeEnabled && !localOnly && !asksLogin) {
    settings.add({
      file: 'environment',
      key: 'FN_CONSOLE_WRITE_ENABLED',
      found: 'on, with FN_CONSOLE_LOCAL_ONLY off: whoever reaches the port can change functions',
      accepted: 'off, or FN_CONSOLE_LOGIN_ENABLED on beside it; the admin token needs neither',
      severity: 'warning',
    });
  }
  if (!asksLogin) return;
  const hasUsers =
    login.users.length > 0 || (login.username !== null && (login.passwordHash ?? login.password) !== null);
  if (!hasUsers || login.sessionSecret === null) {
    settings.add({
      file: 'environment',
      key: 'FN_CONSOLE_LOGIN_ENABLED',
      found: `on, without ${hasUsers ? 'a session secret' : 'a user and a password'}: nobody can log in`,
      accepted:
        'FN_CONSOLE_LOGIN_USERNAME, FN_CONSOLE_LOGIN_PASSWORD_HASH and FN_CONSOLE_SESSION_SECRET beside it',
      severity: 'warning',
    });
  } else if (login.sessionSecret.length < shortSecret) {
    settings.add({
      file: 'environment',
      key: 'FN_CONSOLE_SESSION_SECRET',
      found: `${login.sessionSecret.length} characters, which can be guessed`,
      accepted: `at least ${shortSecret} random characters`,
      severity: 'warning',
    });
  }
}
