// Every row of the access table at every guard: what a row does not promise to ask must not be asked, and the other way round.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type AccessRow, bucketOf, type GuardName, guardOrders } from '../../../src/control/access-row.ts';
import { accessTable } from '../../../src/control/access-table.ts';
import type { ControlDeps, ControlSettings } from '../../../src/control/control-deps.ts';
import { endpointRow } from './endpoint-row.ts';
import { noLogin, startControl } from './support.ts';

const token = 'a-long-admin-token';
const withToken = { 'x-fn-admin-token': token };
const csrf = { 'x-fn-request': '1' };
const stranger = '203.0.113.9';
const unlimited = { max: 0, writeMax: 0, windowSeconds: 60 };
const rows: readonly AccessRow[] = accessTable;

interface Situation {
  readonly name: string;
  readonly settings?: Partial<ControlSettings>;
  readonly deps?: Partial<ControlDeps>;
  readonly from?: string;
  readonly trustedProxyCidrs?: readonly string[];
  readonly headers?: Record<string, string>;
  /** The guard that refuses, with its answer; null: none does. */
  readonly refusal: readonly [GuardName, number, string] | null;
  /** Rows that are asked; default all that have the guard. */
  readonly of?: (row: AccessRow) => boolean;
}

const isWrite = ({ method }: AccessRow): boolean => method !== 'GET';
const needs = (permission: AccessRow['permission']) => (row: AccessRow) => row.permission === permission;

