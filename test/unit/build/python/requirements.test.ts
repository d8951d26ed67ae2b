// Reading requirements: hints in a handler, requirements.txt, and how a lock is used.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { inlineHints } from '../../../../src/build/python/inline-hints.ts';
import { chooseLock, type LockUse, nameOf } from '../../../../src/build/python/lock-choice.ts';
import { normalizeName, parseRequirements } from '../../../../src/build/python/requirements-file.ts';
import { readRequirements } from '../../../../src/build/python/requirements-set.ts';
import { planSubject } from '../../../fakes/build-tools.ts';

describe('inline hints', () => {
  const lines = (count: number) => '\n'.repeat(count);

  test('the first line that has them counts, up to line 30', () => {
    assert.deepEqual(inlineHints(`${lines(29)}#@requirements a==1, b\n`), ['a==1', 'b']);
    assert.deepEqual(inlineHints(`${lines(30)}#@requirements a==1, b\n`), []);
    assert.deepEqual(inlineHints('  #requirements a b\n#@requirements c\n'), ['a', 'b']);
    assert.deepEqual(inlineHints('#@requirementsish a\n# requirements b\n'), []);
  });

  test('a version range stays with its package', () => {
    assert.deepEqual(inlineHints('#@requirements a>=1,<2, b[x] ==3 c ~= 1.2'), [
      'a>=1,<2',
      'b[x]==3',
      'c~=1.2',
    ]);
  });
});

describe('requirements.txt', () => {
  test('comments and blank lines are nothing to install', () => {
    assert.equal(parseRequirements('# only\n\n   # this\n').effective, false);
    assert.equal(parseRequirements('six\n').effective, true);
  });

  test('names are normalised, exact versions known, everything else left to pip', () => {
    const { pins } = parseRequirements(
      'Foo_Bar==1.0  # why\nbaz[extra]>=2\nqux === 3 ; python_version > "3"\n--index-url https://x\n',
    );
    assert.deepEqual(
      [...pins],
      [
        ['foo-bar', '1.0'],
        ['baz', null],
        ['qux', '3'],
      ],
    );
    assert.equal(normalizeName('A.b_C--d'), 'a-b-c-d');
  });

  test('files, folders and URLs that it draws in are seen', () => {
    const read = parseRequirements(
      '-r more.txt\n--constraint=c.txt\n-f wheels\n./lib\n-e ./other\nx @ https://h/x.whl\ny==1 \\\n  --hash=sha256:00\n',
    );
    assert.deepEqual(read.includes, ['more.txt', 'c.txt']);
    assert.deepEqual(read.localPaths, ['wheels', './lib', './other']);
    assert.deepEqual([read.hasDirect, read.hashed], [true, true]);
    assert.equal(parseRequirements('six==1\n').hasDirect, false);
  });
});

describe('requirements.lock.txt', () => {
  const choose = (
    context: TestContext,
    files: Record<string, string>,
    extra: string[] = [],
    production = false,
  ): LockUse => {
    const { root, unit } = planSubject(context, {
      runtime: 'python',
      entry: 'f/handler.py',
      files: { 'f/handler.py': '', ...files },
    });
    return chooseLock(readRequirements(unit.dir, unit, root), extra, production, root);
  };

  test('holds versions down, and is passed over once the manifest contradicts it', (context) => {
    const lock = { 'f/requirements.lock.txt': 'a==1\n' };
    assert.equal(choose(context, { ...lock, 'f/requirements.txt': 'a\n' }), 'constraints');
    assert.equal(choose(context, { ...lock, 'f/requirements.txt': 'a==2\n' }), 'none');
    assert.equal(choose(context, { 'f/requirements.txt': 'a==2\n' }), 'none');
  });

  test('with hashes it is installed itself, and must name all that is asked for', (context) => {
    const lock = { 'f/requirements.lock.txt': 'a==1 --hash=sha256:00\n', 'f/requirements.txt': 'a\n' };
    assert.equal(choose(context, lock), 'hashes');
    assert.throws(() => choose(context, lock, ['b']), /f\/requirements\.lock\.txt does not fit: it lacks b /);
  });

  test('production wants one that fits', (context) => {
    const manifest = { 'f/requirements.txt': 'a==2\n' };
    assert.throws(
      () => choose(context, manifest, [], true),
      /wants a lock: f\/requirements\.lock\.txt is missing/,
    );
    const stale = { ...manifest, 'f/requirements.lock.txt': 'a==1\n' };
    assert.throws(() => choose(context, stale, [], true), /does not fit: it lacks a /);
    const hashed = { 'f/requirements.txt': 'a==2 --hash=sha256:00\n' };
    assert.equal(choose(context, hashed, [], true), 'none');
  });

  test('names of specifications are compared, not the specifications', () => {
    assert.equal(nameOf('Foo_Bar[x]>=1,<2'), 'foo-bar');
  });
});
