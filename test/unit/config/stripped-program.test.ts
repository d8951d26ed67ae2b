import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { stripPrograms } from '../../../src/config/stripped-program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastfn-strip-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'code', file)), { recursive: true });
    writeFileSync(join(folder, 'code', file), text);
  }
}

const strip = (entry: string): string => stripAll([entry])[0] ?? '';

const stripAll = (entries: readonly string[]): string[] =>
  stripPrograms(
    entries.map((entry) => join(folder, 'code', entry)),
    join(folder, 'code'),
    join(folder, 'out'),
  );

test('stripped program: runs as plain JavaScript with all that it imports, and with nothing else', () => {
  write({
    'src/a/main.ts': `
      import type { Shape } from '../types.ts';
      import { two } from './two.ts';
      import data from './data.json' with { type: 'json' };
      import '../b/effect.ts';
      export { two } from './two.ts';
      const shape: Shape = { size: two };
      console.log(shape.size, data.three, (await import('../b/late.ts')).four, "from './two.ts'".length);`,
    'src/a/two.ts': 'export const two: number = 2;',
    'src/a/data.json': '{ "three": 3 }',
    'src/b/effect.ts': "import { two } from '../a/two.ts'; console.log('effect', two);",
    'src/b/late.ts': 'export const four = 4 as const;',
    'src/types.ts': 'export interface Shape { size: number }',
    'src/a/unused.ts': 'throw new Error();',
  });
  const entry = strip('src/a/main.ts');
  writeFileSync(join(folder, 'out', 'package.json'), '{ "type": "module" }');
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-strip-types', entry], { encoding: 'utf8' });
  assert.equal(stdout, 'effect 2\n2 3 4 15\n', stderr);
  assert.equal(existsSync(join(folder, 'out/src/a/unused.js')), false);
  assert.equal(existsSync(join(folder, 'out/src/types.js')), false);
});

test('stripped program: what two programs share is written once, read-only', () => {
  write({ 'a.ts': "import './shared.ts';", 'b.ts': "import './shared.ts';", 'shared.ts': 'export {};' });
  assert.deepEqual(stripAll(['a.ts', 'b.ts']), [join(folder, 'out/a.js'), join(folder, 'out/b.js')]);
  assert.equal(statSync(join(folder, 'out/shared.js')).mode & 0o777, 0o444);
});

test('stripped program: files that import each other end', () => {
  write({ 'a.ts': "import './b.ts';", 'b.ts': "import './a.ts';" });
  assert.equal(readFileSync(strip('a.ts'), 'utf8').trim(), "import './b.js';");
});

test('stripped program: lines stay where they were, so that a stack trace fits the source', () => {
  write({ 'a.ts': 'interface A {\n  b: string;\n}\nexport const line: number = 4;\n' });
  const lines = readFileSync(strip('a.ts'), 'utf8').split('\n');
  assert.match(lines[3] ?? '', /^export const line {9}= 4;$/);
});

test('stripped program: an import that is not there is an error, not a silence', () => {
  write({ 'a.ts': "import './gone.ts';" });
  assert.throws(() => strip('a.ts'), { code: 'ENOENT' });
});