const situations: readonly Situation[] = [
  {
    name: 'the API is off, even with the token',
    settings: { apiEnabled: false },
    headers: withToken,
    refusal: ['api flag', 404, 'console api disabled'],
  },
  {
    name: 'the admin API is off, even with the token',
    settings: { adminApiEnabled: false },
    headers: withToken,
    refusal: ['admin api flag', 404, 'admin api disabled'],
  },
  {
    name: 'the docs are off',
    settings: { docsEnabled: false },
    headers: withToken,
    refusal: ['docs flag', 404, 'docs disabled'],
  },
  {
    name: 'the console is off',
    settings: { uiEnabled: false },
    headers: withToken,
    refusal: ['ui flag', 404, 'console ui disabled'],
  },
  {
    name: 'a stranger',
    from: stranger,
    headers: csrf,
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a stranger at the console',
    settings: { uiEnabled: true },
    from: stranger,
    headers: csrf,
    refusal: ['ui local-only', 403, 'console ui local-only'],
  },
  {
    name: 'somebody with a wrong token',
    from: stranger,
    headers: { ...csrf, 'x-fn-admin-token': 'b-long-admin-token' },
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a proxy that nobody named',
    headers: { ...csrf, 'x-forwarded-for': '127.0.0.1' },
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a stranger behind a proxy that the operator named',
    trustedProxyCidrs: ['127.0.0.1'],
    headers: { ...csrf, 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a rebound name',
    headers: { ...csrf, host: 'evil.example:8080' },
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a page of another site',
    headers: { ...csrf, 'sec-fetch-site': 'cross-site' },
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a function of this gateway',
    deps: { isFunctionPeer: () => true },
    headers: csrf,
    refusal: ['api local-only', 403, 'console api local-only'],
  },
  {
    name: 'a local caller without a session where a login is asked for',
    settings: { login: { ...noLogin, enabled: true } },
    headers: csrf,
    refusal: ['login', 401, 'login required'],
  },
  {
    name: 'a local caller without the CSRF header',
    refusal: ['csrf', 403, 'missing CSRF header'],
    of: isWrite,
  },
  {
    name: 'a local caller where writing is off',
    headers: csrf,
    refusal: ['permission', 403, 'console write disabled'],
    of: needs('write'),
  },
  {
    name: 'a local caller without the token that there is',
    headers: csrf,
    refusal: ['permission', 403, 'admin token required'],
    of: needs('invoke'),
  },
  {
    name: 'a function where strangers may write',
    settings: { localOnly: false, writeEnabled: true },
    deps: { isFunctionPeer: () => true },
    headers: csrf,
    refusal: ['permission', 403, 'console write local-only'],
    of: (row) => row.permission !== 'read',
  },
  { name: 'the token from afar', from: stranger, headers: withToken, refusal: null },
  {
    name: 'the token as a bearer token from afar',
    from: stranger,
    headers: { authorization: `Bearer ${token}` },
    refusal: null,
  },
  {
    name: 'a local caller where writing is on',
    settings: { writeEnabled: true },
    headers: csrf,
    refusal: null,
  },
];

/** Texts by which guards refuse; no other answer may have them. */
const guardTexts = new Set(situations.flatMap(({ refusal }) => (refusal === null ? [] : [refusal[2]])));

const urlOf = (row: AccessRow): string => row.path.replace('*', 'x');

describe('access table: every row at every guard', () => {
  for (const situation of situations) {
    const { name, settings, deps = {}, from = '127.0.0.1', headers = {}, trustedProxyCidrs = [] } = situation;
    const { refusal, of = () => true } = situation;
    test(name, async () => {
      const control = await startControl({
        settings: { adminToken: token, uiEnabled: true, rateLimit: unlimited, ...settings },
        deps,
        trustedProxyCidrs,
      });
      try {
        for (const row of rows) {
          const answer = await control.ask(urlOf(row), { method: row.method, from, headers });
          const what = `${row.method} ${row.path}: ${answer.text.slice(0, 200)}`;
          const order: readonly GuardName[] = guardOrders[row.access];
          const isRefused = refusal !== null && order.includes(refusal[0]) && of(row);
          if (isRefused) assert.deepEqual([answer.status, answer.json().error], refusal.slice(1), what);
          else if (refusal === null || !order.includes(refusal[0])) {
            const error = answer.text.startsWith('{') ? answer.json().error : undefined;
            const isAnothers = refusal !== null && order.length > 0 && error !== refusal[2];
            assert.ok(isAnothers || !guardTexts.has(error), what);
          }
        }
      } finally {
        await control.close();
      }
    });
  }
});

describe('access table: input', () => {
  const open = {
    adminToken: token,
    uiEnabled: true,
    rateLimit: unlimited,
    login: { ...noLogin, enabled: true },
  };

  test('an unknown key of a query is refused and named, on every row', async () => {
    const control = await startControl({ settings: open });
    try {
      for (const row of rows) {
        const answer = await control.ask(`${urlOf(row)}?colour=red`, {
          method: row.method,
          headers: withToken,
        });
        const what = `${row.method} ${row.path}: ${answer.text.slice(0, 200)}`;
        assert.deepEqual(
          [answer.status, answer.json().error],
          [400, 'unknown query parameter: colour'],
          what,
        );
      }
    } finally {
      await control.close();
    }
  });

  test('a key sent twice is refused and named', async () => {
    const control = await startControl({ settings: open });
    try {
      for (const row of rows.filter(({ query }) => query !== undefined)) {
        const [key = ''] = Object.keys(row.query ?? {});
        const answer = await control.ask(`${urlOf(row)}?${key}=a&${key}=b`, {
          method: row.method,
          headers: withToken,
        });
        assert.equal(answer.status, 400, `${row.path} ${answer.text}`);
        assert.ok(answer.json().error.includes(key), answer.text);
      }
    } finally {
      await control.close();
    }
  });

  test('a body that is no object, or has an unknown key, or is too long, is refused', async () => {
    const control = await startControl({ settings: open });
    try {
      for (const row of rows) {
        if (row.body === undefined) continue;
        const send = (payload: string) =>
          control.ask(urlOf(row), { method: row.method, headers: withToken, payload });
        for (const payload of [
          '[]',
          '7',
          '{',
          '"x"',
          '{"a":"\\ud800',
          `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`,
        ]) {
          const answer = await send(payload);
          assert.equal(answer.status, 400, `${row.method} ${row.path} ${payload}: ${answer.text}`);
        }
        if (row.body.schema['additionalProperties'] === false) {
          assert.match(
            (await send('{"colour":1}')).json().error,
            /colour|required|require key|code must be a string/,
            row.path,
          );
        }
        const long = await send(`{"a":"${'x'.repeat(row.body.maxBytes)}"}`);
        assert.deepEqual([long.status, long.json().error], [413, 'payload too large'], row.path);
      }
    } finally {
      await control.close();
    }
  });

  test('the README lists every row, and none that there is not', () => {
    const readme = readFileSync(join(import.meta.dirname, '..', '..', '..', 'README.md'), 'utf8');
    const listed = readme.split('\n').filter((line) => /^\| [A-Z]+ \| `\//.test(line));
    assert.deepEqual(listed, rows.map(endpointRow));
  });

  test('each path has one row a method, and writes are not counted as reads', () => {
    const ids = rows.map((row) => `${row.method} ${row.path}`);
    assert.equal(new Set(ids).size, ids.length);
    for (const row of rows) {
      if (row.method !== 'GET') assert.notEqual(bucketOf(row), 'read', row.path);
      if (row.permission !== 'read') assert.notEqual(row.method, 'GET', row.path);
      assert.ok(row.summary.endsWith('.'), row.path);
    }
  });
});
