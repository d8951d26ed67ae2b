import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../integration/support/eventually.ts';
import { makeTerminal } from './terminal.ts';

function line(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ level: 30, time: Date.parse('2026-01-02T03:04:05Z'), msg: 'm', ...fields })}\n`;
}

function logFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-logs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'fastfn.log');
  writeFileSync(path, text);
  return path;
}

async function shown(...args: string[]): Promise<string[]> {
  const terminal = makeTerminal();
  assert.equal(await terminal.run('logs', '--no-follow', '--json', ...args), 0, terminal.errors.join());
  return terminal.out.map((text) => JSON.parse(text).n);
}

test('logs: the newest lines of a file, oldest first, however long they are', async (t) => {
  const numbers = Array.from({ length: 500 }, (_, n) => n);
  const pad = (n: number) => (n % 100 === 0 ? 'ü'.repeat(100_000) : '');
  const path = logFile(t, numbers.map((n) => line({ n, pad: pad(n) })).join(''));
  assert.deepEqual(await shown('--path', path, '-n', '3'), [497, 498, 499]);
  assert.deepEqual(await shown('--path', path, '--lines', '250'), numbers.slice(250));
  assert.deepEqual(await shown('--path', path, '--lines', '1000'), numbers);
});

test('logs: filters look further back for the lines that are asked for', async (t) => {
  const hello = { function: 'node/hello@default', stream: 'stdout', id: 'r1' };
  const path = logFile(
    t,
    [
      line({ n: 1, ...hello }),
      line({ n: 2, function: 'node/other@v2', level: 50, msg: 'invocation' }),
      'not a line of ours\n',
      ...Array.from({ length: 300 }, (_, n) => line({ n: n + 10 })),
      '{"n":999,"not":"whole"',
    ].join(''),
  );
  const path1 = ['--path', path, '-n', '5'] as const;
  assert.deepEqual(await shown(...path1, '--function', 'hello'), [1]);
  assert.deepEqual(await shown(...path1, '--request-id', 'r1'), [1]);
  assert.deepEqual(await shown(...path1, '--stream', 'stdout'), [1]);
  assert.deepEqual(await shown(...path1, '--level', 'error'), [2]);
  assert.deepEqual(await shown(...path1, '--file', 'access'), [2]);
  assert.deepEqual(await shown(...path1, '--since', '2027-01-01'), []);
  assert.deepEqual(await shown('--path', path, '-n', '1', '--since', '2026-01-01'), [309]);
});

test('logs: a line for people is one line, whatever a handler has printed', async (t) => {
  const path = logFile(t, line({ msg: 'a\u001b[2Jb\nc', runtime: 'node', id: 'r1' }));
  const terminal = makeTerminal();
  await terminal.run('logs', '--no-follow', '--path', path);
  assert.deepEqual(terminal.out, ['2026-01-02T03:04:05.000Z info [node] a\\u001b[2Jb\\nc id=r1']);
});

test('logs: a file is followed as it grows, over a rotation, until the signal', async (t) => {
  const path = logFile(t, line({ n: 1 }));
  const terminal = makeTerminal();
  const running = terminal.run('logs', '--json', '--path', path);
  await eventually(() => assert.equal(terminal.out.length, 1));
  appendFileSync(path, line({ n: 2 }).slice(0, 10));
  appendFileSync(path, line({ n: 2 }).slice(10));
  await eventually(() => assert.equal(terminal.out.length, 2));
  renameSync(path, `${path}.1`);
  writeFileSync(path, line({ n: 3 }));
  await eventually(() => assert.equal(terminal.out.length, 3));
  writeFileSync(path, line({ n: 4 }).slice(0, 30).replace(/.*/, '{"n":4}'));
  appendFileSync(path, '\n');
  await eventually(() => assert.equal(terminal.out.length, 4));
  terminal.send('SIGINT');
  assert.equal(await running, 0);
  assert.deepEqual(
    terminal.out.map((text) => JSON.parse(text).n),
    [1, 2, 3, 4],
  );
});

async function fakeGateway(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('logs: a gateway is asked with all filters and the token, and followed over a broken connection', async (t) => {
  const asked: string[] = [];
  let connections = 0;
  const url = await fakeGateway(t, (request, response) => {
    const { 'x-fn-admin-token': token, 'last-event-id': last } = request.headers;
    asked.push(`${request.url} ${token} ${last}`);
    if (request.url?.includes('follow') === true) {
      connections += 1;
      response.write(`: hi\n\nid: ${connections + 7}\nevent: log\ndata: {"seq":8,"n":"${connections}"}\n\n`);
      response.write('event: lost\ndata: 5\n\n');
      if (connections === 1) response.end();
    } else response.end(JSON.stringify({ entries: [{ seq: 7, n: '0' }] }));
  });
  const terminal = makeTerminal({ environment: { FN_ADMIN_TOKEN: 't0k' } });
  const running = terminal.run(
    ...['logs', '--url', url, '--json', '-n', '9', '--function', 'hello@v2', '--level', 'warn'],
  );
  await eventually(() => assert.equal(terminal.out.length, 3));
  terminal.send('SIGTERM');
  assert.equal(await running, 0);
  assert.deepEqual(terminal.out, ['{"n":"0"}', '{"n":"1"}', '{"n":"2"}']);
  assert.deepEqual(asked, [
    '/_fn/logs?file=all&function=hello%40v2&level=warn&format=json&lines=9 t0k undefined',
    '/_fn/logs?file=all&function=hello%40v2&level=warn&follow=1 t0k 7',
    '/_fn/logs?file=all&function=hello%40v2&level=warn&follow=1 t0k 8',
  ]);
  assert.match(terminal.errors.join(), /5 lines came too fast/);
  assert.doesNotMatch(terminal.errors.join(), /t0k/);
});

test('logs: without a gateway, or one that does not let us in, it says what to do', async (t) => {
  const nobody = makeTerminal({ environment: { FN_HOST_PORT: '1' } });
  assert.equal(await nobody.run('logs', '--no-follow'), 1);
  assert.match(nobody.errors.join('\n'), /cannot reach a gateway at http:\/\/localhost:1;.*journalctl/);
  const url = await fakeGateway(t, (_request, response) => {
    response.statusCode = 403;
    response.end('{"error":"console api local-only"}');
  });
  const stranger = makeTerminal();
  assert.equal(await stranger.run('logs', '--url', url), 1);
  assert.match(stranger.errors.join(), /403 console api local-only \(FN_ADMIN_TOKEN opens it\)/);
});

test('logs: what cannot be used is a usage fault that says what would be', async () => {
  const rows: [string[], RegExp][] = [
    [['--file', 'x'], /--file x: accepted: all, access, error, runtime/],
    [['--lines', '0'], /--lines 0/],
    [['--level', 'loud'], /trace, debug/],
    [['--stream', 'x'], /stdout or stderr/],
    [['--since', 'later'], /--since later/],
    [['--url', 'ftp://x'], /http or https/],
    [['--native', '--docker'], /docker logs/],
  ];
  for (const [args, expected] of rows) {
    const terminal = makeTerminal();
    assert.equal(await terminal.run('logs', ...args), 2, args.join(' '));
    assert.match(terminal.errors.join(), expected);
  }
  const missing = makeTerminal();
  assert.equal(await missing.run('logs', '--path', '/nowhere/fastfn.log'), 1);
  assert.match(missing.errors.join(), /ENOENT/);
});
