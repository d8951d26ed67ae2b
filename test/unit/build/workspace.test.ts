import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { WorkspaceFile } from '../../../src/build/build-plan.ts';
import { InputFault, makeWorkspace } from '../../../src/build/workspace.ts';
import type { RegistryFile } from '../../../src/policy/build-settings.ts';

describe('a workspace', () => {
  let folder = '';

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-work-')));
    writeFileSync(join(folder, 'source'), 'text');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const make = (files: readonly WorkspaceFile[], registryFiles: readonly RegistryFile[] = []) =>
    makeWorkspace(files, { parent: folder, owner: null, registryFiles }, () => {});

  test('holds made and copied files at their paths, and the registry files in its HOME', () => {
    const made = make(
      [
        { path: 'a/b/one', text: 'made' },
        { path: 'a/two', copyOf: join(folder, 'source') },
      ],
      [{ path: join(folder, 'source'), home: '.config/pip/pip.conf' }],
    );
    assert.equal(readFileSync(join(made.dir, 'a/b/one'), 'utf8'), 'made');
    assert.equal(readFileSync(join(made.dir, 'a/two'), 'utf8'), 'text');
    assert.equal(readFileSync(join(made.home, '.config/pip/pip.conf'), 'utf8'), 'text');
    assert.ok(existsSync(made.tempDir));
  });

  test('takes no input that is a link, lies behind one, is no file, or is not there', () => {
    symlinkSync('source', join(folder, 'link'));
    mkdirSync(join(folder, 'real'));
    writeFileSync(join(folder, 'real/file'), '');
    symlinkSync('real', join(folder, 'behind'));
    for (const [name, reason] of [
      ['link', 'it is a link'],
      ['behind/file', 'it lies behind a link'],
      ['real', 'it is no regular file'],
      ['nothing', 'it cannot be read (ENOENT)'],
    ] as const) {
      assert.throws(
        () => make([{ path: 'taken', copyOf: join(folder, name) }]),
        new InputFault(`cannot take taken: ${reason}`),
      );
    }
  });

  test('refuses paths that lead out of it', () => {
    for (const path of ['../x', '/etc/x', 'a/../../x', '..'])
      assert.throws(() => make([{ path, text: '' }]), /cannot put/);
  });

  test('tells which folder is to be removed, also when it cannot be made', () => {
    let begun = '';
    const options = { parent: join(folder, 'missing'), owner: null, registryFiles: [] };
    assert.throws(
      () =>
        makeWorkspace([], options, (home) => {
          begun = home;
        }),
      { code: 'ENOENT' },
    );
    assert.match(begun, /missing\/[0-9a-f]{16}$/);
  });
});
