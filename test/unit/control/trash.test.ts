// What was deleted last, and what becomes of it when something goes wrong in between.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Trash } from '../../../src/control/trash.ts';

describe('trash', () => {
  let root = '';
  let state = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'fastfn-trash-'));
    state = join(root, '.fastfn');
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'a/x'), 'x');
    writeFileSync(join(root, 'y'), 'y');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const paths = (): string[] => [join(root, 'a'), join(root, 'y')];

  test('gives back files and folders to where they were, once', async () => {
    const trash = new Trash(state);
    await trash.put(root, paths(), { kind: 'function', name: 'f' });
    assert.deepEqual([existsSync(join(root, 'a')), existsSync(join(root, 'y'))], [false, false]);
    assert.equal((await trash.last())?.what['name'], 'f');
    const { what } = await new Trash(state).takeBack(root);
    assert.equal(what['name'], 'f');
    assert.equal(readFileSync(join(root, 'a/x'), 'utf8'), 'x');
    await assert.rejects(trash.takeBack(root), /nothing to undo/);
    assert.ok(!existsSync(join(state, 'trash')));
  });

  test('does not write over what has come since', async () => {
    const trash = new Trash(state);
    await trash.put(root, paths(), {});
    writeFileSync(join(root, 'y'), 'new');
    await assert.rejects(trash.takeBack(root), /cannot undo: y exists/);
    assert.equal(readFileSync(join(root, 'y'), 'utf8'), 'new');
    assert.ok(!existsSync(join(root, 'a')), 'nothing has come back yet');
    rmSync(join(root, 'y'));
    await trash.takeBack(root);
    assert.equal(readFileSync(join(root, 'y'), 'utf8'), 'y');
  });

  test('a second deletion takes the place of the first; one that fails does not', async () => {
    const trash = new Trash(state);
    await trash.put(root, [join(root, 'y')], { name: 'first' });
    await assert.rejects(trash.put(root, [join(root, 'a'), join(root, 'nothing')], { name: 'fails' }));
    assert.ok(existsSync(join(root, 'a/x')), 'what was moved is back');
    assert.equal((await trash.last())?.what['name'], 'first');
    await trash.put(root, [join(root, 'a')], { name: 'second' });
    await trash.takeBack(root);
    assert.ok(existsSync(join(root, 'a/x')) && !existsSync(join(root, 'y')));
  });

  test('what a gateway that was killed had moved comes back', async () => {
    const trash = new Trash(state);
    await trash.put(root, paths(), {});
    const [id = ''] = readdirSync(join(state, 'trash')).filter((name) => name !== 'last.json');
    renameSync(join(state, 'trash', id, '1'), join(root, 'y'));
    await trash.takeBack(root);
    assert.ok(existsSync(join(root, 'a/x')) && existsSync(join(root, 'y')));
  });

  test('a manifest that leads elsewhere is none', async () => {
    const trash = new Trash(state);
    await trash.put(root, [join(root, 'y')], {});
    const file = join(state, 'trash', 'last.json');
    const good = JSON.parse(readFileSync(file, 'utf8'));
    for (const bad of [
      { items: ['../x'] },
      { items: ['/x'] },
      { id: '../../x' },
      { items: 7 },
      { what: null },
    ]) {
      writeFileSync(file, JSON.stringify({ ...good, ...bad }));
      await assert.rejects(trash.takeBack(root), /nothing to undo/);
    }
  });
});
