// State on disk: whole or not at all, private, bounded.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AppendLog } from '../../../src/store/append-log.ts';
import { writeFileAtomic } from '../../../src/store/atomic-file.ts';
import { JsonFile } from '../../../src/store/json-file.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastfn-store-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('store: files replaced whole', () => {
  test('a new file has the mode that was asked for, an existing one keeps its own', async () => {
    const path = join(folder, 'modes');
    await writeFileAtomic(path, 'a', { mode: 0o666 });
    assert.equal(modeOf(path), 0o666, 'whatever the umask');
    chmodSync(path, 0o640);
    await writeFileAtomic(path, 'b', { mode: 0o600 });
    assert.deepEqual([readFileSync(path, 'utf8'), modeOf(path)], ['b', 0o640]);
    await writeFileAtomic(path, 'c', { mode: 0o600, keepMode: false });
    assert.equal(modeOf(path), 0o600);
  });

  test('a link is replaced, not followed', async () => {
    const target = join(folder, 'target');
    const link = join(folder, 'link');
    writeFileSync(target, 'untouched');
    symlinkSync(target, link);
    await writeFileAtomic(link, 'mine');
    assert.equal(readFileSync(target, 'utf8'), 'untouched');
    assert.equal(readFileSync(link, 'utf8'), 'mine');
  });

  test('a write that fails leaves what was there, and nothing else', async () => {
    const place = mkdtempSync(join(folder, 'fails-'));
    const path = join(place, 'is-a-folder');
    mkdirSync(join(path, 'full'), { recursive: true });
    await assert.rejects(writeFileAtomic(path, 'x'));
    await assert.rejects(writeFileAtomic(join(place, 'no', 'such', 'folder'), 'x'));
    assert.deepEqual(readdirSync(place), ['is-a-folder']);
  });

  test('killed in the middle of writing, the file is the old one or the new one', async () => {
    const path = join(folder, 'killed.json');
    const module = new URL('../../../src/store/atomic-file.ts', import.meta.url).href;
    const program = `
      import { writeFileAtomic } from ${JSON.stringify(module)};
      const rows = Array.from({ length: 20000 }, (_, index) => 'row ' + index);
      for (let n = 0; ; n += 1) { await writeFileAtomic(process.argv[1], JSON.stringify({ n, rows })); if (n === 0) console.log('written'); }`;
    for (const delayMs of [3, 11, 23]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      assert.equal(JSON.parse(readFileSync(path, 'utf8')).rows.length, 20_000);
    }
  });
});

describe('store: JSON files', () => {
  test('come back as they were saved, in the order of the calls, for the owner alone', async () => {
    const file = new JsonFile(join(folder, 'own', 'state.json'));
    assert.equal(await file.load(), null);
    const saves = [1, 2, 3].map((n) => file.save({ n }));
    await Promise.all(saves);
    assert.deepEqual(await file.load(), { n: 3 });
    assert.equal(modeOf(file.path), 0o600);
    assert.equal(modeOf(join(folder, 'own')) & 0o066, 0);
  });

  test('are not kept where the folder around their own has gone: it may come back', async () => {
    const away = join(folder, 'away');
    await assert.rejects(new JsonFile(join(away, 'own', 'state.json')).save({}), /ENOENT/);
    assert.equal(existsSync(away), false);
  });

  test('what is no JSON, or no file, is an error and not an empty state', async () => {
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{');
    await assert.rejects(new JsonFile(broken).load(), SyntaxError);
    const link = join(folder, 'link.json');
    symlinkSync(broken, link);
    await assert.rejects(new JsonFile(link).load(), /ELOOP/);
    await assert.rejects(new JsonFile(folder).load(), /not a state file/);
  });
});

describe('store: logs of lines', () => {
  test('keep the newest in two files of a bounded size', async () => {
    const path = join(folder, 'log.jsonl');
    const log = new AppendLog({ path, maxBytes: 1_000 });
    await Promise.all(Array.from({ length: 200 }, (_, n) => log.add({ n, text: 'x'.repeat(20) })));
    assert.ok(statSync(path).size <= 1_000 && statSync(`${path}.1`).size <= 1_000);
    assert.equal(modeOf(path), 0o600);
    const tail = await log.tail(5);
    assert.deepEqual(
      tail.map(({ n }) => n),
      [195, 196, 197, 198, 199],
    );
    assert.ok((await log.tail(1_000)).length < 60);
  });

  test('go on after lines that were cut off', async () => {
    const path = join(folder, 'cut.jsonl');
    writeFileSync(path, '{"n":1}\n{"n":2');
    const log = new AppendLog({ path });
    await log.add({ n: 3 });
    await log.add({ n: 4 });
    assert.deepEqual(
      (await log.tail(10)).map(({ n }) => n),
      [1, 3, 4],
    );
  });

  test('an entry that cannot be written rejects, and the next is tried', async () => {
    const place = join(folder, 'blocked');
    writeFileSync(place, 'a file where a folder should be');
    const log = new AppendLog({ path: join(place, 'log.jsonl') });
    await assert.rejects(log.add({ n: 1 }));
    rmSync(place);
    await log.add({ n: 2 });
    assert.deepEqual(await log.tail(5), [{ n: 2 }]);
  });
});
