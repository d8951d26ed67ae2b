// The README is a promise: its functions are served, its commands are run (here, or by the test named beside them), its
// table of settings says what the options say.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { allOptions } from '../../src/config/options/all-options.ts';
import { laterOptions } from '../../src/config/options/later-options.ts';
import { reasonToSkip } from '../conformance/compiled-worker.ts';
import { CompiledGateway } from './support/compiled-gateway.ts';
import { startTestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { runProgram, StartedProgram } from './support/started-program.ts';

const repository = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(repository, 'README.md'), 'utf8');

/** First functions that this host cannot run, and why. */
const missing = {
  '/welcome': spawnSync('php', ['-v']).status === 0 ? false : 'no php on this host',
  '/salut': await reasonToSkip('go'),
  '/ciao': await reasonToSkip('rust'),
};

/** Fenced blocks of one language. */
function fenced(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  );
}

/** Lines of indented blocks that are commands, comments cut off. */
const commands = readme
  .split('\n')
  .filter((line) => /^ {4}(npm|npx|curl|fastfn|dist\/fastfn|systemctl)\b/.test(line))
  .map((line) => line.replace(/\s+#.*$/, '').trim());

describe('README: first functions', () => {
  test('each is served as written and answers its curl line', async (context) => {
    const [script = ''] = fenced('js');
    const [python = ''] = fenced('python');
    const [php = ''] = fenced('php');
    const [lua = ''] = fenced('lua');
    const [go = ''] = fenced('go');
    const [rust = ''] = fenced('rust');
    const interpreted = {
      'get.hello.js': script,
      'get.greet.py': python,
      'get.welcome.php': php,
      'get.aloha.lua': lua,
    };
    const subject = new CompiledGateway();
    context.after(subject.close);
    await subject.start({ ...interpreted, 'get.salut.go': go, 'get.ciao.rs': rust });
    const curls = commands.filter((line) => line.startsWith('curl '));
    assert.equal(curls.length, 6);
    for (const curl of curls) {
      const target = /8080(\/[^']+)'/.exec(curl)?.[1] ?? assert.fail(curl);
      const reason = Object.entries(missing).find(([path]) => target.startsWith(path))?.[1] ?? false;
      if (reason !== false) {
        context.diagnostic(`skipped ${target}: ${reason}`);
        continue;
      }
      const answer = await subject.answer(target);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.json(), { message: 'Hello, Ada' });
    }
  });

  test('the policy example is accepted without a fault', async () => {
    const [policy = ''] = fenced('json');
    const gateway = await startTestGateway({
      'get.js': '',
      'p/get.js': "exports.handler = () => 'ok';\n",
      'p/fn.config.json': policy,
    });
    try {
      const host = { host: 'api.example.com' };
      assert.equal((await ask(gateway.url, '/p', { headers: host })).status, 200);
      const health = (await ask(gateway.url, '/_fn/health')).json();
      assert.deepEqual(health.faults, []);
    } finally {
      await gateway.close();
    }
  });
});

describe('README: commands', () => {
  /** Who runs each. */
  const runBy = new Map([
    ['npm start', 'below'],
    ['npm test', 'this very run'],
    ['npx fastfn serve .', 'package.test.ts: the installed package serves'],
    ["curl 'http://127.0.0.1:8080/hello?name=Ada'", 'above'],
    ["curl 'http://127.0.0.1:8080/greet?name=Ada'", 'above'],
    ["curl 'http://127.0.0.1:8080/welcome?name=Ada'", 'above'],
    ["curl 'http://127.0.0.1:8080/aloha?name=Ada'", 'above'],
    ["curl 'http://127.0.0.1:8080/salut?name=Ada'", 'above'],
    ["curl 'http://127.0.0.1:8080/ciao?name=Ada'", 'above'],
    ['npm run package', 'package.test.ts: makes the binary with the same function'],
    ['dist/fastfn serve functions --port 8080', 'package.test.ts: the binary serves'],
    ['npm pack', 'package.test.ts'],
  ]);

  test('every command that the README shows has a test', () => {
    assert.deepEqual(
      commands.filter((line) => !runBy.has(line)),
      [],
    );
  });

  test('npm start serves the sample functions and stops on SIGTERM', async () => {
    const sockets = mkdtempSync(join(tmpdir(), 'fastfn-readme-'));
    const env = { ...process.env, FN_HOST_PORT: '0', FN_SOCKET_BASE_DIR: sockets };
    const started = new StartedProgram('npm', ['start'], { cwd: repository, env });
    const [, url = ''] = await started.printed(/listening on (http:\/\/[\d.:]+)/);
    try {
      assert.deepEqual((await ask(url, '/hello?name=Ada')).json(), { message: 'Hello, Ada' });
      assert.equal((await ask(url, '/greet')).status, 200);
      assert.equal((await ask(url, '/users')).status, 200);
      assert.equal((await ask(url, '/weather/Paris')).status, 200);
      const order = await ask(url, '/orders', { method: 'POST', body: '{}' });
      assert.ok(order.status < 500, order.text);
    } finally {
      started.child.kill('SIGTERM');
      await started.ended;
      rmSync(sockets, { recursive: true, force: true });
    }
  });

  test('npm run bench prints rows for programs', async () => {
    const end = await runProgram(
      'npm',
      ['run', '--silent', 'bench', '--', '--json', '--quick', '--only=discovery'],
      { cwd: repository },
    );
    assert.equal(end.code, 0, end.stderr);
    const report = JSON.parse(end.stdout.slice(end.stdout.indexOf('{')));
    assert.equal(report.rows.length, 2);
    for (const row of report.rows) assert.ok(row.ratios.every((ratio: number) => ratio > 0));
  });
});

describe('README: settings', () => {
  const families = /_(BIN|SOCKET)$/;
  const later = new Set<unknown>(Object.values(laterOptions));
  const shown = (value: unknown): string => {
    if (value === null || value === false || (Array.isArray(value) && value.length === 0)) return '–';
    if (value instanceof Map) return '–';
    if (typeof value === 'object' && 'outboundTcp' in value) return String(value.outboundTcp);
    return value === true ? 'on' : String(value);
  };
  for (const option of allOptions) {
    if (option.env === undefined || later.has(option) || families.test(option.env)) continue;
    test(`${option.env} is in the table with its default and its sentence`, () => {
      // Given in seconds, kept in milliseconds.
      const seconds = option.doc.startsWith('Seconds ') && Number(option.fallback) / 1000;
      const row = `| \`${option.env}\` | ${seconds || shown(option.fallback)} | ${option.doc} |`;
      assert.ok(readme.includes(row), `missing row:\n${row}`);
    });
  }
});
