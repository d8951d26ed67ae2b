// What Python's own parser says of sources, asked for many at once.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readImports } from '../../../../src/build/python/read-imports.ts';
import { interpreter, skip } from '../../../conformance/python/python-worker.ts';
import { makeTree, removeTree } from '../../../integration/support/tree.ts';

describe('imports of Python sources', { skip }, () => {
  const read = async (...sources: string[]) => readImports(interpreter ?? '', sources);

  test('absolute ones outside the standard library, relative ones with their dots', async () => {
    const [names] = await read(
      'import os.path, a.b as c\nfrom d.e import f\nfrom . import g\nfrom ..h import i\n',
    );
    assert.deepEqual(names, {
      absolute: ['a.b', 'd.e', 'd.e.f'],
      relative: ['.', '..h', '..h.i', '.g'],
    });
  });

  test('text is no import, nor is a source that does not parse, nor one that is too deep', async () => {
    const deep = `x = ${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    for (const names of await read('"""import a"""\n# import b\n', 'import a\ndef (', 'import a\n\0', deep))
      assert.deepEqual(names, { absolute: [], relative: [] });
  });

  test('many functions ask one child; an unchanged source asks none; a failure is asked again', async (context) => {
    const folder = makeTree({ count: '' });
    context.after(() => removeTree(folder));
    const program = join(folder, 'python');
    const count = () => readFileSync(join(folder, 'count'), 'utf8').length;
    const say = (script: string) => {
      writeFileSync(program, `#!/bin/sh\nprintf x >> ${folder}/count\n${script}\n`);
      chmodSync(program, 0o755);
    };
    say(`exec ${interpreter} "$@"`);
    await Promise.all(['import a', 'import b', 'import a'].map((source) => readImports(program, [source])));
    assert.equal(count(), 1);
    assert.deepEqual(await readImports(program, ['import b']), [{ absolute: ['b'], relative: [] }]);
    assert.equal(count(), 1);
    say('exit 1');
    await assert.rejects(
      readImports(program, ['import c']),
      /inference via native failed: it ended with status 1/,
    );
    say(`exec ${interpreter} "$@"`);
    assert.deepEqual(await readImports(program, ['import c']), [{ absolute: ['c'], relative: [] }]);
  });
});
