// `PUT /_fn/function-config`: what it keeps, what it refuses and in which words (contract/control-plane.md 6.4).
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type Operator, operatorOf, target } from './support/operator.ts';
import { echoJs } from './support/tree.ts';

describe('control: config of a function', () => {
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    gateway = await startTestGateway(
      {
        'flat/fn.config.json': JSON.stringify({ runtime: 'node', name: 'flat', 'x-kept': [] }),
        'flat/handler.js': "exports.handler = () => 'flat';\n",
        'users/[id]/get.js': echoJs('user'),
      },
      {
        FN_CONSOLE_WRITE_ENABLED: '1',
        FN_CONSOLE_RATE_LIMIT_MAX: '0',
        FN_CONSOLE_WRITE_RATE_LIMIT_MAX: '0',
      },
    );
    operator = operatorOf(gateway);
  });
  after(() => gateway.close());
  const disk = (path: string): string => readFileSync(join(gateway.root, path), 'utf8');

  test('config keeps what is not named, empty lists and the order included; null takes a key away', async () => {
    const url = `/_fn/function-config?${target('node', 'flat')}`;
    const changed = await operator.send('PUT', url, {
      timeout_ms: 1500.7,
      group: ' web ',
      invoke: { methods: ['POST', 'GET'], routes: ['/flat/:id', '/flat'] },
      schedule: { enabled: true, every_seconds: 60, cron: '0 * * * *', timezone: 'Europe/Rome' },
    });
    assert.equal(changed.status, 200, changed.text);
    const { policy } = changed.json();
    assert.deepEqual([policy.timeout_ms, policy.group, policy.methods], [1500, 'web', ['GET', 'POST']]);
    assert.equal((await ask(gateway.url, '/flat/7')).text, 'flat');
    const file = JSON.parse(disk('flat/fn.config.json'));
    assert.deepEqual(Object.keys(file).slice(0, 3), ['runtime', 'name', 'x-kept']);
    assert.deepEqual(file['x-kept'], []);
    assert.equal(file.timeout_ms, 1500);
    const shown = await operator.get(url);
    assert.deepEqual(shown.json().config, file, 'the file itself can be read');
    const back = await operator.send('PUT', url, { group: null, invoke: { routes: [] }, timeout_ms: null });
    assert.equal(back.status, 200, back.text);
    const after = JSON.parse(disk('flat/fn.config.json'));
    assert.ok(!('group' in after || 'timeout_ms' in after || 'routes' in after.invoke));
    assert.equal((await ask(gateway.url, '/flat')).text, 'flat', 'its own name is its route again');
    const stale = await operator.send('PUT', url, { group: 'x' }, { 'if-match': String(shown.headers.etag) });
    assert.equal(stale.status, 412);
  });

  test('config with a fault is refused with the key, and the file stays', async () => {
    const url = `/_fn/function-config?${target('node', 'flat')}`;
    const before = disk('flat/fn.config.json');
    const routes = 'invoke.routes must contain valid URL paths (absolute, non-reserved)';
    for (const [body, error] of [
      [{ timeout_ms: 0 }, 'timeout_ms must be > 0'],
      [{ max_body_bytes: 'x' }, 'max_body_bytes must be > 0'],
      [{ max_concurrency: -1 }, 'max_concurrency must be >= 0'],
      [{ group: 7 }, 'group must be a string'],
      [{ group: 'x'.repeat(81) }, 'group must be <= 80 chars'],
      [{ response: 1 }, 'response must be an object'],
      [{ routes: ['/_fn/x'] }, routes],
      [{ invoke: { routes: ['../x'] } }, routes],
      [{ invoke: { routes: Array.from({ length: 33 }, (_, index) => `/r${index}`) } }, routes],
      [{ invoke: { handler: 'a-b' } }, 'invoke.handler must match ^[A-Za-z_][A-Za-z0-9_]*$'],
      [{ invoke: { handler: 7 } }, 'invoke.handler must be a string or null'],
      [{ invoke: { allow_hosts: 'a' } }, 'invoke.allow_hosts must be an array of host strings or null'],
      [{ invoke: { allow_hosts: ['x'.repeat(201)] } }, 'invoke.allow_hosts host length must be <= 200'],
      [{ invoke: { allow_hosts: ['a/b'] } }, "invoke.allow_hosts host entries may not include spaces or '/'"],
      [{ schedule: [] }, 'schedule must be an object'],
      [{ schedule: { every_seconds: 0 } }, 'schedule.every_seconds must be > 0'],
      [{ schedule: { cron: '* * *' } }, 'schedule.cron must have 5 or 6 fields'],
      [{ schedule: { cron: '@now' } }, 'schedule.cron must be 5/6-field cron or a supported @macro'],
      [{ schedule: { cron: ' ' } }, 'schedule.cron must be a non-empty string'],
      [{ schedule: { cron: 5 } }, 'schedule.cron must be a string or null'],
      [
        { schedule: { timezone: 'Mars/Base' } },
        'schedule.timezone must be UTC, local, Z, or a fixed offset (+HH:MM)',
      ],
      [{ schedule: { timezone: '' } }, 'schedule.timezone must be non-empty when set'],
      [{ schedule: { method: 'FLY' } }, 'schedule.method must be a valid HTTP method'],
      [{ schedule: { headers: [] } }, 'schedule.headers must be an object'],
      [{ schedule: { retry: 'x' } }, 'schedule.retry must be a boolean, object, or null'],
      [{ schedule: { retry: {} } }, 'schedule.retry must include at least one field'],
      [{ schedule: { retry: { max_attempts: 0 } } }, 'schedule.retry.max_attempts must be >= 1'],
      [
        { schedule: { retry: { base_delay_seconds: 9, max_delay_seconds: 1 } } },
        'schedule.retry.max_delay_seconds must be >= base_delay_seconds',
      ],
      [{ shared_deps: 7 }, 'shared_deps must be an array of strings, a string, or null'],
      [{ shared_deps: ['../x'] }, 'shared_deps entries must match ^[a-zA-Z0-9_-]+$'],
      [{ edge: 1 }, 'edge must be an object'],
      [{ edge: { base_url: '' } }, 'edge.base_url must be a non-empty string'],
      [{ edge: { allow_hosts: 'x' } }, 'edge.allow_hosts must be an array'],
      [{ edge: { max_response_bytes: 0 } }, 'edge.max_response_bytes must be > 0'],
      [{ runtime: 'python' }, 'runtime cannot be changed here'],
      [{ strict_fs: false }, 'strict_fs cannot be changed here'],
      [{ invoke: { 'force-url': true } }, 'invoke.force-url cannot be changed here'],
    ] as const) {
      const answer = await operator.send('PUT', url, body);
      assert.deepEqual([answer.status, answer.json().error], [400, error], JSON.stringify(body));
    }
    for (const [body, key] of [
      [{ colour: 'red' }, /unknown key: colour/],
      [{ invoke: { color: 1 } }, /unknown key: invoke\.color/],
      [{ worker_pool: { max_workers: 'many' } }, /worker_pool\.max_workers/],
      [{ keep_warm: 7 }, /keep_warm/],
    ] as const) {
      const answer = await operator.send('PUT', url, body);
      assert.equal(answer.status, 400);
      assert.match(answer.json().error, key);
    }
    assert.equal(disk('flat/fn.config.json'), before);
    assert.equal((await ask(gateway.url, '/flat')).text, 'flat');
  });

  test('a change that would take other functions away is taken back', async () => {
    const url = `/_fn/function-config?${target('node', 'users/[id]/get.js')}`;
    const answer = await operator.send('PUT', url, { routes: ['/people'] });
    assert.equal(answer.status, 400, answer.text);
    assert.match(
      answer.json().error,
      /not changed: node\/users\/\[id\]\/get\.js@default would not be served/,
    );
    assert.ok(!existsSync(join(gateway.root, 'users/[id]/fn.config.json')));
    assert.equal((await ask(gateway.url, '/users/7')).json().file, 'user');
  });
});
