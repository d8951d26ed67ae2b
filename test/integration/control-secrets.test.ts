// Canaries: values that must not be seen, planted wherever a secret can be, and every endpoint asked by everybody who may ask
// (contract/control-plane.md 7.1). Paths of this host besides, to callers who are not the operator.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AccessRow } from '../../src/control/access-row.ts';
import { accessTable } from '../../src/control/access-table.ts';
import { createLog } from '../../src/log.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';
import { operatorOf, target } from './support/operator.ts';

const canaries = {
  declared: 'canary-declared-91f3',
  named: 'canary-named-55aa',
  quoted: 'canary-"quoted"\\-77',
  adminToken: 'canary-admin-token-3141',
  sessionSecret: 'canary-session-secret-2718',
  password: 'canary-password-1618',
};
const leaky = `// password: ${canaries.declared}
exports.handler = (event) => {
  console.log('printed', event.env.DECLARED, event.env.API_TOKEN);
  if (event.query.fail) throw new Error('failed with ' + event.env.DECLARED + ' in ' + __filename);
  return { status: 200, headers: { 'x-leak': event.env.API_TOKEN }, body: JSON.stringify(event.env) };
};
`;
const rows: readonly AccessRow[] = accessTable;

/** A value, or how it stands in JSON. */
function found(text: string): string[] {
  return Object.entries(canaries)
    .filter(([, value]) => text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1)))
    .map(([name]) => name);
}

describe('control: canaries', () => {
  const state = mkdtempSync(join(tmpdir(), 'fastfn-state-'));
  const log = createLog({ level: 'info', format: 'json', out: { write: () => {} } });
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(
      {
        'node/leaky/handler.js': leaky,
        'node/leaky/notes.txt': `it is ${canaries.declared}\n`,
        'node/leaky/fn.config.json': JSON.stringify({
          invoke: { summary: `uses ${canaries.named}`, query: { key: canaries.declared } },
          schedule: { every_seconds: 60, headers: { authorization: canaries.declared } },
        }),
        'node/leaky/fn.env.json': JSON.stringify({
          DECLARED: { value: canaries.declared, is_secret: true },
          API_TOKEN: canaries.named,
          QUOTED: { value: canaries.quoted, is_secret: true },
        }),
      },
      {
        FN_STATE_DIR: state,
        FN_ADMIN_TOKEN: canaries.adminToken,
        FN_CONSOLE_LOCAL_ONLY: '0',
        FN_CONSOLE_WRITE_ENABLED: '1',
        FN_CONSOLE_LOGIN_USERNAME: 'ada',
        FN_CONSOLE_LOGIN_PASSWORD: canaries.password,
        FN_CONSOLE_SESSION_SECRET: canaries.sessionSecret,
        FN_CONSOLE_RATE_LIMIT_MAX: '0',
        FN_CONSOLE_WRITE_RATE_LIMIT_MAX: '0',
        FN_UI_ENABLED: '1',
      },
      log,
    );
  });
  after(async () => {
    await gateway.close();
    rmSync(state, { recursive: true, force: true });
  });

  const askRow = (row: AccessRow, headers: Record<string, string>, extra = ''): Promise<Answer> => {
    const known = Object.keys(row.query ?? {});
    const query = known.includes('name') ? target('node', 'leaky') : '';
    const path = known.includes('path') ? '&path=notes.txt' : '';
    return ask(gateway.url, `${row.path.replace('*', 'x')}?${query}${path}${extra}`, {
      method: row.method,
      headers,
    });
  };
  const reads = rows.filter(({ method }) => method === 'GET');
  const callers: readonly (readonly [string, Record<string, string>])[] = [
    ['the token', { 'x-fn-admin-token': canaries.adminToken }],
    ['a local caller', {}],
    ['a stranger', { 'x-forwarded-for': '203.0.113.9' }],
  ];

  test('no read shows a secret, to anybody; nor a path of this host to a stranger', async () => {
    for (const fail of ['', '?fail=1']) await ask(gateway.url, `/leaky${fail}`);
    for (const [who, headers] of callers) {
      for (const row of reads) {
        const variants = row.path === '/_fn/logs' ? ['&file=all', '&file=all&format=json'] : [''];
        for (const extra of variants) {
          const answer = await askRow(row, headers, extra);
          const all = answer.text + JSON.stringify(answer.headers);
          assert.deepEqual(found(all), [], `${who}: ${row.path}`);
          if (who === 'a stranger')
            assert.ok(!all.includes(gateway.root) && !all.includes(state), `${row.path}: ${all}`);
        }
      }
    }
  });

  test('nor do calls, refusals and writes', async () => {
    for (const [who, headers] of callers) {
      const operator = operatorOf(gateway, headers);
      const query = target('node', 'leaky');
      for (const answer of [
        await operator.send('POST', '/_fn/invoke', { name: 'leaky' }),
        await operator.send('POST', '/_fn/invoke', { name: 'leaky', query: { fail: '1' } }),
        await operator.send('PUT', `/_fn/function-env?${query}`, { DECLARED: { value: '<hidden>' } }),
        await operator.send('PUT', `/_fn/function-config?${query}`, { group: 'g' }),
        await operator.send('PUT', `/_fn/function-config?${query}`, { timeout_ms: canaries.declared }),
        await operator.send('POST', `/_fn/function?${query}`, {}),
        await operator.send('PUT', '/_fn/ui-state', { ui_enabled: canaries.declared }),
        await operator.send('POST', '/_fn/login', {
          username: canaries.declared,
          password: canaries.password,
        }),
      ]) {
        assert.deepEqual(found(answer.text), [], `${who}: ${answer.text}`);
        if (who === 'a stranger') assert.ok(!answer.text.includes(gateway.root), answer.text);
      }
    }
  });

  test('what was shown with a secret hidden cannot be written back as it was shown', async () => {
    const operator = operatorOf(gateway, { 'x-fn-admin-token': canaries.adminToken });
    const query = target('node', 'leaky');
    const { code } = (await operator.get(`/_fn/function-code?${query}`)).json();
    assert.match(code, /password: <hidden>/);
    const back = await operator.send('PUT', `/_fn/function-code?${query}`, { code });
    assert.equal(back.status, 400, back.text);
    assert.match(back.json().error, /<hidden> stands for a secret/);
    assert.ok(readFileSync(join(gateway.root, 'node/leaky/handler.js'), 'utf8').includes(canaries.declared));
  });

  test('nor does anything that the gateway keeps: audit log, sessions, switches, figures', async () => {
    const operator = operatorOf(gateway, { 'x-fn-admin-token': canaries.adminToken });
    await operator.send('PUT', '/_fn/ui-state', { login_enabled: true });
    const login = await operator.send('POST', '/_fn/login', { username: 'ada', password: canaries.password });
    assert.equal(login.status, 200, login.text);
    await operator.send('DELETE', '/_fn/ui-state');
    await operator.send('POST', '/_fn/reload');
    const kept = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(
      kept.some(({ name }) => name === 'audit.jsonl') && kept.some(({ name }) => name === 'sessions.json'),
    );
    for (const { parentPath, name } of kept) {
      assert.deepEqual(found(readFileSync(join(parentPath, name), 'utf8')), [], name);
    }
    const { entries } = (await operator.get('/_fn/audit')).json();
    const [last, ...rest] = entries.toReversed();
    assert.deepEqual([last.action, last.by, last.status], ['reload', 'token', 200]);
    const change = rest.find(({ action }: { action: string }) => action === 'change env');
    assert.deepEqual(change.target, { runtime: 'node', name: 'leaky' });
    assert.deepEqual(change.keys, ['DECLARED']);
    assert.ok(change.from !== '' && change.time !== '' && change.id !== '');
  });
});

