// The login of the console, with secrets read from their files. A file that was named and cannot be used stops the start: a
// login without its password would be one that nobody expects.

import type { ConfigFileSources } from './config-file.ts';
import type { ConsoleUserEntry, GatewayConfig } from './gateway-config.ts';
import type { Option } from './option.ts';
import { loginOptions } from './options/login-options.ts';
import { readOrNull } from './read-or-null.ts';
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
    users: readUsers(settings, readFile),
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

const maxUsers = 100;
const maxUsersFileBytes = 262_144;

function readUsers(settings: Settings, readFile: ConfigFileSources['readFile']): readonly ConsoleUserEntry[] {
  const path = settings.read(loginOptions.usersFile);
  if (path === null) return [];
  const users = parseUsers(readOrNull(path, readFile) ?? '');
  if (users !== null) return users;
  settings.add({
    file: 'environment',
    key: loginOptions.usersFile.env ?? '',
    found: 'a file that is no such list',
    accepted: `a readable JSON list of at most ${maxUsers} objects with username, password_hash and role (read, invoke or write)`,
    severity: 'error',
  });
  return [];
}

function parseUsers(text: string): ConsoleUserEntry[] | null {
  try {
    const list: unknown = text.length > maxUsersFileBytes ? null : JSON.parse(text);
    if (!Array.isArray(list) || list.length > maxUsers) return null;
    const users = list.flatMap(parseUser);
    const names = new Set(users.map(({ username }) => username));
    return names.size === list.length ? users : null;
  } catch {
    return null;
  }
}

const roles = ['read', 'invoke', 'write'] as const;

/** None for what is not exactly a user. */
function parseUser(entry: unknown): ConsoleUserEntry[] {
  const fields = new Map<string, unknown>(
    typeof entry === 'object' && entry !== null ? Object.entries(entry) : [],
  );
  const [username, passwordHash] = [fields.get('username'), fields.get('password_hash')];
  const role = roles.find((each) => each === fields.get('role'));
  const isWhole = typeof username === 'string' && typeof passwordHash === 'string' && role !== undefined;
  const isNamed = isWhole && username.length > 0 && username.length <= 200 && fields.size === 3;
  return isNamed ? [{ username, passwordHash, role }] : [];
}
