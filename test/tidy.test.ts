// The house rules, held to every file of the repository. Each rule is first shown a bad sample that it must refuse, so
// that none passes because it sees nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '../src/errors.ts';
import { documentedErrors, errorTableFaults } from './tidy/error-table-rule.ts';
import {
  barrelFaults,
  fileCycleFaults,
  folderCycleFaults,
  importTableFaults,
  missingPackageFaults,
  packageFreeFaults,
  runtimeImportFaults,
} from './tidy/import-rules.ts';
import { importsOf, repositoryFiles, repositoryRoot, type SourceFile } from './tidy/source-file.ts';
import {
  environmentFaults,
  fileLengthFaults,
  fileNameFaults,
  leftoverFaults,
  lockFaults,
  machinePathFaults,
  maxFunctionLines,
  openingCommentFaults,
  pythonFunctionFaults,
  skipFaults,
  topLevelFaults,
} from './tidy/text-rules.ts';

/** Files that may be longer than the maximum: path → why. */
const lengthExemptions: Readonly<Record<string, string>> = {};

/** Packages that the product promises to build on. */
const promisedPackages = ['fastify', '@fastify/rate-limit', 'p-limit', 'ajv', 'pino', '@yao-pkg/pkg'];

/** Programs that are started once a worker and carried without node_modules. */
const packageFreeEntries = ['src/sandbox/launcher/main.ts', 'runtimes/node/main.ts', 'runtimes/lua/main.ts'];

/** Where this checkout lies and who made it; a home that is everyone's (`/root`) says nothing and attacks name it. */
const machineFolders = [repositoryRoot, homedir()].filter((folder) => folder !== '/root' && folder !== '/');

interface Rule {
  readonly name: string;
  readonly faults: (files: readonly SourceFile[]) => string[];
  /** Files as path → text that the rule must refuse. */
  readonly bad: readonly Readonly<Record<string, string>>[];
}

const rules: readonly Rule[] = [
  {
    name: 'a folder imports only what the import table allows',
    faults: importTableFaults,
    bad: [
      { 'src/edge/a.ts': "import { spawn } from '../supervisor/spawn.ts';" },
      { 'src/edge/a.ts': "import type { Spec } from '../supervisor/spec.ts';" },
      { 'src/edge/a.ts': "import {\n  one,\n  two,\n} from '../control/b.ts';" },
      { 'src/edge/a.ts': "const later = await import('../control/b.ts');" },
      { 'src/edge/a.ts': "export { one } from '../../test/b.ts';" },
      { 'src/edge/a.ts': "import '../gateway.ts';" },
      { 'src/errors.ts': "import { one } from './policy/one.ts';" },
      { 'src/novelty/a.ts': '' },
      { 'src/helpers.ts': '' },
    ],
  },
  {
    name: 'a language folder takes only types from outside',
    faults: runtimeImportFaults,
    bad: [
      { 'runtimes/node/a.ts': "import { maxFrame } from '../../src/protocol/limits.ts';" },
      { 'runtimes/node/a.ts': "import { machine } from '../lua/machine.ts';" },
      { 'runtimes/lua/a.ts': "import { frame } from '../php/frame.ts';" },
    ],
  },
  {
    name: 'no files import each other in a circle',
    faults: fileCycleFaults,
    bad: [
      {
        'src/edge/a.ts': "import { b } from './b.ts';",
        'src/edge/b.ts': "import type { C } from './c.ts';",
        'src/edge/c.ts': "import { a } from './a.ts';",
      },
    ],
  },
  {
    name: 'no folders import each other in a circle',
    faults: folderCycleFaults,
    bad: [
      {
        'src/edge/a.ts': "import { b } from '../control/b.ts';",
        'src/control/c.ts': "import { d } from '../edge/d.ts';",
      },
    ],
  },
  {
    name: 'no file consists of re-exports',
    faults: barrelFaults,
    bad: [
      {
        'src/edge/index.ts':
          "// All of the edge.\nexport { a } from './a.ts';\nexport type { B } from './b.ts';\n",
      },
      { 'src/edge/index.ts': "export * from './a.ts';" },
    ],
  },
  ...packageFreeEntries.map((entry) => ({
    name: `${entry} loads no package`,
    faults: (files: readonly SourceFile[]) => packageFreeFaults(files, entry),
    bad: [
      { [entry]: "import { limit } from 'p-limit';" },
      { [entry]: "import { a } from './a.ts';", [entry.replace('main', 'a')]: "import pino from 'pino';" },
      {},
    ],
  })),
  {
    name: 'every promised package is used',
    faults: (files) => missingPackageFaults(files, promisedPackages),
    bad: [{ 'src/edge/server.ts': "import fastify from 'fastify';" }],
  },
  {
    name: 'no program is longer than the maximum',
    faults: (files) => fileLengthFaults(files, lengthExemptions),
    bad: [{ 'src/edge/a.ts': '// long\n'.repeat(401) }],
  },
  {
    name: 'no Python function is longer than the maximum',
    faults: pythonFunctionFaults,
    bad: [
      { 'runtimes/python/a.py': `def long(\n    a,\n):\n${'    pass\n'.repeat(70)}\nx = 1\n` },
      { 'runtimes/python/a.py': `class A:\n    async def long(self):\n${'        pass\n'.repeat(71)}` },
    ],
  },
  {
    name: 'only the configuration reads the environment',
    faults: environmentFaults,
    bad: [
      { 'src/edge/a.ts': 'const port = process.env.FN_HOST_PORT;' },
      { 'src/edge/a.ts': "const { PATH } = process['env'];" },
      { 'src/edge/a.ts': "import { argv, env } from 'node:process';" },
    ],
  },
  {
    name: 'the top of the repository holds what belongs there',
    faults: topLevelFaults,
    bad: [{ 'notes.md': '' }, { 'docs/index.md': '' }],
  },
  {
    name: 'file names are kebab-case',
    faults: fileNameFaults,
    bad: [{ 'src/edge/requestId.ts': '' }, { 'bin/set_up.js': '' }, { 'runtimes/node/Frame.ts': '' }],
  },
  {
    name: 'every program opens with what it is for',
    faults: openingCommentFaults,
    bad: [{ 'src/edge/a.ts': "import fs from 'node:fs';\n" }, { 'runtimes/python/a.py': 'import os\n' }],
  },
  {
    name: 'no path of one machine is committed',
    faults: (files) => machinePathFaults(files, [...machineFolders, join('/home', 'someone')]),
    bad: [
      { 'src/edge/a.ts': `// see ${repositoryRoot}/src` },
      { 'README.md': `cd ${join('/home', 'someone', 'fastfn')}` },
    ],
  },
  {
    name: 'the lock serves every platform and names no registry',
    faults: lockFaults,
    bad: [
      { 'package-lock.json': '{ "packages": { "a": { "resolved": "https://registry.example/a.tgz" } } }' },
      { 'package-lock.json': '{ "packages": { "a": { "optionalDependencies": { "a-darwin": "1.0.0" } } } }' },
      {},
    ],
  },
  {
    name: 'nothing is left for later',
    faults: leftoverFaults,
    bad: [{ 'src/edge/a.ts': `// TO${'DO'}: later` }, { 'test/a.test.ts': `// @ts-${'ignore'}` }],
  },
  {
    name: 'a skipped test names its reason',
    faults: skipFaults,
    bad: [
      { 'test/a.test.ts': `test('a', { skip: ${true} }, () => {});` },
      { 'test/a.test.ts': `it.${'only'}('a');` },
    ],
  },
];

