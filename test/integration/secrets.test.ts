// The operator's secrets through a whole gateway: who gets them, how a new value arrives, and that no endpoint and no log
// line shows one.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { accessTable } from '../../src/control/access-table.ts';
import { createLog } from '../../src/log.ts';
import { SecretStore } from '../../src/secrets/secret-store.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';

const token = 'the-token-of-the-operator';
const admin = { 'x-fn-admin-token': token };
/** With what JSON, URLs and shells write in another way. */
const stored = 'CANARY-stored "\\ +/%ü\tend';
const own = 'CANARY-own-value';
const fromFile = 'CANARY-from-file';
/** As short as what is still masked. */
const shortest = 'q7Zx';

const nodeShow = `exports.handler = (event) => ({
  got: event.secrets ?? null,
  env: Object.fromEntries(Object.entries(process.env).filter(([name]) => /KEY|PASS|MOUNTED/.test(name))),
  pid: process.pid,
});`;
const pythonShow = `import json, os
def handler(event):
    return {"got": event.get("secrets"), "env": os.environ.get("API_KEY")}`;
const nodeLeak = `exports.handler = async (event) => {
  const { API_KEY } = event.secrets;
  const all = [API_KEY, process.env.OWN_KEY, process.env.MOUNTED].join(' ');
  console.log('printed ' + all);
  console.error(JSON.stringify({ all }), encodeURIComponent(all));
  process.stdout.write(Buffer.from(API_KEY).toString('base64') + '\\n');
  if (event.query.how === 'throw') throw new Error('failed with ' + all);
  return 'nothing to see';
};`;
/** Past all that captures output, and before a handler is there. */
const nodeBreaks = `require('node:fs').writeSync(2, 'raw ' + process.env.OWN_PIN + '\\n');
throw new Error('cannot start with ' + process.env.API_KEY + process.env.OWN_PIN);`;

const asks = (more: object = {}) => JSON.stringify({ runtime: 'node', secrets: ['API_KEY'], ...more });

let gateway: TestGateway;
let folder: string;
const written: string[] = [];

function tree(): Record<string, string> {
  return {
    'show/handler.js': nodeShow,
    'show/fn.config.json': asks({ name: 'show' }),
    'show/fn.env.json': JSON.stringify({ DB_PASS: { secret: 'API_KEY' }, PLAIN_KEY_ID: 'visible' }),
    'py/handler.py': pythonShow,
    'py/fn.config.json': JSON.stringify({ runtime: 'python', name: 'py', secrets: ['API_KEY', 'NOT_THERE'] }),
    'get.stranger.js': nodeShow,
    'marked/handler.js': nodeShow,
    'marked/fn.config.json': '{"runtime":"node","name":"marked"}',
    'marked/fn.env.json': '{"API_KEY":{"value":null,"is_secret":true}}',
    'leak/handler.js': nodeLeak,
    'leak/fn.config.json': asks({ name: 'leak', include_debug_headers: true }),
    'leak/fn.env.json': JSON.stringify({
      OWN_KEY: { value: own, is_secret: true },
      MOUNTED: { value_file: join(folder, 'allowed', 'value') },
    }),
    'files/handler.js': nodeShow,
    'files/fn.config.json': '{"runtime":"node","name":"files"}',
    'files/fn.env.json': JSON.stringify({
      MOUNTED: { value_file: join(folder, 'allowed', 'value') },
      MOUNTED_LINK: { value_file: join(folder, 'allowed', 'link') },
      MOUNTED_UP: { value_file: join(folder, 'allowed', '..', 'outside') },
    }),
    'breaks/handler.js': nodeBreaks,
    'breaks/fn.env.json': JSON.stringify({ OWN_PIN: { value: shortest, is_secret: true } }),
    'breaks/fn.config.json': asks({ name: 'breaks' }),
  };
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fastfn-values-'));
  const allowed = mkdtempSync(join(folder, 'a-'));
  symlinkSync(allowed, join(folder, 'allowed'));
  writeFileSync(join(allowed, 'value'), `${fromFile}\n`);
  writeFileSync(join(folder, 'outside'), 'CANARY-outside');
  symlinkSync(join(folder, 'outside'), join(allowed, 'link'));
  const log = createLog({ level: 'trace', format: 'json', out: { write: (batch) => written.push(batch) } });
  gateway = await startTestGateway(
    tree(),
    { FN_ADMIN_TOKEN: token, FN_SECRETS_FILE_ROOTS: join(folder, 'allowed'), FN_CONSOLE_RATE_LIMIT_MAX: '0' },
    log,
  );
  const answer = await setSecret(stored);
  assert.deepEqual([answer.status, answer.json()], [201, { status: 'created', key: 'API_KEY' }]);
});
after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const setSecret = (value: string) =>
  ask(gateway.url, '/_fn/secrets', {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ key: 'API_KEY', value }),
  });

