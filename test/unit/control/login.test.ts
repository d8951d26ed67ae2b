// Logging in: credentials, sessions, and what ends them (contract/control-plane.md 3).

import assert from 'node:assert/strict';
import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import { afterEach, describe, mock, test } from 'node:test';
import type { LoginSettings } from '../../../src/control/control-deps.ts';
import { LoginThrottle } from '../../../src/control/login-throttle.ts';
import { parsePasswordHash } from '../../../src/control/password-hash.ts';
import { parseStoredSessions, Sessions, type StoredSession } from '../../../src/control/sessions.ts';
import { noLogin, startControl } from './support.ts';

const secret = 'a-session-secret-of-this-test';
const open: LoginSettings = {
  ...noLogin,
  enabled: true,
  username: 'ada',
  password: 'right',
  sessionSecret: secret,
};
const csrf = { 'x-fn-request': '1' };
type Control = Awaited<ReturnType<typeof startControl>>;

const logIn = (control: Control, username: unknown, password: unknown, from = '127.0.0.1') =>
  control.ask('/_fn/login', {
    method: 'POST',
    from,
    headers: csrf,
    payload: JSON.stringify({ username, password }),
  });
const cookieOf = (answer: Awaited<ReturnType<typeof logIn>>): string =>
  String(answer.headers['set-cookie']).split(';')[0] ?? '';

async function withControl(
  login: Partial<LoginSettings>,
  use: (control: Control) => Promise<void>,
  more: Parameters<typeof startControl>[0] = {},
): Promise<void> {
  const control = await startControl({
    ...more,
    settings: { login: { ...open, ...login }, ...more.settings },
  });
  try {
    await use(control);
  } finally {
    await control.close();
  }
}