const files = repositoryFiles();

function sample(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }));
}

for (const rule of rules) {
  test(`tidy: ${rule.name}`, () => {
    for (const bad of rule.bad) {
      assert.notDeepEqual(rule.faults(sample(bad)), [], `this must be refused: ${JSON.stringify(bad)}`);
    }
    assert.deepEqual(rule.faults(files), []);
  });
}

test('tidy: the repository is really read', () => {
  assert.ok(files.length > 50, `only ${files.length} files were seen`);
  assert.ok(files.some((file) => file.path === 'src/errors.ts'));
});

test('tidy: imports are read from every form that the language has', () => {
  const text = [
    "import a from 'a';",
    "import type { B } from './b.ts';",
    "import { type C, type D } from './c.ts';",
    "import { type E, f } from './f.ts';",
    "import g, { type H } from './g.ts';",
    "import './i.ts';",
    "export { j } from './j.ts';",
    "// import k from './k.ts';",
    "/*\nimport l from './l.ts';\n*/",
    "const m = await import('./m.ts');",
    "import n from './n.json' with { type: 'json' };",
  ].join('\n');
  const found = importsOf({ path: 'src/x.ts', text }).map(
    (each) => `${each.typeOnly ? 'type ' : ''}${each.specifier}`,
  );
  assert.deepEqual(found, [
    'a',
    'type ./b.ts',
    'type ./c.ts',
    './f.ts',
    './g.ts',
    './i.ts',
    './j.ts',
    './n.json',
    './m.ts',
  ]);
});

test('tidy: functions are kept short by the linter', () => {
  const biome = JSON.parse(readFileSync(join(repositoryRoot, '.biome.json'), 'utf8'));
  assert.deepEqual(biome.linter.rules.complexity.noExcessiveLinesPerFunction, {
    level: 'error',
    options: { maxLines: maxFunctionLines },
  });
});

test('tidy: every error code is documented, and every documented code exists', () => {
  const documented = documentedErrors(readFileSync(join(repositoryRoot, 'src', 'README.md'), 'utf8'));
  assert.deepEqual(errorTableFaults(errorTable, documented), []);
  assert.deepEqual(errorTableFaults({ lost: { status: 400 } }, []), [
    'lost is not in the documented table of errors',
  ]);
  const rows = documentedErrors(
    '| code | status | when |\n|---|---|---|\n| gone | 404 | x |\n| moved | 500 | x |\n',
  );
  assert.deepEqual(errorTableFaults({ moved: { status: 502 } }, rows), [
    'moved is documented as 500 but is 502',
    'gone is documented but does not exist',
  ]);
});
