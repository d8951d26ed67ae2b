import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hiddenBytes } from '../../../src/supervisor/hidden-files.ts';

test('hidden files: what was deleted and is still open counts once, by what it takes, in its folder only', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-hidden-')));
  const file = join(folder, 'file');
  const open = openSync(file, 'w');
  const again = openSync(file, 'r');
  try {
    writeSync(open, Buffer.alloc(100_000, 1));
    assert.equal(hiddenBytes(process.pid, folder), 0, 'still in its folder');
    unlinkSync(file);
    const hidden = hiddenBytes(process.pid, folder);
    assert.ok(hidden >= 100_000 && hidden < 200_000, `${hidden}`);
    assert.equal(hiddenBytes(process.pid, `${folder}-twin`), 0);
    assert.equal(hiddenBytes(process.pid, folder.slice(0, -1)), 0);
    assert.equal(hiddenBytes(0x7fff_ffff, folder), 0);
  } finally {
    closeSync(open);
    closeSync(again);
    rmSync(folder, { recursive: true });
  }
  assert.equal(hiddenBytes(process.pid, folder), 0);
});