describe('secrets: who gets them', () => {
  test('a function that names one finds it in the event and in its environment', async () => {
    const { got, env } = (await ask(gateway.url, '/show')).json();
    assert.deepEqual(got, { API_KEY: stored });
    assert.deepEqual(env, { API_KEY: stored, DB_PASS: stored, PLAIN_KEY_ID: 'visible' });
    const python = (await ask(gateway.url, '/py')).json();
    assert.deepEqual(python, { got: { API_KEY: stored }, env: stored });
  });

  test('a function that marks a variable as secret gets the one of that name', async () => {
    assert.deepEqual((await ask(gateway.url, '/marked')).json().got, { API_KEY: stored });
  });

  test('a function that names none gets none', async () => {
    const { got, env } = (await ask(gateway.url, '/stranger')).json();
    assert.deepEqual([got, env], [null, {}]);
  });

  test('a file of the host is read below the operator’s folders only, links followed first', async () => {
    const { env } = (await ask(gateway.url, '/files')).json();
    assert.deepEqual(env, { MOUNTED: fromFile });
  });
});

describe('secrets: a new value', () => {
  test('reaches the function without a restart, and the call that runs ends with the old one', async () => {
    const first = (await ask(gateway.url, '/show')).json();
    assert.equal((await setSecret('CANARY-second-value')).json().status, 'updated');
    const second = (await ask(gateway.url, '/show')).json();
    assert.deepEqual(second.got, { API_KEY: 'CANARY-second-value' });
    assert.notEqual(second.pid, first.pid);
    await setSecret(stored);
  });

  test('leaves workers of functions alone that do not use it', async () => {
    const { pid } = (await ask(gateway.url, '/stranger')).json();
    await setSecret('CANARY-third-value');
    assert.equal((await ask(gateway.url, '/stranger')).json().pid, pid);
    await setSecret(stored);
  });

  test('that another process has written is noticed', async () => {
    const state = join(gateway.root, '.fastfn');
    const store = await SecretStore.open({
      path: join(state, 'secrets.json'),
      keyFile: join(state, 'secrets.key'),
      makeKey: true,
      now: () => Date.now(),
    });
    await store.set('API_KEY', 'CANARY-by-hand');
    await eventually(async () => {
      assert.deepEqual((await ask(gateway.url, '/show')).json().got, { API_KEY: 'CANARY-by-hand' });
    });
    await store.rotate();
    await store.set('API_KEY', stored);
    await eventually(async () => {
      assert.deepEqual((await ask(gateway.url, '/show')).json().got, { API_KEY: stored });
    });
  });
});

