import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { initTemplates } from '../../../src/control/function-templates.ts';
import { inFolder, makeTerminal } from './terminal.ts';

const read = (dir: string, file: string) => readFileSync(join(dir, file), 'utf8');

test('init makes a function and says which files', () =>
  inFolder(async (dir) => {
    const terminal = makeTerminal({ cwd: dir });
    assert.equal(await terminal.run('init', 'hello'), 0);
    assert.deepEqual(terminal.out.slice(0, 4), [
      `Created function 'hello' in ${join(dir, 'hello')} (runtime: node)`,
      'Files created:',
      ' - fn.config.json',
      ' - handler.js',
    ]);
    assert.match(terminal.out.at(-1) ?? '', /fastfn dev/);
    assert.deepEqual(JSON.parse(read(dir, 'hello/fn.config.json')), {
      runtime: 'node',
      name: 'hello',
      version: '1.0.0',
      entrypoint: 'handler.js',
      timeout_ms: 2500,
      max_concurrency: 20,
      max_body_bytes: 1048576,
    });
  }));

test('every template writes its entry file; Python has a requirements.txt', () =>
  inFolder(async (dir) => {
    for (const [name, template] of Object.entries(initTemplates)) {
      assert.equal(await makeTerminal({ cwd: dir }).run('init', name, '-t', name), 0, name);
      const config = JSON.parse(read(dir, `${name}/fn.config.json`));
      assert.equal(config.runtime, template.runtime);
      assert.ok(existsSync(join(dir, name, config.entrypoint)), name);
    }
    assert.match(read(dir, 'python/requirements.txt'), /^#/);
  }));

test('the JavaScript and TypeScript templates answer', () =>
  inFolder(async (dir) => {
    for (const name of ['node', 'typescript'] as const) {
      await makeTerminal({ cwd: dir }).run('init', name, '-t', name);
      const entry = join(dir, name, name === 'node' ? 'handler.js' : 'handler.ts');
      const { handler } = createRequire(entry)(entry);
      assert.deepEqual(JSON.parse((await handler({ query: { name: 'Ada' } })).body), {
        message: 'Hello, Ada!',
      });
      assert.deepEqual(JSON.parse((await handler({})).body), { message: 'Hello, world!' });
    }
  }));

test('init refuses to write over files, and does with --force', () =>
  inFolder(async (dir) => {
    await makeTerminal({ cwd: dir }).run('init', 'a/b');
    const again = makeTerminal({ cwd: dir });
    assert.equal(await again.run('init', 'a/b', '-t', 'php'), 1);
    assert.match(again.errors.join(), /fn\.config\.json.*--force/);
    assert.ok(!existsSync(join(dir, 'a/b/handler.php')));
    assert.equal(await makeTerminal({ cwd: dir }).run('init', 'a/b', '-t', 'php', '--force'), 0);
    assert.ok(existsSync(join(dir, 'a/b/handler.php')));
  }));

test('a bad name or template leaves nothing behind', () =>
  inFolder(async (dir) => {
    for (const args of [
      ['../x'],
      ['/etc/x'],
      ['a//b'],
      ['a/'],
      ['a b'],
      ['a.b'],
      ['x', '-t', 'cobol'],
      ['x', '-t', 'constructor'],
    ]) {
      assert.equal(await makeTerminal({ cwd: dir }).run('init', ...args), 2, args.join(' '));
    }
    assert.deepEqual(readdirSync(dir), []);
  }));