describe('login', () => {
  test('the right password starts a session that reads, and logging out ends it', () =>
    withControl({}, async (control) => {
      assert.equal((await control.ask('/_fn/catalog')).json().error, 'login required');
      const answer = await logIn(control, 'ada', 'right');
      assert.deepEqual([answer.status, answer.json()], [200, { ok: true, user: 'ada' }]);
      const header = String(answer.headers['set-cookie']);
      assert.match(
        header,
        /^fastfn_session=[\w-]+\.[\w-]+\.[\w-]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Strict$/,
      );
      const cookie = cookieOf(answer);
      const asked = { headers: { cookie } };
      assert.equal((await control.ask('/_fn/catalog', asked)).status, 200);
      assert.equal((await control.ask('/_fn/ui-state', asked)).json().current_user, 'ada');
      const out = await control.ask('/_fn/logout', { method: 'POST', headers: { ...csrf, cookie } });
      assert.deepEqual([out.status, out.json()], [200, { ok: true }]);
      assert.match(String(out.headers['set-cookie']), /^fastfn_session=;/);
      assert.equal(
        (await control.ask('/_fn/catalog', asked)).status,
        401,
        'the cookie itself is worth nothing now',
      );
    }));

  test('over https the cookie is bound to the host', () =>
    withControl(
      {},
      async (control) => {
        const answer = await logIn(control, 'ada', 'right');
        assert.match(String(answer.headers['set-cookie']), /^__Host-fastfn_session=.*; Secure/);
        assert.equal(
          (await control.ask('/_fn/catalog', { headers: { cookie: cookieOf(answer) } })).status,
          200,
        );
      },
      { deps: { isSecure: () => true } },
    ));

  test('wrong names, passwords and bodies are refused alike, in the order of the contract', () =>
    withControl({ rateLimit: { max: 0, windowSeconds: 0 } }, async (control) => {
      for (const [username, password] of [
        ['ada', 'wrong'],
        ['bob', 'right'],
        ['ada', ''],
      ]) {
        const answer = await logIn(control, username, password);
        assert.deepEqual([answer.status, answer.json().error], [401, 'invalid credentials']);
        assert.equal(answer.headers['set-cookie'], undefined);
      }
      for (const [username, password] of [
        ['', 'x'],
        [7, 'x'],
        ['ada', 7],
        [undefined, undefined],
      ]) {
        const answer = await logIn(control, username, password);
        assert.deepEqual([answer.status, answer.json().error], [400, 'username and password are required']);
      }
      const text = await control.ask('/_fn/login', { method: 'POST', headers: csrf, payload: 'x' });
      assert.deepEqual([text.status, text.json().error], [400, 'invalid json body']);
      assert.equal((await control.ask('/_fn/login')).status, 405);
      const bare = await control.ask('/_fn/login', { method: 'POST', payload: '{}' });
      assert.equal(bare.json().error, 'missing CSRF header');
    }));

  test('a login that is off or half configured says so', async () => {
    const cases = [
      [{ enabled: false }, 404, 'login disabled'],
      [{ username: null }, 500, 'login is enabled but credentials are not configured'],
      [{ password: null }, 500, 'login is enabled but credentials are not configured'],
      [
        { passwordHash: `pbkdf2-sha256:99999:00ff00ff00ff00ff:${'00'.repeat(32)}` },
        500,
        'login is enabled but credentials are not configured',
      ],
      [{ sessionSecret: null }, 500, 'session secret not configured'],
    ] as const;
    for (const [login, status, error] of cases) {
      await withControl(login, async (control) => {
        const answer = await logIn(control, 'ada', 'right');
        assert.deepEqual([answer.status, answer.json().error], [status, error]);
      });
    }
  });

  test('five failures close the door for an address, and only for it; a success opens it again', () =>
    withControl({}, async (control) => {
      for (let n = 0; n < 4; n += 1) assert.equal((await logIn(control, 'ada', 'wrong')).status, 401);
      assert.equal((await logIn(control, 'ada', 'right')).status, 200);
      for (let n = 0; n < 5; n += 1) assert.equal((await logIn(control, 'ada', 'wrong')).status, 401);
      const closed = await logIn(control, 'ada', 'right');
      assert.deepEqual(
        [closed.status, closed.json().error],
        [429, 'too many login attempts, try again later'],
      );
      assert.ok(Number(closed.headers['retry-after']) > 200);
      assert.equal((await logIn(control, 'ada', 'right', '127.0.0.2')).status, 200);
    }));

  test('a session does not loosen the switches, and writes only where writing is on', () =>
    withControl({}, async (control) => {
      const headers = { ...csrf, cookie: cookieOf(await logIn(control, 'ada', 'right')) };
      const put = (payload: string) => control.ask('/_fn/ui-state', { method: 'PUT', headers, payload });
      assert.equal((await put('{"local_only":false}')).json().error, 'console write disabled');
    }));

  test('where writing is on, a session tightens the switches and does not loosen them', () =>
    withControl(
      {},
      async (control) => {
        const headers = { ...csrf, cookie: cookieOf(await logIn(control, 'ada', 'right')) };
        const put = (payload: string) => control.ask('/_fn/ui-state', { method: 'PUT', headers, payload });
        const loose = await put('{"local_only":false}');
        assert.deepEqual(
          [loose.status, loose.json().error],
          [403, 'admin token required to loosen local_only'],
        );
        const mixed = await put('{"login_api_enabled":true,"local_only":"no"}');
        assert.deepEqual([mixed.status, mixed.json().error], [400, 'local_only must be boolean']);
        assert.equal((await put('{"api_enabled":false}')).json().error, 'api_enabled cannot be changed here');
        const state = (await control.ask('/_fn/ui-state', { headers })).json();
        assert.deepEqual([state.login_api_enabled, state.overridden], [false, []], 'nothing was applied');
        assert.equal((await put('{"login_api_enabled":true}')).json().login_api_enabled, true);
        const clear = await control.ask('/_fn/ui-state', { method: 'DELETE', headers });
        assert.equal(clear.status, 403, 'going back would loosen too');
      },
      { settings: { writeEnabled: true } },
    ));
});