describe('secrets: the endpoint', () => {
  const send = (method: string, target: string, body?: string) =>
    ask(gateway.url, target, { method, headers: admin, ...(body === undefined ? {} : { body }) });

  test('lists names and who uses them', async () => {
    const [entry, ...rest] = (await send('GET', '/_fn/secrets')).json();
    assert.deepEqual(rest, []);
    assert.equal(entry.key, 'API_KEY');
    assert.deepEqual(Object.keys(entry), ['key', 'version', 'created', 'updated', 'key_id', 'used_by']);
    assert.ok(entry.used_by.includes('node/show@default'));
  });

  test('says what is wrong', async () => {
    const says = async (...args: Parameters<typeof send>) => {
      const answer = await send(...args);
      return `${answer.status} ${answer.json().error}`;
    };
    const missing = '400 invalid json body: require key/value';
    for (const body of ['{}', '[]', '{"key":"A"}', '{"key":"A","value":5}', '{'])
      assert.equal(await says('POST', '/_fn/secrets', body), missing, body);
    assert.match(await says('POST', '/_fn/secrets', '{"key":"a b","value":"v"}'), /^400 a key is a name/);
    assert.match(await says('POST', '/_fn/secrets', '{"key":"A","value":""}'), /^400 a value is/);
    assert.equal(await says('DELETE', '/_fn/secrets'), '400 missing key parameter');
    assert.equal(await says('DELETE', '/_fn/secrets?key=NONE'), '404 secret not found');
    assert.match(
      (await send('POST', '/_fn/secrets', '{"key":"SHORT","value":"abc"}')).text,
      /too short to be masked/,
    );
    assert.deepEqual((await send('DELETE', '/_fn/secrets?key=SHORT')).json(), {
      status: 'deleted',
      key: 'SHORT',
    });
  });
});

describe('secrets: canaries', () => {
  const forms = [stored, own, fromFile, shortest].flatMap((value) => [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -1),
  ]);
  const check = (text: string, where: string): void => {
    for (const form of forms) assert.equal(text.includes(form), false, `${where} shows ${form}`);
  };

  test('what a function prints or throws of its secrets is in no header and no error', async () => {
    for (const target of ['/leak', '/leak?how=throw', '/breaks']) {
      const answer = await ask(gateway.url, target);
      check(answer.text, target);
      check(decodeURIComponent(answer.rawHeaders.join('\n').replaceAll(/%(?![0-9a-f]{2})/gi, '%25')), target);
      check(answer.rawHeaders.join('\n'), target);
    }
    assert.match((await ask(gateway.url, '/leak?how=throw')).json().error, /failed with <hidden>/);
  });

  test('no endpoint shows one, to the operator or to a stranger', async () => {
    const asked = '?runtime=node&name=leak&fn=leak&file=all&format=json&path=fn.env.json&lines=2000';
    for (const { method, path, query } of accessTable as readonly {
      method: string;
      path: string;
      query?: object;
    }[]) {
      if (method !== 'GET') continue;
      const keys = Object.keys(query ?? {});
      const known = asked
        .slice(1)
        .split('&')
        .filter((pair) => keys.includes(pair.split('=')[0] ?? ''));
      for (const headers of [admin, {}]) {
        const answer = await ask(gateway.url, `${path.replace('*', 'x')}?${known.join('&')}`, { headers });
        check(answer.text, path);
        check(answer.rawHeaders.join('\n'), path);
      }
    }
    const body = JSON.stringify({ name: 'leak', query: { how: 'throw' } });
    check(
      (await ask(gateway.url, '/_fn/invoke', { method: 'POST', headers: admin, body })).text,
      '/_fn/invoke',
    );
  });

  test('no file of the gateway’s own and no log line shows one', async () => {
    await gateway.close();
    const log = written.join('');
    assert.match(log, /printed <hidden>/);
    assert.match(log, /raw <hidden>/);
    assert.match(log, /cannot start with <hidden><hidden>/);
    check(log, 'the log');
    for (const line of log.trim().split('\n')) JSON.parse(line);
  });

  test('the state folder holds none in clear', async (t) => {
    const again = await startTestGateway({ 'get.x.js': nodeShow }, { FN_ADMIN_TOKEN: token });
    t.after(() => again.close());
    const body = JSON.stringify({ key: 'API_KEY', value: stored });
    await ask(again.url, '/_fn/secrets', { method: 'POST', headers: admin, body });
    const state = join(again.root, '.fastfn');
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    assert.ok(files.length >= 3);
    for (const { parentPath, name } of files) check(readFileSync(join(parentPath, name), 'latin1'), name);
  });
});
