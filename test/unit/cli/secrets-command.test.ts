import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeTerminal } from './terminal.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fastfn-cli-secrets-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('secrets: set, list, rotate, roll back and remove, without a value on any line', async (t) => {
  const cwd = folder(t);
  const said: string[] = [];
  const run = async (input: string, ...args: string[]): Promise<number> => {
    const terminal = makeTerminal({ cwd, input });
    const status = await terminal.run('secrets', ...args);
    said.push(...terminal.out, ...terminal.errors);
    return status;
  };
  assert.equal(await run('CANARY-one\n', 'set', 'API_KEY'), 0);
  assert.equal(await run('CANARY-two', 'set', 'API_KEY'), 0);
  assert.equal(await run('', 'list'), 0);
  assert.equal(await run('', 'list', '--json'), 0);
  assert.equal(await run('', 'rotate'), 0);
  assert.equal(await run('', 'rollback', 'API_KEY'), 0);
  assert.equal(await run('', 'remove', 'API_KEY'), 0);
  const text = said.join('\n');
  assert.doesNotMatch(text, /CANARY/);
  assert.match(text, /Created API_KEY\.\nUpdated API_KEY\.\nNAME/);
  assert.match(text, /API_KEY\s+2\s+\d{4}-/);
  assert.match(text, /sealed with a new key/);
  assert.match(text, /as version 3/);
  assert.match(text, /Removed API_KEY/);
  assert.doesNotMatch(readFileSync(join(cwd, '.fastfn', 'secrets.json'), 'utf8'), /CANARY/);
});

test('secrets: a value may come from a file, and a short one is told', async (t) => {
  const cwd = folder(t);
  writeFileSync(join(cwd, 'value.txt'), 'abc\r\n');
  const terminal = makeTerminal({ cwd });
  assert.equal(await terminal.run('secrets', 'set', 'SHORT', '--from', 'value.txt'), 0);
  assert.match(terminal.errors.join(), /SHORT is too short to be masked/);
});

test('secrets: what cannot be is a usage fault, and what is not there a failure', async (t) => {
  const cwd = folder(t);
  const status = (input: string, ...args: string[]) => makeTerminal({ cwd, input }).run('secrets', ...args);
  assert.equal(await status('v', 'set', 'a-b'), 2);
  assert.equal(await status('', 'set', 'A'), 2);
  assert.equal(await status('v', 'set', 'A', 'value-on-the-command-line'), 2);
  assert.equal(await status('', 'remove', 'A'), 1);
  assert.equal(await status('', 'rollback', 'A'), 2);
  assert.equal(await status('', 'set', 'A', '--from', 'nowhere'), 1);
});