describe('roles', () => {
  test('a reader reads, a caller also calls, a writer also writes', async () => {
    const passwordHash = createHash('sha256').update('right').digest('hex');
    const users = (['read', 'invoke', 'write'] as const).map((role) => ({
      username: role,
      passwordHash,
      role,
    }));
    await withControl(
      { username: null, password: null, users },
      async (control) => {
        const outcomes: Record<string, number[]> = {};
        for (const { username } of users) {
          const headers = { ...csrf, cookie: cookieOf(await logIn(control, username, 'right')) };
          const read = await control.ask('/_fn/catalog', { headers });
          const invoke = await control.ask('/_fn/reload', { method: 'POST', headers });
          const write = await control.ask('/_fn/ui-state', { method: 'PUT', headers, payload: '{}' });
          outcomes[username] = [read.status, invoke.status, write.status];
          if (write.status === 403) assert.match(write.json().error, /the role \w+ may not do this/);
        }
        assert.deepEqual(outcomes, {
          read: [200, 403, 403],
          invoke: [200, 200, 403],
          write: [200, 200, 200],
        });
      },
      { settings: { writeEnabled: true } },
    );
  });
});

describe('sessions', () => {
  const user = { role: 'write', fingerprint: 'f1' } as const;
  const make = (
    over: Partial<ConstructorParameters<typeof Sessions>[0]> = {},
    stored: StoredSession[] = [],
  ) =>
    new Sessions(
      { secret, ttlSeconds: 60, userNow: () => user, now: () => 1_000_000, save: () => {}, ...over },
      stored,
    );
  const start = (sessions: Sessions): { fastfn_session: string } => ({
    fastfn_session: sessions.start('ada'),
  });

  test('what was tampered with, or signed by another secret, is no session', () => {
    const sessions = make();
    const cookie = start(sessions);
    assert.equal(sessions.find(cookie)?.user, 'ada');
    const [payload = '', key = '', signature = ''] = cookie.fastfn_session.split('.');
    const forged = Buffer.from(JSON.stringify({ sid: 'x', user: 'ada', exp: 9e9, cred: 'f1' })).toString(
      'base64url',
    );
    for (const bad of [
      `${payload}.${key}.${signature.slice(0, -2)}AA`,
      `${forged}.${key}.${signature}`,
      `${payload}.00000000.${signature}`,
      `${payload}.${key}.${signature}.x`,
      `${payload}.${key}`,
      '',
      'x'.repeat(5_000),
    ]) {
      assert.equal(sessions.find({ fastfn_session: bad }), null, bad.slice(0, 40));
    }
    assert.equal(make({ secret: 'another' }).find(cookie), null);
    assert.equal(make({ secret: null }).find(cookie), null);
  });

  test('time, a changed password, a removed user and another gateway end it', () => {
    const clock = { now: 1_000_000 };
    const users: { now: { role: 'write'; fingerprint: string } | null } = { now: user };
    const sessions = make({ now: () => clock.now, userNow: () => users.now });
    const cookie = start(sessions);
    clock.now += 59_000;
    assert.notEqual(sessions.find(cookie), null);
    users.now = { ...user, fingerprint: 'f2' };
    assert.equal(sessions.find(cookie), null);
    users.now = null;
    assert.equal(sessions.find(cookie), null);
    users.now = user;
    clock.now += 1_000;
    assert.equal(sessions.find(cookie), null);
    assert.equal(make().find(start(make())), null, 'a signature alone is not enough');
  });

  test('a restart keeps them, as hashes', () => {
    let saved: readonly StoredSession[] = [];
    const cookie = start(make({ save: (sessions) => (saved = sessions) }));
    const text = JSON.stringify({ sessions: saved });
    const [payload = ''] = cookie.fastfn_session.split('.');
    const { sid } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    assert.ok(!text.includes(sid));
    const again = make({}, parseStoredSessions(JSON.parse(text)));
    assert.equal(again.find(cookie)?.user, 'ada');
    assert.deepEqual(parseStoredSessions({ sessions: [7, { id_hash: 1 }] }), []);
    assert.deepEqual(parseStoredSessions('x'), []);
  });
});

