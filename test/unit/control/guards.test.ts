// Who may: rows are callers, columns a read and a write.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startControl } from './support.ts';

const token = 'a-long-admin-token';
const withToken = { 'x-fn-admin-token': token };
const csrf = { 'x-fn-request': '1' };

interface Caller {
  readonly who: string;
  readonly from?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly trusted?: readonly string[];
  /** Addresses that count as local beside loopback. */
  readonly local?: readonly string[];
  /** Status of GET /_fn/metrics and POST /_fn/reload, without and with a configured token. */
  readonly read: number;
  readonly write: number;
  readonly writeWithToken?: number;
}

const callers: readonly Caller[] = [
  { who: 'loopback', read: 200, write: 200, writeWithToken: 403 },
  { who: 'another 127/8', from: '127.9.9.9', read: 200, write: 200, writeWithToken: 403 },
  {
    who: 'IPv6 loopback',
    from: '::1',
    headers: { host: '[::1]:8080' },
    read: 200,
    write: 200,
    writeWithToken: 403,
  },
  { who: 'mapped loopback', from: '::ffff:127.0.0.1', read: 200, write: 200, writeWithToken: 403 },
  { who: 'the local network', from: '192.168.1.5', read: 403, write: 403 },
  { who: 'a container', from: '172.17.0.2', read: 403, write: 403 },
  { who: 'a unique local IPv6', from: 'fd00::5', read: 403, write: 403 },
  { who: 'the internet', from: '203.0.113.9', read: 403, write: 403 },
  {
    who: 'loopback with X-Forwarded-For',
    headers: { 'x-forwarded-for': '127.0.0.1' },
    read: 403,
    write: 403,
  },
  {
    who: 'loopback with X-Forwarded-Host',
    headers: { 'x-forwarded-host': 'localhost' },
    read: 403,
    write: 403,
  },
  { who: 'a rebound name', headers: { host: 'evil.example:8080' }, read: 403, write: 403 },
  {
    who: 'a name that begins like loopback',
    headers: { host: '127.0.0.1.evil.example' },
    read: 403,
    write: 403,
  },
  { who: 'another site in the browser', headers: { 'sec-fetch-site': 'cross-site' }, read: 403, write: 403 },
  { who: 'another origin', headers: { origin: 'https://evil.example' }, read: 403, write: 403 },
  { who: 'an opaque origin', headers: { origin: 'null' }, read: 403, write: 403 },
  {
    who: 'its own pages',
    headers: { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' },
    read: 200,
    write: 200,
    writeWithToken: 403,
  },
  {
    who: 'a named proxy that asks for a stranger',
    trusted: ['127.0.0.1'],
    headers: { 'x-forwarded-for': '203.0.113.9' },
    read: 403,
    write: 403,
  },
  { who: 'a named proxy that does not say for whom', trusted: ['127.0.0.1'], read: 403, write: 403 },
  {
    who: 'a stranger behind a named proxy who claims to be local',
    trusted: ['127.0.0.1'],
    headers: { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
    read: 403,
    write: 403,
  },
  ...['10.0.0.1:8080', 'gateway:8080', '[fd00::5]', 'localhost'].map((host) => ({
    who: `a caller from a named network, to ${host}`,
    local: ['10.0.0.7'],
    from: '10.0.0.7',
    headers: { host },
    read: 200,
    write: 200,
    writeWithToken: 403,
  })),
  {
    who: 'a rebound name from a named network',
    local: ['10.0.0.7'],
    from: '10.0.0.7',
    headers: { host: 'evil.example' },
    read: 403,
    write: 403,
  },
  {
    who: 'a single word for loopback, where only other networks may use one',
    local: ['10.0.0.7'],
    headers: { host: 'gateway:8080' },
    read: 403,
    write: 403,
  },
  { who: 'a neighbour of a named network', local: ['10.0.0.7'], from: '10.0.0.8', read: 403, write: 403 },
];

describe('guards: who may read and write', () => {
  for (const caller of callers) {
    test(caller.who, async () => {
      for (const adminToken of [null, token]) {
        const control = await startControl({
          settings: { adminToken },
          trustedProxyCidrs: caller.trusted ?? [],
          deps: { isLocalAddress: (ip) => caller.local?.includes(ip) === true },
        });
        try {
          const { from = '127.0.0.1', headers = {} } = caller;
          const write = { method: 'POST', from, headers: { ...csrf, ...headers } } as const;
          assert.equal((await control.ask('/_fn/metrics', { from, headers })).status, caller.read);
          const expected = adminToken === null ? caller.write : (caller.writeWithToken ?? caller.write);
          assert.equal((await control.ask('/_fn/reload', write)).status, expected);
        } finally {
          await control.close();
        }
      }
    });
  }
});

describe('guards: the token', () => {
  test('opens reads and writes from anywhere, without the CSRF header', async () => {
    const control = await startControl({ settings: { adminToken: token } });
    try {
      const asked = { from: '203.0.113.9', headers: withToken };
      assert.equal((await control.ask('/_fn/metrics', asked)).status, 200);
      assert.equal((await control.ask('/_fn/reload', { ...asked, method: 'POST' })).status, 200);
      assert.ok('functions_root' in (await control.ask('/_fn/health', asked)).json());
    } finally {
      await control.close();
    }
  });

  for (const [what, value] of [
    ['wrong', 'b-long-admin-token'],
    ['a prefix', token.slice(0, -1)],
    ['empty', ''],
    ['sent twice', [token, token]],
    ['sent twice, once wrong', [token, 'x']],
  ] as const) {
    test(`${what} opens nothing`, async () => {
      const control = await startControl({ settings: { adminToken: token } });
      try {
        const headers = { 'x-fn-admin-token': typeof value === 'string' ? value : [...value] };
        assert.equal((await control.ask('/_fn/metrics', { from: '203.0.113.9', headers })).status, 403);
      } finally {
        await control.close();
      }
    });
  }

  test('without one configured, none is accepted', async () => {
    for (const adminToken of [null, '']) {
      const control = await startControl({ settings: { adminToken } });
      try {
        const asked = { from: '203.0.113.9', headers: { 'x-fn-admin-token': '' } };
        assert.equal((await control.ask('/_fn/metrics', asked)).status, 403);
      } finally {
        await control.close();
      }
    }
  });
});

describe('guards: order, flags and rate', () => {
  test('flags come before everything, and the token does not lift them', async () => {
    for (const [settings, error] of [
      [{ apiEnabled: false }, 'console api disabled'],
      [{ adminApiEnabled: false }, 'admin api disabled'],
    ] as const) {
      const control = await startControl({ settings: { adminToken: token, ...settings } });
      try {
        const answer = await control.ask('/_fn/metrics', { headers: withToken });
        assert.equal(answer.status, 404);
        assert.equal(answer.json().error, error);
        assert.equal((await control.ask('/_fn/health')).status, 200, 'probes stay');
      } finally {
        await control.close();
      }
    }
  });

  test('local_only off lets strangers read, never write', async () => {
    const control = await startControl({ settings: { localOnly: false } });
    try {
      const from = '203.0.113.9';
      assert.equal((await control.ask('/_fn/metrics', { from })).status, 200);
      const write = await control.ask('/_fn/reload', { method: 'POST', from, headers: csrf });
      assert.equal(write.status, 403);
      assert.equal(write.json().error, 'console write local-only');
    } finally {
      await control.close();
    }
  });

  test('reads and writes are counted apart, per client, with Retry-After', async () => {
    const control = await startControl({
      settings: { adminToken: token, rateLimit: { max: 4, writeMax: 1, windowSeconds: 60 } },
    });
    try {
      for (const left of ['3', '2', '1', '0']) {
        const { status, headers } = await control.ask('/_fn/metrics');
        assert.deepEqual([status, headers['x-ratelimit-remaining']], [200, left]);
      }
      const refused = await control.ask('/_fn/metrics');
      assert.equal(refused.status, 429);
      assert.equal(refused.json().error, 'too many console requests, try again later');
      assert.ok(Number(refused.headers['retry-after']) > 0);
      assert.equal(refused.headers['x-ratelimit-limit'], '4');
      const write = { method: 'POST', headers: withToken } as const;
      assert.equal((await control.ask('/_fn/reload', write)).status, 200);
      assert.equal((await control.ask('/_fn/reload', write)).status, 429);
      assert.equal((await control.ask('/_fn/metrics', { from: '127.0.0.2' })).status, 200);
      assert.equal((await control.ask('/_fn/health')).status, 200, 'probes are not counted');
    } finally {
      await control.close();
    }
  });

  test('a function that calls over loopback is no operator where its peer can be told', async () => {
    const control = await startControl({ deps: { isFunctionPeer: () => true } });
    try {
      assert.equal((await control.ask('/_fn/metrics')).status, 403);
      assert.ok(!('functions_root' in (await control.ask('/_fn/health')).json()));
    } finally {
      await control.close();
    }
  });
});
