// PHP functions behind a whole gateway: real launchers, the kernel's jail around PHP, real HTTP (contract/invocation.md 9.3,
// contract/sandbox.md E11, E12).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { initTemplates } from '../../src/control/function-templates.ts';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';

const skip = spawnSync('php', ['-v']).status === 0 ? false : 'no php on this host';
const behaviour = (name: string, file = 'handler.php') =>
  readFileSync(join(import.meta.dirname, '../../fixtures/behaviours', name, file), 'utf8');

const tree = {
  'get.hello.php': behaviour('hello'),
  'users/[id].php': '<?php function handler($event, $params) { return $params; }\n',
  'post.echo.php': behaviour('echo-event'),
  'exits/handler.php': behaviour('exits'),
  'exits/leave.php': behaviour('exits', 'leave.php'),
  'script/handler.php': behaviour('script'),
  'script/helper.php': behaviour('script', 'helper.php'),
  'prints/handler.php': behaviour('prints'),
  'prints/fn.config.json': JSON.stringify({ include_debug_headers: true }),
  'streams/handler.php': behaviour('streams'),
  'broken/handler.php': behaviour('syntax-error'),
  'made/handler.php': initTemplates.php.files('made')['handler.php'] ?? '',
  'made/fn.config.json': initTemplates.php.files('made')['fn.config.json'] ?? '',
  'slow/handler.php': '<?php function handler() { while (true) { usleep(1000); } }\n',
  'slow/fn.config.json': JSON.stringify({ timeout_ms: 300 }),
  'jail/handler.php': behaviour('sandboxed'),
  'jail/fn.config.json': '{}',
  'jail/fn.env.json': '{"SECRET": "hidden"}',
  'extensions/handler.php':
    '<?php function handler() { return [PHP_VERSION, php_ini_loaded_file(), get_loaded_extensions()]; }\n',
};

describe('php behind the gateway', { skip }, () => {
  let gateway: TestGateway;
  const recorded = recordingLog();
  const get = (target: string) => ask(gateway.url, target);

  before(async () => {
    gateway = await startTestGateway(tree, {}, recorded.log);
  });

  after(() => gateway.close());

  test('hello, a path parameter, and the template of fastfn init', async () => {
    assert.deepEqual((await get('/hello?name=php')).json(), { hello: 'php' });
    assert.deepEqual((await get('/users/a%2Fb')).json(), { id: 'a/b' });
    assert.deepEqual((await get('/made?name=new')).json(), { message: 'Hello, new!' });
  });

  test('bytes of a request reach the handler', async () => {
    const answer = await ask(gateway.url, '/echo', { method: 'POST', body: Buffer.from([0xff, 0x00, 0x80]) });
    assert.equal(answer.json().event.body_base64, '/wCA');
    assert.equal(answer.json().event.context.runtime, 'php');
  });

  test('an exit ends the answer, a redirect is one, and the worker goes on', async () => {
    assert.equal((await get('/exits?case=text')).text, 'before text,last words');
    const workers = () => gateway.workers().filter((worker) => worker.functionKey.includes('exits'));
    const [before] = workers();
    assert.ok(before !== undefined);
    const redirect = await get('/exits?case=redirect');
    assert.deepEqual([redirect.status, redirect.headers['location']], [302, '/elsewhere']);
    assert.equal((await get('/exits?case=none')).text, 'before none,stayed');
    assert.deepEqual(
      workers().map(({ pid }) => pid),
      [before.pid],
    );
  });

  test('an error that ends PHP is a 500, and the next call gets another worker', async () => {
    const died = await get('/exits?case=memory');
    assert.equal(died.status, 500);
    assert.match(died.json().error, /^Allowed memory size/);
    await eventually(async () => assert.equal((await get('/exits?case=none')).text, 'before none,stayed'));
  });

  test('a file without a handler answers with what it echoes, at every call', async () => {
    for (let call = 0; call < 3; call += 1) {
      const answer = await get('/script');
      assert.deepEqual([answer.status, answer.headers['x-run']], [418, String(call + 1)]);
      assert.match(answer.text, /^HELLO! <GET> script handler\.php 29\n$/);
    }
  });

  test('what is printed is in the log and in the debug headers', async () => {
    const answer = await get('/prints');
    assert.equal(answer.headers['x-fn-stdout'], 'one two%0Aunfinished');
    assert.match(String(answer.headers['x-fn-stderr']), /to stderr/);
    assert.ok(recorded.saying('to the log').length > 0);
  });

  test('a generator and flush() stream', async () => {
    const stream = await get('/streams?case=envelope');
    assert.deepEqual([stream.status, stream.text], [201, 'one,two']);
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    assert.equal((await get('/streams?case=flush')).text, 'one,two,sent,three');
  });

  test('a file that is no PHP is 500 with one line', async () => {
    const answer = await get('/broken');
    assert.equal(answer.status, 500);
    assert.match(answer.json().error, /ParseError: syntax error/);
  });

  test('a handler past its deadline is 504', async () => {
    const answer = await get('/slow');
    assert.deepEqual([answer.status, answer.json().error], [504, 'runtime timeout']);
  });

  test('the host’s own ini files and extensions are there in the jail', async () => {
    const [version, ini, extensions] = (await get('/extensions')).json();
    assert.equal(version.split('-')[0].split('.').length, 3);
    const host = spawnSync('php', [
      '-r',
      'echo json_encode([php_ini_loaded_file(), get_loaded_extensions()]);',
    ]);
    const [hostIni, hostExtensions] = JSON.parse(host.stdout.toString());
    assert.equal(ini, hostIni);
    assert.deepEqual(extensions, hostExtensions);
  });

  for (const [name, expected] of [
    ['own', { value: true }],
    ['temporary', { value: 'kept' }],
    ['zone', { value: 'Europe/Berlin' }],
    ['random', { value: 4 }],
    ['open', { value: false }],
    ['filter', { value: false }],
    ['secret', { value: false }],
    ['write-self', { value: false }],
    ['list', { value: false }],
    ['symlink', { value: false }],
    ['shell', { type: 'Error', message: 'Call to undefined function shell_exec()' }],
    ['fork', { type: 'Error', message: 'Call to undefined function pcntl_fork()' }],
  ] as const) {
    test(`the sandbox: ${name}`, async () => {
      assert.deepEqual((await get(`/jail?case=${name}`)).json(), expected);
    });
  }
});

describe('php without its sandbox', { skip }, () => {
  test('FN_STRICT_FS=0 switches off PHP’s own layer too', async () => {
    const gateway = await startTestGateway(
      { 'jail/handler.php': behaviour('sandboxed') },
      { FN_STRICT_FS: '0' },
    );
    try {
      assert.match((await ask(gateway.url, '/jail?case=shell')).json().value, /uid=/);
      assert.match((await ask(gateway.url, '/jail?case=open')).json().value, /root:/);
    } finally {
      await gateway.close();
    }
  });
});
