import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ArtifactStore } from '../../../src/build/artifact-store.ts';
import type { BuildPlan } from '../../../src/build/build-plan.ts';
import { contentKey } from '../../../src/build/content-key.ts';
import type { Workspace } from '../../../src/build/workspace.ts';
import { openFolders } from '../../integration/support/tree.ts';

const planOf = (name: string, output: Partial<BuildPlan['output']> = {}): BuildPlan => ({
  key: contentKey([['name', name]]),
  runtime: 'rust',
  kind: 'program',
  files: [],
  steps: [],
  output: { program: null, importPaths: [], ...output },
  failureText: 'rust build failed',
  report: { mode: 'build', manifestPath: null, lockfilePath: 'Cargo.lock' },
});

describe('the artifact store', () => {
  let folder = '';
  let store: ArtifactStore;
  let workspace: Workspace;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-store-')));
    const [root, staging, home] = [join(folder, 'deps'), join(folder, 'deps/.work'), join(folder, 'home')];
    workspace = { home, dir: join(home, 'work'), tempDir: join(home, 'tmp') };
    for (const path of [staging, workspace.dir]) mkdirSync(path, { recursive: true });
    store = new ArtifactStore({
      root,
      staging,
      owner: null,
      removeTree: (path) => {
        openFolders(path);
        return rm(path, { recursive: true });
      },
    });
  });
  afterEach(() => {
    openFolders(folder);
    rmSync(folder, { recursive: true });
  });

  const native = () => copyFileSync(realpathSync('/bin/true'), join(workspace.dir, 'program'));

  test('keeps the program, import folders and the lock file, and nothing else', async () => {
    native();
    for (const name of ['one', 'two']) mkdirSync(join(workspace.dir, name));
    writeFileSync(join(workspace.dir, 'Cargo.lock'), 'lock');
    writeFileSync(join(workspace.dir, 'source.rs'), 'code');
    const plan = planOf('a', {
      program: 'program',
      importPaths: ['one', 'missing'],
      sharedPaths: ['/packs/x'],
    });
    assert.equal(store.find(plan), null);
    const artifact = await store.commit(plan, workspace);
    assert.deepEqual(readdirSync(artifact.dir).sort(), [
      'Cargo.lock',
      'artifact.json',
      'missing',
      'one',
      'program',
    ]);
    assert.equal(statSync(artifact.program ?? '').mode & 0o777, 0o555);
    assert.deepEqual(artifact.importPaths, [
      join(artifact.dir, 'one'),
      join(artifact.dir, 'missing'),
      '/packs/x',
    ]);
    assert.equal(artifact.lockfile, join(artifact.dir, 'Cargo.lock'));
    assert.deepEqual(store.find(plan), artifact);
    assert.deepEqual(readdirSync(join(folder, 'deps/.work')), []);
  });

  test('takes no program that is missing, a script, or a link, and leaves nothing behind', async () => {
    const plan = planOf('a', { program: 'program' });
    await assert.rejects(store.commit(plan, workspace), /it produced no binary/);
    writeFileSync(join(workspace.dir, 'program'), '#!/bin/sh\n');
    await assert.rejects(store.commit(plan, workspace), /it produced no native binary/);
    symlinkSync('/bin/true', join(workspace.dir, 'link'));
    await assert.rejects(store.commit(planOf('b', { program: 'link' }), workspace), /lies behind a link/);
    assert.deepEqual(readdirSync(join(folder, 'deps/.work')), []);
    assert.equal(store.find(plan), null);
  });

  test('takes no folder behind a link', async () => {
    symlinkSync('/etc', join(workspace.dir, 'out'));
    await assert.rejects(
      store.commit(planOf('a', { importPaths: ['out'] }), workspace),
      /out lies behind a link/,
    );
  });

  test('refuses a key that is no hash', () => {
    assert.throws(() => store.find({ ...planOf('a'), key: '../../x' }), /cannot use/);
  });

  test('removes what nobody has used for two weeks, and beyond 64 what nobody has used for an hour', async () => {
    const now = Date.now();
    const hour = 3_600_000;
    const dirs: string[] = [];
    for (let i = 0; i < 68; i += 1) {
      const { dir } = await store.commit(planOf(`artifact ${i}`), workspace);
      dirs.push(dir);
    }
    const unusedSince = (index: number, ms: number) => {
      const time = new Date(now - ms);
      utimesSync(join(dirs[index] ?? '', 'artifact.json'), time, time);
    };
    for (let i = 0; i < 68; i += 1) unusedSince(i, 10 * 60_000 + i);
    unusedSince(0, 15 * 24 * hour);
    unusedSince(1, 15 * 24 * hour);
    unusedSince(2, 2 * hour);
    const inUse = new Set([planOf('artifact 1').key]);
    // 66 unused stay: 65 were used lately, and the one that was not is beyond the 64.
    assert.equal(await store.prune(inUse, now), 2);
    assert.deepEqual(
      [0, 1, 2, 3].map((index) => existsSync(dirs[index] ?? '')),
      [false, true, false, true],
    );
    assert.ok(now - statSync(join(dirs[1] ?? '', 'artifact.json')).mtimeMs < hour);
  });
});
