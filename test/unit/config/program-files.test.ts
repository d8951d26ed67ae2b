import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Layout, resolveLayout } from '../../../src/config/layout.ts';
import {
  installPrograms,
  type NodeProgram,
  type ProgramFiles,
  quoteNodeOption,
} from '../../../src/config/program-files.ts';
import type { RuntimeName } from '../../../src/policy/runtime-name.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fastfn-programs-'));
});
after(() => rmSync(folder, { recursive: true }));

function nodeProgram({ nodePrograms }: ProgramFiles, name: RuntimeName): NodeProgram {
  const program = nodePrograms.get(name);
  assert.ok(program !== undefined, name);
  return program;
}

/** How Node splits NODE_OPTIONS and `--node-options` (src/node_options.cc, ParseNodeOptionsEnvVar). */
function splitAsNodeDoes(text: string): string[] {
  const words: string[] = [];
  let quoted = false;
  let startNew = true;
  for (let i = 0; i < text.length; i += 1) {
    let c = text.charAt(i);
    if (c === '\\' && quoted) {
      i += 1;
      c = text.charAt(i);
    } else if (c === ' ' && !quoted) {
      startNew = true;
      continue;
    } else if (c === '"') {
      quoted = !quoted;
      continue;
    }
    if (startNew) words.push(c);
    else words[words.length - 1] += c;
    startNew = false;
  }
  return words;
}

test('node options: any path survives the quoting', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }).map((text) => `--allow-fs-read=${text}`)), (flags) => {
      assert.deepEqual(splitAsNodeDoes(flags.map(quoteNodeOption).join(' ')), flags);
    }),
  );
});

test('programs of a checkout: launcher and Node worker are JavaScript in a private folder, the rest stays in place', () => {
  const privateDir = join(folder, 'checkout');
  const layout = resolveLayout();
  const programs = installPrograms(layout, privateDir);
  assert.equal(statSync(privateDir).mode & 0o777, 0o700);
  assert.equal(programs.launcher.file, process.execPath);
  const entry = programs.launcher.args.at(-1) ?? '';
  assert.ok(entry.startsWith(privateDir) && entry.endsWith('.js') && existsSync(entry), entry);
  const flags = ['--permission', '--allow-fs-read=/a b'];
  const worker = nodeProgram(programs, 'node').command(flags);
  assert.deepEqual(worker.args.slice(0, -1), ['--disable-warning=ExperimentalWarning', ...flags]);
  const lua = nodeProgram(programs, 'lua').command(flags, ['512']);
  assert.deepEqual(lua.args.slice(0, 3), ['--disable-warning=ExperimentalWarning', ...flags]);
  assert.match(lua.args[3] ?? '', /runtimes\/lua\/main\.js$/);
  assert.match(lua.args[4] ?? '', /wasmoon\/dist\/glue\.wasm$/);
  assert.deepEqual(lua.args.slice(5), ['512']);
  assert.ok(existsSync(join(programs.runtimesDir, 'python', 'runtime.json')));
});

test('programs of a checkout: a spare launcher whose input ends at once goes without a word', () => {
  const { launcher } = installPrograms(resolveLayout(), join(folder, 'launcher'));
  const end = spawnSync(launcher.file, launcher.args, { input: '', encoding: 'utf8', timeout: 20_000 });
  assert.deepEqual([end.status, end.stdout, end.stderr], [0, '', '']);
});

for (const name of ['node', 'lua'] as const) {
  test(`programs of a checkout: a ${name} worker can read all that it needs under the permission model`, () => {
    const programs = installPrograms(resolveLayout(), join(folder, `worker-${name}`));
    const { command, readable } = nodeProgram(programs, name);
    const flags = ['--permission', ...readable.map((path) => `--allow-fs-read=${path}`)];
    const { file, args } = command(flags, ['512']);
    const end = spawnSync(file, args, { input: '', encoding: 'utf8', timeout: 20_000 });
    // It ends, for nobody gave it a connection on descriptor 3; but not because it could not read itself.
    assert.notEqual(end.status, 0);
    assert.doesNotMatch(end.stderr, /ERR_ACCESS_DENIED|ERR_MODULE_NOT_FOUND|MODULE_TYPELESS/);
  });
}

test('programs of the npm package: compiled files in place, nothing is written', () => {
  const layout: Layout = {
    kind: 'npm',
    version: '1.2.3',
    node: '/opt/node',
    codeRoot: '/opt/fastfn/dist/lib',
    packageRoot: '/opt/fastfn',
  };
  const programs = installPrograms(layout, join(folder, 'npm'));
  assert.deepEqual(programs.launcher, {
    file: '/opt/node',
    args: ['--disable-warning=ExperimentalWarning', '/opt/fastfn/dist/lib/src/sandbox/launcher/main.js'],
  });
  const node = nodeProgram(programs, 'node');
  assert.equal(node.command([]).args.at(-1), '/opt/fastfn/dist/lib/runtimes/node/main.js');
  assert.equal(programs.runtimesDir, '/opt/fastfn/dist/lib/runtimes');
  const ours = ['runtimes/node', 'runtimes/lua'].map((folder) => `/opt/fastfn/dist/lib/${folder}`);
  assert.deepEqual(node.readable, ['/opt/node', ...ours, '/opt/fastfn/package.json']);
});

test('programs of the binary: one executable plays every role, flags go through --node-options', () => {
  const layout: Layout = {
    kind: 'binary',
    version: '1.2.3',
    node: '/usr/bin/fastfn',
    codeRoot: null,
    packageRoot: null,
  };
  // Outside the binary there are no assets to extract; asking for them is refused by Node itself.
  assert.throws(() => installPrograms(layout, join(folder, 'binary')), {
    code: 'ERR_NOT_IN_SINGLE_EXECUTABLE_APPLICATION',
  });
});
