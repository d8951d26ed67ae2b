// Options of the console's login (contract/control-plane.md 3). Secrets come from the environment or from files that it names,
// never from fastfn.json, which is copied around.

import { accept, type Option, type Outcome, reject } from '../option.ts';
import { readBoolStrict, readInteger, readText } from '../option-readers.ts';
import { quietBelowZero } from './control-options.ts';

const accepted = '1, true, yes, on, 0, false, no or off';

const enabled: Option<boolean> = {
  doc: 'Asks for a login on the console and on `/_fn`.',
  accepted,
  env: 'FN_CONSOLE_LOGIN_ENABLED',
  key: 'console-login-enabled',
  fallback: false,
  read: readBoolStrict,
};

const api: Option<boolean> = {
  doc: 'Asks for a login on `/_fn`, whatever the console does.',
  accepted,
  env: 'FN_CONSOLE_LOGIN_API',
  key: 'console-login-api',
  fallback: false,
  read: readBoolStrict,
};

const username: Option<string | null> = {
  doc: 'Name to log in with.',
  accepted: 'text of at most 200 printable characters',
  env: 'FN_CONSOLE_LOGIN_USERNAME',
  fallback: null,
  read: readText(200),
};

/** As it is, blanks included: it may be part of the secret. */
function readSecret(maxLength: number): (raw: unknown) => Outcome<string> {
  return (raw) => {
    const text = String(raw);
    return text.length > 0 && text.length <= maxLength ? accept(text) : reject();
  };
}

const maxSecretLength = 1024;

function secret(env: string, doc: string): Option<string | null> {
  const words = `text of at most ${maxSecretLength} characters`;
  return { doc, accepted: words, env, fallback: null, secret: true, read: readSecret(maxSecretLength) };
}

function secretFile(env: string, doc: string): Option<string | null> {
  return {
    doc,
    accepted: 'the path of a file of at most 8192 bytes',
    env,
    fallback: null,
    read: readText(4096),
  };
}

const rateLimitBounds = { min: 0, max: 1_000_000, outside: 'clamp' } as const;

const rateLimitMax: Option<number> = {
  doc: 'Failed logins per window and address; 0 sets no limit.',
  accepted: 'an integer; 0 or less sets no limit',
  env: 'FN_CONSOLE_LOGIN_RATE_LIMIT_MAX',
  key: 'console-login-rate-limit-max',
  fallback: 5,
  read: (raw) => quietBelowZero(readInteger(rateLimitBounds)(raw)),
};

const rateLimitWindowSeconds: Option<number> = {
  doc: 'Length of the login rate limit window in seconds; 0 sets no limit.',
  accepted: 'an integer; 0 or less sets no limit',
  env: 'FN_CONSOLE_LOGIN_RATE_LIMIT_WINDOW_S',
  key: 'console-login-rate-limit-window-s',
  fallback: 300,
  read: (raw) => quietBelowZero(readInteger(rateLimitBounds)(raw)),
};

const defaultSessionSeconds = 43_200;

const sessionTtlSeconds: Option<number> = {
  doc: 'How long a login lasts, in seconds; 0 stands for the default.',
  accepted: 'an integer; 0 or less stands for the default',
  env: 'FN_CONSOLE_SESSION_TTL_S',
  key: 'console-session-ttl-s',
  fallback: defaultSessionSeconds,
  read: (raw) => {
    const outcome = quietBelowZero(readInteger({ min: 0, max: 31_536_000, outside: 'clamp' })(raw));
    return outcome.value === 0 ? accept(defaultSessionSeconds) : outcome;
  },
};

const usersFile = secretFile(
  'FN_CONSOLE_USERS_FILE',
  'JSON list of further users: `username`, `password_hash` and `role` (read, invoke or write) each.',
);

export const loginOptions = {
  enabled,
  api,
  username,
  passwordHash: secret('FN_CONSOLE_LOGIN_PASSWORD_HASH', 'Hash of the password: scrypt or PBKDF2.'),
  passwordHashFile: secretFile(
    'FN_CONSOLE_LOGIN_PASSWORD_HASH_FILE',
    'File that holds the hash of the password.',
  ),
  password: secret('FN_CONSOLE_LOGIN_PASSWORD', 'The password itself, where there is no hash.'),
  passwordFile: secretFile('FN_CONSOLE_LOGIN_PASSWORD_FILE', 'File that holds the password.'),
  usersFile,
  sessionSecret: secret('FN_CONSOLE_SESSION_SECRET', 'Signs session cookies; without it nobody can log in.'),
  sessionSecretFile: secretFile('FN_CONSOLE_SESSION_SECRET_FILE', 'File that holds the session secret.'),
  rateLimitMax,
  rateLimitWindowSeconds,
  sessionTtlSeconds,
};
