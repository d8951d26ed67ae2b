// What JavaScript imports, and which packages that names.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { importedSpecifiers } from '../../../../src/build/node/local-modules.ts';
import { packageOfSpecifier } from '../../../../src/build/node/package-of-specifier.ts';
import { readImports } from '../../../../src/build/node/read-imports.ts';
import { planSubject } from '../../../fakes/build-tools.ts';

describe('imports of a source', () => {
  test('every form that the language has', () => {
    const source = [
      "import a from 'a'; import 'b'; export * from 'c'; export { d } from 'd';",
      "const e = await import('e'); const f = import(`f`);",
    ].join('\n');
    assert.deepEqual(readImports(source, false).sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(
      readImports("const a = require('a'); require.resolve('b'); if (0) require(`c`);", false),
      ['a', 'b', 'c'],
    );
  });

  test('text in strings and comments is none, nor what is only known at run time', () => {
    const source =
      "// require('a')\nconst text = \"import b from 'b'\"; require(name); require(`x${name}`); o.require('c');";
    assert.deepEqual(readImports(source, false), []);
  });

  test('types of TypeScript are no imports', () => {
    const source =
      "import type { A } from 'a';\nimport { type B, c } from 'b';\nexport const d: A = c as B;\n";
    assert.deepEqual(readImports(source, true), ['b']);
  });

  test('sloppy CommonJS is read, what cannot be parsed imports nothing', () => {
    assert.deepEqual(readImports("with (o) { require('a'); } return 1;", false), ['a']);
    assert.deepEqual(readImports('const = ;', false), []);
    assert.deepEqual(readImports('['.repeat(100_000), false), []);
  });
});

test('packages: a specifier names one, none, or nothing that can be one', () => {
  const named = (specifier: string) => {
    const found = packageOfSpecifier(specifier);
    return found.kind === 'package' ? found.name : found.kind;
  };
  assert.equal(named('@s/p/sub'), '@s/p');
  assert.equal(named('lodash/fp'), 'lodash');
  const none = [
    'node:fs',
    'fs',
    'fs/promises',
    './x',
    '..',
    '/x',
    '#x',
    '@/x',
    '~/x',
    'https://h/x',
    'file:x',
    'data:,',
  ];
  for (const specifier of none) assert.equal(named(specifier), 'none', specifier);
  for (const specifier of ['a b', '@scope', 'é', '!x'])
    assert.equal(named(specifier), 'unresolved', specifier);
});

test('helpers of a function are followed, each once, and never out of its view', async (context) => {
  const { unit } = planSubject(context, {
    runtime: 'node',
    entry: 'f/handler.js',
    files: {
      'f/handler.js': "require('./lib'); require('../g/secret'); require('a');",
      'f/lib/index.js': "require('../handler'); require('./types.ts'); require('b');",
      'f/lib/types.ts': "import { c } from 'c'; export const x: number = c;",
      'g/secret.js': "require('hidden');",
    },
  });
  const found = await importedSpecifiers(unit.entry, { readable: [join(unit.dir)] });
  assert.deepEqual(
    found.filter((specifier) => !specifier.startsWith('.')),
    ['a', 'b', 'c'],
  );
});
