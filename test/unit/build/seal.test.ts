import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { SealFault, sealTree } from '../../../src/build/seal.ts';

const options = { owner: null, programs: [] };

describe('sealing', () => {
  let top = '';

  beforeEach(() => {
    top = join(realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-seal-'))), 'tree');
    mkdirSync(join(top, 'a/b'), { recursive: true });
  });
  afterEach(() => {
    execFileSync('chmod', ['-R', 'u+rwx', top]);
    rmSync(join(top, '..'), { recursive: true });
  });

  const modeOf = (path: string) => lstatSync(join(top, path)).mode & 0o7777;

  test('makes files and folders read-only, keeps what can be executed, drops set-user-id', async () => {
    writeFileSync(join(top, 'a/file'), 'x', { mode: 0o666 });
    writeFileSync(join(top, 'a/tool'), 'x');
    chmodSync(join(top, 'a/tool'), 0o4755);
    writeFileSync(join(top, 'a/program'), 'x', { mode: 0o600 });
    await sealTree(top, { owner: null, programs: ['a/program'] });
    assert.deepEqual(
      ['a/file', 'a/tool', 'a/program', 'a', 'a/b'].map(modeOf),
      [0o444, 0o555, 0o555, 0o555, 0o555],
    );
    // Itself must still be moved.
    assert.notEqual(statSync(top).mode & 0o200, 0);
  });

  test('enters folders that the tool has closed', async () => {
    writeFileSync(join(top, 'a/b/file'), 'x');
    chmodSync(join(top, 'a/b'), 0);
    await sealTree(top, options);
    assert.equal(modeOf('a/b/file'), 0o444);
  });

  test('keeps links inside the tree, also those that lead nowhere', async () => {
    writeFileSync(join(top, 'a/file'), 'x');
    symlinkSync('../file', join(top, 'a/b/link'));
    symlinkSync('nothing', join(top, 'a/b/dangling'));
    await sealTree(top, options);
    assert.equal(readFileSync(join(top, 'a/b/link'), 'utf8'), 'x');
  });

  for (const [what, target] of [
    ['absolute', '/etc/passwd'],
    ['absolute into the tree', ''],
    ['out of the tree by dots', '../../../x'],
  ] as const) {
    test(`refuses a link that is ${what}`, async () => {
      symlinkSync(target === '' ? join(top, 'a') : target, join(top, 'a/b/link'));
      await assert.rejects(
        sealTree(top, options),
        new SealFault('the link a/b/link leads out of what was built'),
      );
    });
  }

  test('refuses a link that leads out by way of another', async () => {
    symlinkSync('.', join(top, 'here'));
    mkdirSync(join(top, '..', 'tree2'));
    symlinkSync('here/../../tree2', join(top, 'out'));
    await assert.rejects(sealTree(top, options), SealFault);
  });

  test('refuses what is neither file, folder nor link', async () => {
    execFileSync('mkfifo', [join(top, 'a/pipe')]);
    await assert.rejects(sealTree(top, options), new SealFault('a/pipe is neither file nor folder'));
  });

  test('gives a file with a second name a copy of its own: nobody can write to it by the other', async () => {
    const elsewhere = join(top, '..', 'cache-file');
    writeFileSync(elsewhere, 'before');
    linkSync(elsewhere, join(top, 'a/file'));
    await sealTree(top, options);
    writeFileSync(elsewhere, 'after');
    assert.equal(readFileSync(join(top, 'a/file'), 'utf8'), 'before');
  });
});
