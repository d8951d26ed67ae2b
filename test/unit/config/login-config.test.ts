// The console's login: secrets from variables and from files, users from a list.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readControl } from '../../../src/config/control-config.ts';
import { readLogin } from '../../../src/config/login-config.ts';
import { Settings } from '../../../src/config/settings.ts';

const file = {
  entries: new Map(),
  faults: [],
  label: 'fastfn.json',
  dir: null,
} as unknown as ConstructorParameters<typeof Settings>[0]['file'];

function read(environment: Record<string, string>, files: Record<string, string> = {}) {
  const settings = new Settings({ mode: 'serve', flags: {}, environment, file });
  const login = readLogin(settings, (path) => files[path] ?? null);
  return { login, faults: settings.faults };
}

describe('login config', () => {
  test('a file without its line end is the secret; the variable itself wins', () => {
    const files = { '/p': 'from file \r\n\n', '/s': 'x' };
    const { login, faults } = read(
      { FN_CONSOLE_LOGIN_PASSWORD_FILE: '/p', FN_CONSOLE_SESSION_SECRET_FILE: '/s' },
      files,
    );
    assert.deepEqual([login.password, login.sessionSecret, faults], ['from file ', 'x', []]);
    const direct = read({ FN_CONSOLE_LOGIN_PASSWORD_FILE: '/p', FN_CONSOLE_LOGIN_PASSWORD: 'direct' }, files);
    assert.equal(direct.login.password, 'direct');
  });

  test('a file that cannot be used is a fault that shows nothing of it', () => {
    for (const text of [undefined, '', '\n', 'x'.repeat(8193)]) {
      const { login, faults } = read(
        { FN_CONSOLE_LOGIN_PASSWORD_HASH_FILE: '/h' },
        text === undefined ? {} : { '/h': text },
      );
      assert.equal(login.passwordHash, null);
      assert.deepEqual(
        [faults[0]?.severity, faults[0]?.key],
        ['error', 'FN_CONSOLE_LOGIN_PASSWORD_HASH_FILE'],
      );
      assert.ok(!JSON.stringify(faults).includes('xxx'));
    }
  });

  test('users come from a list, each with a role; anything else is a fault', () => {
    const user = { username: 'ada', password_hash: 'h', role: 'invoke' };
    const env = { FN_CONSOLE_USERS_FILE: '/u' };
    const { login, faults } = read(env, { '/u': JSON.stringify([user]) });
    assert.deepEqual(login.users, [{ username: 'ada', passwordHash: 'h', role: 'invoke' }]);
    assert.deepEqual(faults, []);
    for (const list of [
      '{}',
      '[',
      JSON.stringify([user, user]),
      JSON.stringify([{ ...user, role: 'king' }]),
      JSON.stringify([{ ...user, colour: 1 }]),
      JSON.stringify([{ ...user, username: '' }]),
      JSON.stringify(Array.from({ length: 101 }, (_, n) => ({ ...user, username: `u${n}` }))),
    ]) {
      const wrong = read(env, { '/u': list });
      assert.deepEqual(
        [wrong.login.users, wrong.faults[0]?.key],
        [[], 'FN_CONSOLE_USERS_FILE'],
        list.slice(0, 60),
      );
    }
  });

  test('a session lasts as long as it says; zero stands for the default', () => {
    assert.equal(read({ FN_CONSOLE_SESSION_TTL_S: '60' }).login.sessionTtlSeconds, 60);
    for (const text of ['0', '-5'])
      assert.equal(read({ FN_CONSOLE_SESSION_TTL_S: text }).login.sessionTtlSeconds, 43_200);
  });
});

describe('control config', () => {
  const warnings = (environment: Record<string, string>): string[] => {
    const settings = new Settings({ mode: 'serve', flags: {}, environment, file });
    readControl(settings, () => null);
    return settings.faults.map(({ key, severity }) => `${severity} ${key}`);
  };
  const user = { FN_CONSOLE_LOGIN_USERNAME: 'ada', FN_CONSOLE_LOGIN_PASSWORD: 'right' };
  const login = { FN_CONSOLE_LOGIN_ENABLED: '1' };
  const open = { FN_CONSOLE_WRITE_ENABLED: '1', FN_CONSOLE_LOCAL_ONLY: '0' };

  test('says where more, or fewer, can get in than anybody means', () => {
    const secret = { FN_CONSOLE_SESSION_SECRET: 'long-enough-for-a-secret' };
    assert.deepEqual(warnings({}), []);
    assert.deepEqual(warnings({ FN_CONSOLE_WRITE_ENABLED: '1' }), []);
    assert.deepEqual(warnings(open), ['warning FN_CONSOLE_WRITE_ENABLED']);
    assert.deepEqual(warnings({ ...open, ...login, ...user, ...secret }), []);
    assert.deepEqual(warnings({ ...login, ...secret }), ['warning FN_CONSOLE_LOGIN_ENABLED']);
    assert.deepEqual(warnings({ ...login, ...user }), ['warning FN_CONSOLE_LOGIN_ENABLED']);
    const short = { ...login, ...user, FN_CONSOLE_SESSION_SECRET: 'short' };
    assert.deepEqual(warnings(short), ['warning FN_CONSOLE_SESSION_SECRET']);
  });
});
