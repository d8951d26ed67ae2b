import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { tryLockFile } from '../../../src/sandbox/file-lock.ts';

describe('a lock file', {
  skip: process.platform === 'linux' ? false : 'flock by system call: Linux only',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fastfn-lock-'));
  const path = join(folder, 'one.lock');
  after(() => rmSync(folder, { recursive: true }));

  test('is held by one, and free again afterwards, without a trace', () => {
    const held = tryLockFile(path);
    assert.notEqual(held, null);
    assert.equal(tryLockFile(path), null);
    held?.release();
    assert.equal(existsSync(path), false);
    tryLockFile(path)?.release();
  });

  test('ends with the process that holds it', () => {
    const module = new URL('../../../src/sandbox/file-lock.ts', import.meta.url).href;
    const code = `import { tryLockFile } from ${JSON.stringify(module)}; console.log(tryLockFile(process.argv[1]) !== null); process.kill(process.pid, 'SIGKILL');`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code, path];
    assert.match(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout, /true/);
    assert.equal(existsSync(path), true);
    const held = tryLockFile(path);
    assert.notEqual(held, null);
    held?.release();
  });

  test('is no link', () => {
    symlinkSync('elsewhere', join(folder, 'link'));
    assert.throws(() => tryLockFile(join(folder, 'link')), { code: 'ELOOP' });
  });
});
