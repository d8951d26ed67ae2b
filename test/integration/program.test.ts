// The program as a process: what it prints, how it stops, what it leaves, how it refuses to start.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './support/eventually.ts';
import { ask } from './support/http.ts';
import { type ProgramEnd, runProgram, StartedProgram } from './support/started-program.ts';
import { makeTree, removeTree, writeTree } from './support/tree.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'fastfn');

let root: string;
let sockets: string;
before(() => {
  root = makeTree({
    'get.hello.js': "exports.handler = () => 'hello';\n",
    'get.slow.js':
      "exports.handler = () => new Promise((done) => setTimeout(() => done('finished'), 1000));\n",
    'get.slower.js':
      "exports.handler = () => new Promise((done) => setTimeout(() => done('finished'), 8000));\n",
    'fn.config.json': '{ "timeout_ms": 9000 }',
    'bad/get.js': "exports.handler = () => 'served';\n",
    'good/get.js': "exports.handler = () => 'good';\n",
    'bad/fn.config.json': '{ "timeout_ms": "soon", \n "nonsense": 1 ',
  });
  sockets = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-program-')));
});
after(() => {
  removeTree(root);
  rmSync(sockets, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env['PATH'] ?? '',
  FN_SOCKET_BASE_DIR: sockets,
  ...more,
});

function start(args: readonly string[], more: Record<string, string> = {}): StartedProgram {
  return new StartedProgram(process.execPath, [program, ...args], { env: environment(more), cwd: root });
}

function run(args: readonly string[], more: Record<string, string> = {}): Promise<ProgramEnd> {
  return runProgram(process.execPath, [program, ...args], { env: environment(more), cwd: root });
}

async function serving(args: readonly string[], more: Record<string, string> = {}) {
  const started = start(['serve', root, '--port', '0', ...args], more);
  const [, url = ''] = await started.printed(/listening on (http:\/\/[\d.:]+)/);
  return { started, url };
}

async function stop(started: StartedProgram): Promise<void> {
  started.child.kill('SIGTERM');
  const end = await started.ended;
  assert.deepEqual([end.code, end.signal], [0, null], end.stdout + end.stderr);
}

describe('fastfn serve', () => {
  test('SIGTERM lets a running call finish, refuses new connections, exits 0 and leaves no socket', async () => {
    const { started, url } = await serving([]);
    await ask(url, '/slow');
    const running = ask(url, '/slow');
    await sleep(200);
    started.child.kill('SIGTERM');
    await eventually(() => assert.rejects(ask(url, '/hello')));
    assert.equal((await running).text, 'finished');
    const end = await started.ended;
    assert.deepEqual([end.code, end.signal], [0, null], end.stdout + end.stderr);
    assert.deepEqual(
      existsSync(sockets) ? readdirSync(sockets).filter((name) => name.endsWith('.sock')) : [],
      [],
    );
  });

  test('a second signal ends it at once', async () => {
    const { started, url } = await serving([]);
    await ask(url, '/hello');
    const running = ask(url, '/slower').then(
      () => 'answered',
      () => 'cut',
    );
    await sleep(200);
    const began = performance.now();
    started.child.kill('SIGTERM');
    await sleep(350);
    started.child.kill('SIGTERM');
    await started.ended;
    assert.ok(performance.now() - began < 5000, 'it did not wait for the running call');
    assert.equal(await running, 'cut');
  });

  test('the line that says it listens is one JSON object on stdout', async () => {
    const { started } = await serving([]);
    await stop(started);
    const { stdout } = await started.ended;
    const lines = stdout.trim().split('\n');
    const listening = lines.filter((line) => line.includes('listening on http://127.0.0.1:'));
    assert.equal(listening.length, 1, stdout);
    for (const line of lines) assert.equal(typeof JSON.parse(line).msg, 'string');
  });

  test('SIGHUP picks up a new function without hot reload', async () => {
    const { started, url } = await serving([]);
    try {
      writeTree(root, { 'get.added.js': "exports.handler = () => 'added';\n" });
      await sleep(300);
      assert.equal((await ask(url, '/added')).status, 404);
      started.child.kill('SIGHUP');
      await eventually(async () => assert.equal((await ask(url, '/added')).text, 'added'));
    } finally {
      await stop(started);
    }
  });

  test('health and readiness answer, and strangers see no path of the host', async () => {
    const { started, url } = await serving([], { FN_ADMIN_TOKEN: 'token-of-this-test' });
    try {
      const health = await ask(url, '/_fn/health', { headers: { 'x-forwarded-for': '203.0.113.9' } });
      assert.equal(health.status, 200, health.text);
      assert.ok(['ok', 'degraded'].includes(health.json().status), health.text);
      assert.ok(!health.text.includes(root), health.text);
      assert.equal((await ask(url, '/_fn/ready')).status, 200);
      const token = { 'x-fn-admin-token': 'token-of-this-test' };
      const detail = (await ask(url, '/_fn/health', { headers: token })).json();
      assert.ok(Array.isArray(detail.sandbox) || typeof detail.sandbox === 'object', 'sandbox layers');
      await ask(url, '/hello');
      const metrics = (await ask(url, '/_fn/metrics', { headers: token })).text;
      assert.match(
        metrics,
        /fastfn_requests_total\{function="node\/get\.hello\.js@default",status="200"\} 1/,
      );
    } finally {
      await stop(started);
    }
  });
});

describe('refusing to start', () => {
  test('a busy port is named, exit 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    try {
      const end = await run(['serve', root, '--port', port]);
      assert.equal(end.code, 1);
      assert.ok(end.stderr.includes(port), end.stderr);
    } finally {
      holder.close();
    }
  });

  for (const value of ['abc', '70000', '-1']) {
    test(`FN_HOST_PORT=${value} is a configuration fault, exit 2`, async () => {
      const end = await run(['serve', root], { FN_HOST_PORT: value });
      assert.equal(end.code, 2);
      assert.ok(end.stderr.includes(`invalid FN_HOST_PORT "${value}"`), end.stderr);
    });
  }

  test('a missing folder is named, exit 2', async () => {
    const end = await run(['serve', join(root, 'not-there'), '--port', '0']);
    assert.equal(end.code, 2);
    assert.match(end.stderr, /Directory not found: .*not-there/);
  });

  test('a regular file where a socket should be is an error, and stays', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-file-')));
    writeFileSync(join(folder, 'fn-node.sock'), 'not a socket');
    try {
      const end = await run(['serve', root, '--port', '0'], { FN_SOCKET_BASE_DIR: folder });
      assert.equal(end.code, 1);
      assert.match(end.stderr, /exists but is not a unix socket/);
      assert.ok(existsSync(join(folder, 'fn-node.sock')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('an unknown command and an unknown flag are usage errors, exit 2', async () => {
    assert.equal((await run(['nonsense'])).code, 2);
    assert.equal((await run(['serve', '--nonsense'])).code, 2);
  });
});

describe('looking at functions without serving them', () => {
  test('routes lists what would be served, as text and as JSON', async () => {
    const text = await run(['routes', root]);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /GET\s+\/hello/);
    const json = JSON.parse((await run(['routes', root, '--json'])).stdout);
    assert.ok(JSON.stringify(json).includes('/hello'));
  });

  test('check names the file, and exits 1', async () => {
    const end = await run(['check', root]);
    assert.equal(end.code, 1);
    assert.match(end.stdout + end.stderr, /bad\/fn\.config\.json/);
  });

  test('check --json has file, key and reason of every fault', async () => {
    const end = await run(['check', root, '--json']);
    assert.equal(end.code, 1);
    const report = JSON.parse(end.stdout);
    assert.equal(report.ok, false);
    const [fault] = report.faults.filter((one: { file: string }) => one.file === 'bad/fn.config.json');
    assert.equal(fault.severity, 'error');
    assert.equal(fault.key, '');
    assert.match(fault.message, /bad\/fn\.config\.json:2.*accepted: a JSON object/);
    const good = await run(['check', join(root, 'good')]);
    assert.deepEqual([good.code, good.stdout], [0, 'OK: errors=0 warnings=0\n']);
  });

  test('the function beside the broken config is still served', async () => {
    const { started, url } = await serving([]);
    try {
      assert.equal((await ask(url, '/bad')).text, 'served');
    } finally {
      await stop(started);
    }
  });

  test('doctor looks at host, languages, jail, port, sockets and config; what is only missing is a warning', async () => {
    const end = await run(['doctor', '--json'], { FN_HOST_PORT: '0' });
    assert.equal(end.code, 0, end.stdout + end.stderr);
    const report = JSON.parse(end.stdout);
    assert.equal(report.scope, 'general');
    assert.equal(report.summary.fail, 0);
    const statuses = new Map(
      report.checks.map((one: { id: string; status: string }) => [one.id, one.status]),
    );
    for (const id of [
      'system.platform',
      'runtime.node',
      'project.functions_dir',
      'project.port',
      'sockets.dir',
    ])
      assert.equal(statuses.get(id), 'OK', id);
    for (const id of ['python', 'php', 'composer', 'npm', 'cargo', 'go'])
      assert.match(String(statuses.get(`runtime.${id}`)), /^(OK|WARN)$/, id);
    for (const layer of ['landlock', 'seccomp', 'rlimits'])
      assert.ok(statuses.has(`sandbox.${layer}`), layer);
    assert.equal(statuses.get('project.functions'), 'WARN', 'the broken fn.config.json');
  });

  test('doctor as text, and its one line on standard error when something fails', async () => {
    const end = await run(['doctor'], { FN_HOST_PORT: '70000' });
    assert.equal(end.code, 1);
    const lines = end.stdout.trimEnd().split('\n');
    assert.equal(lines[0], 'FastFN Doctor (general)');
    assert.ok(lines.some((line) => line.startsWith('[FAIL] project.port: ')));
    assert.ok(lines.some((line) => /^\[WARN\] project\.functions: .*bad\/fn\.config\.json/.test(line)));
    assert.match(lines.at(-1) ?? '', /^Summary: OK=\d+ WARN=\d+ FAIL=1$/);
    assert.equal(end.stderr.trim().split('\n').at(-1), 'Error: doctor found 1 failing check(s)');
  });
});