describe('password hashes', () => {
  const salt = '00112233445566778899aabbccddeeff';
  const bytes = Buffer.from(salt, 'hex');
  const pbkdf2 = (iterations: number) =>
    `pbkdf2-sha256:${iterations}:${salt}:${pbkdf2Sync('right', bytes, iterations, 32, 'sha256').toString('hex')}`;
  const scrypt = (N: number, r = 8, p = 1) => {
    const digest = scryptSync('right', bytes, 32, { N, r, p, maxmem: 512 * 1_048_576 }).toString('hex');
    return `scrypt:${N}:${r}:${p}:${salt}:${digest}`;
  };
  const sha256 = createHash('sha256').update('right').digest('hex');

  test('each kind tells the right password from others', async () => {
    for (const hash of [pbkdf2(100_000), scrypt(16_384), `sha256:${sha256}`, sha256]) {
      const verifier = parsePasswordHash(hash);
      assert.equal(await verifier?.matches('right'), true, hash);
      assert.equal(await verifier?.matches('wrong'), false, hash);
      assert.equal(await verifier?.matches(''), false, hash);
    }
  });

  test('what is weak, too costly or no hash is none', () => {
    const digest = '00'.repeat(32);
    for (const text of [
      `pbkdf2-sha256:99999:${salt}:${digest}`,
      `pbkdf2-sha256:99999999:${salt}:${digest}`,
      `pbkdf2-sha256:100000:${salt}:zz`,
      `pbkdf2-sha1:100000:${salt}:${digest}`,
      `scrypt:1024:8:1:${salt}:${digest}`,
      `scrypt:16385:8:1:${salt}:${digest}`,
      `scrypt:1048576:32:1:${salt}:${digest}`,
      `scrypt:16384:8:99:${salt}:${digest}`,
      `scrypt:16384:0:1:${salt}:${digest}`,
      'right',
      '',
    ]) {
      assert.equal(parsePasswordHash(text), null, text);
    }
  });
});

describe('login throttle', () => {
  const check = (throttle: LoginThrottle, address: string, user: string | null = null): boolean => {
    try {
      throttle.check(address, user);
      return true;
    } catch {
      return false;
    }
  };

  test('counts by address, by user over all addresses, and in all; the window is fixed', () => {
    const clock = { now: 0 };
    const throttle = new LoginThrottle({ max: 2, windowSeconds: 10, now: () => clock.now });
    for (let n = 0; n < 2; n += 1) throttle.failed('a', 'ada');
    assert.equal(check(throttle, 'a'), false);
    assert.equal(check(throttle, 'b', 'ada'), true);
    for (let n = 0; n < 6; n += 1) throttle.failed(`c${n}`, 'ada');
    assert.equal(check(throttle, 'b', 'ada'), false, 'eight failures of one user');
    assert.equal(check(throttle, 'b', 'bob'), true);
    for (let n = 0; n < 32; n += 1) throttle.failed(`d${n}`, `user${n}`);
    assert.equal(check(throttle, 'e', 'eve'), false, 'forty in all');
    clock.now = 10_000;
    assert.equal(check(throttle, 'a', 'ada'), true);
  });

  test('zero means no limit', () => {
    const throttle = new LoginThrottle({ max: 0, windowSeconds: 10, now: () => 0 });
    for (let n = 0; n < 100; n += 1) throttle.failed('a', 'ada');
    assert.equal(check(throttle, 'a', 'ada'), true);
  });
});

describe('rate limits in time', () => {
  afterEach(() => mock.timers.reset());

  test('121 reads are one too many, a write is still counted apart, and the window ends', async () => {
    const control = await startControl({ settings: { writeEnabled: true } });
    try {
      mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
      const statuses: number[] = [];
      for (let n = 0; n < 121; n += 1) statuses.push((await control.ask('/_fn/catalog')).status);
      assert.deepEqual([statuses.indexOf(429), statuses.length], [120, 121]);
      const write = await control.ask('/_fn/reload', { method: 'POST', headers: csrf });
      assert.equal(write.status, 200);
      mock.timers.tick(60_000);
      assert.equal((await control.ask('/_fn/catalog')).status, 200);
    } finally {
      await control.close();
    }
  });
});
