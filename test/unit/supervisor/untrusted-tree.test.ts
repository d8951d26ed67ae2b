import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, test } from 'node:test';
import {
  makeGatewayTempDir,
  removeAbandonedTempDirs,
  WorkerTempDirs,
} from '../../../src/supervisor/temp-dir.ts';
import { exceededLimit, removeTree } from '../../../src/supervisor/untrusted-tree.ts';

const made: string[] = [];
function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-tree-')));
  made.push(path);
  return path;
}
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

test('untrusted tree: links, closed folders and names that are no text are removed, and what links lead to is not', async () => {
  const outside = folder();
  writeFileSync(join(outside, 'precious'), 'x');
  const top = join(folder(), 'top');
  mkdirSync(join(top, 'closed'), { recursive: true });
  writeFileSync(join(top, 'closed', 'file'), 'x');
  writeFileSync(Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0xff, 0xfe])]), 'x');
  symlinkSync(outside, join(top, 'link'));
  symlinkSync(top, join(top, 'loop'));
  chmodSync(join(top, 'closed'), 0);
  await removeTree(top);
  assert.equal(existsSync(top), false);
  assert.ok(existsSync(join(outside, 'precious')));
});

test('untrusted tree: a tree deeper than the kernel takes as a path is removed', async () => {
  const top = join(folder(), 'top');
  mkdirSync(top);
  const here = process.cwd();
  try {
    process.chdir(top);
    for (let n = 0; n < 60; n += 1) {
      mkdirSync('d'.repeat(200));
      process.chdir('d'.repeat(200));
    }
    writeFileSync('bottom', 'x');
  } finally {
    process.chdir(here);
  }
  assert.equal(await exceededLimit(top, { bytes: 1e9, entries: 1e6 }), 'entries');
  await removeTree(top);
  assert.equal(existsSync(top), false);
});

test('untrusted tree: removing what is not there is no error', async () => {
  await removeTree(join(folder(), 'nothing'));
});

test('untrusted tree: bytes and entries are counted, sparse files by what they take', async () => {
  const top = folder();
  const exceeds = (bytes: number, entries: number) => exceededLimit(top, { bytes, entries });
  writeFileSync(join(top, 'a'), Buffer.alloc(100_000));
  mkdirSync(join(top, 'sub'));
  writeFileSync(join(top, 'sub', 'b'), Buffer.alloc(100_000));
  assert.equal(await exceeds(1_000_000, 3), null);
  assert.equal(await exceeds(1_000_000, 2), 'entries');
  assert.equal(await exceeds(150_000, 100), 'bytes');
  writeFileSync(join(top, 'sparse'), '');
  truncateSync(join(top, 'sparse'), 1e9);
  assert.equal(await exceeds(1_000_000, 100), null);
});

test('temp folders: each worker has its own with mode 0700, and they leave nothing', async () => {
  const parent = folder();
  const dirs = new WorkerTempDirs(parent);
  const path = dirs.create('w-1');
  assert.equal(lstatSync(path).mode & 0o777, 0o700);
  assert.throws(() => dirs.create('w-1'), { code: 'EEXIST' });
  writeFileSync(join(path, 'x'), 'x');
  await dirs.remove(path);
  dirs.close();
  assert.deepEqual(readdirSync(parent), []);
});

test('temp folders: those of a dead gateway are removed, those of a living one and others are not', async () => {
  const parent = folder();
  const living = new WorkerTempDirs(parent);
  const [name] = readdirSync(parent);
  const dead = String(name).replace(String(process.pid), '99999999');
  mkdirSync(join(parent, dead, 'w-1'), { recursive: true });
  const programs = makeGatewayTempDir(parent, 'programs');
  const deadPrograms = programs.replace(String(process.pid), '99999999');
  mkdirSync(join(deadPrograms, 'node'), { recursive: true });
  const otherNamespace = dead.replace(/-w-\d+-/, '-w-1-');
  mkdirSync(join(parent, otherNamespace));
  mkdirSync(join(parent, 'fastfn-w-notes'));
  await removeAbandonedTempDirs(parent);
  const kept = [String(name), basename(programs), otherNamespace, 'fastfn-w-notes'];
  assert.deepEqual(readdirSync(parent).sort(), kept.sort());
  living.close();
});