describe('control: a restart', () => {
  test('keeps switches, sessions, figures and the audit log', async () => {
    const state = mkdtempSync(join(tmpdir(), 'fastfn-state-'));
    const variables = {
      FN_STATE_DIR: state,
      FN_ADMIN_TOKEN: 'token-of-this-test',
      FN_CONSOLE_LOGIN_API: '1',
      FN_CONSOLE_LOGIN_USERNAME: 'ada',
      FN_CONSOLE_LOGIN_PASSWORD: 'right',
      FN_CONSOLE_SESSION_SECRET: 'secret-of-this-test',
    };
    const token = { 'x-fn-admin-token': 'token-of-this-test' };
    const tree = { 'get.a.js': "exports.handler = () => 'a';\n" };
    try {
      let gateway = await startTestGateway(tree, variables);
      let operator = operatorOf(gateway, token);
      await ask(gateway.url, '/a');
      assert.equal((await operator.send('PATCH', '/_fn/ui-state', { write_enabled: true })).status, 200);
      const login = await operator.send('POST', '/_fn/login', { username: 'ada', password: 'right' });
      const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
      assert.equal((await ask(gateway.url, '/_fn/catalog', { headers: { cookie } })).status, 200);
      await gateway.close();

      gateway = await startTestGateway(tree, variables);
      operator = operatorOf(gateway, token);
      const shown = (await operator.get('/_fn/ui-state')).json();
      assert.deepEqual([shown.write_enabled, shown.overridden], [true, ['write_enabled']]);
      assert.equal((await ask(gateway.url, '/_fn/catalog', { headers: { cookie } })).status, 200);
      assert.equal((await operator.get('/_fn/dashboard')).json().requests_24h, 1);
      const { entries } = (await operator.get('/_fn/audit')).json();
      assert.deepEqual(
        entries.map(({ action }: { action: string }) => action),
        ['change ui state', 'login'],
      );
      const clear = await operator.send('DELETE', '/_fn/ui-state');
      assert.deepEqual([clear.json().write_enabled, clear.json().overridden], [false, []]);
      await gateway.close();

      const other = await startTestGateway(tree, { ...variables, FN_CONSOLE_LOGIN_PASSWORD: 'changed' });
      assert.equal((await ask(other.url, '/_fn/catalog', { headers: { cookie } })).status, 401);
      await other.close();
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });
});
