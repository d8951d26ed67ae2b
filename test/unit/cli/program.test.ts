import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inFolder, makeTerminal } from './terminal.ts';

test('version and --version print the same line', async () => {
  for (const word of ['version', '--version', '-v']) {
    const terminal = makeTerminal();
    assert.equal(await terminal.run(word), 0);
    assert.deepEqual(terminal.out, ['FastFN 9.8.7']);
  }
});

test('help is no failure; a missing or unknown command, flag or argument is a usage fault', async () => {
  assert.equal(await makeTerminal().run('--help'), 0);
  assert.equal(await makeTerminal().run('help', 'serve'), 0);
  for (const args of [
    [],
    ['nope'],
    ['version', 'x'],
    ['serve', '--nope'],
    ['serve', 'a', 'b'],
    ['serve', '--port'],
  ]) {
    const terminal = makeTerminal();
    assert.equal(await terminal.run(...args), 2, args.join(' '));
    assert.notEqual(terminal.errors.length, 0, args.join(' '));
  }
});

test('a --config file that cannot be used is a fault for every command, before or after its name', async () => {
  for (const args of [
    ['--config', 'nope.json', 'version'],
    ['docs', '--config', 'nope.json'],
  ]) {
    const terminal = makeTerminal();
    assert.equal(await terminal.run(...args), 2);
    assert.match(terminal.errors.join(), /nope\.json/);
    assert.deepEqual(terminal.out, []);
  }
});

test('a syntax error in the --config file is told with its line', () =>
  inFolder(async (dir) => {
    writeFileSync(join(dir, 'my.json'), '{\n"port": }');
    const terminal = makeTerminal({ cwd: dir });
    assert.equal(await terminal.run('version', '--config', 'my.json'), 2);
    assert.match(terminal.errors.join(), /my\.json:2/);
  }));

test('docs names the port of the environment', async () => {
  const terminal = makeTerminal({ environment: { FN_HOST_PORT: '9191' } });
  assert.equal(await terminal.run('docs'), 0);
  assert.deepEqual(terminal.out, ['Opening http://localhost:9191/_fn/docs...']);
});

const runProcess = (args: readonly string[], env: Record<string, string>) =>
  new Promise<{ status: number; out: string; err: string }>((resolve) => {
    const main = join(import.meta.dirname, '../../../src/cli/main.ts');
    execFile(process.execPath, [main, ...args], { env }, (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });

test('the real program ends with these statuses', async () => {
  const env = { PATH: process.env.PATH ?? '' };
  assert.match((await runProcess(['--version'], env)).out, /^FastFN \d+\.\d+\.\d+/);
  const usage = await runProcess(['nope'], env);
  assert.deepEqual([usage.status, usage.out], [2, '']);
  const port = await runProcess(['serve', '/'], { ...env, FN_HOST_PORT: 'abc', FN_RUNTIMES: 'node' });
  assert.equal(port.status, 2);
  assert.match(port.err, /invalid FN_HOST_PORT "abc"/);
  assert.doesNotMatch(port.err, /at .*\.ts:/);
});
