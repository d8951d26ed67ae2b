import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { probeEnvironment, runBounded } from '../../../src/config/bounded-command.ts';
import { findHostProgram } from '../../../src/config/host-program.ts';
import { type HostProgram, runtimeRows } from '../../../src/config/runtime-rows.ts';
import { findRuntimes } from '../../../src/config/runtimes.ts';
import { runtimeNames } from '../../../src/policy/runtime-name.ts';

let dir = '';
before(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-probe-')));
});
after(() => rmSync(dir, { recursive: true }));

function script(name: string, body: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const tool: HostProgram = {
  name: 'tool',
  label: 'Tool',
  variable: 'FN_TOOL_BIN',
  commands: ['tool-new', 'tool-old'],
  versionArgs: ['--version'],
  describe: null,
  minimum: '1.21.0',
  hint: 'install it',
};
const search = (override: string | null = null) => ({ override, environment: { PATH: dir }, cwd: dir });

test('a program is found on the PATH with its version; one that is too old gives way to the next', async () => {
  script('tool-new', 'echo "tool version 1.9.7"');
  script('tool-old', 'echo "tool go1.22.4 linux"');
  const state = await findHostProgram(tool, search());
  assert.deepEqual(state, { found: true, path: join(dir, 'tool-old'), version: '1.22.4', readable: [] });
});

test('what is missing, too old or no program says so', async () => {
  const reason = async (override: string) => {
    const state = await findHostProgram(tool, search(override));
    return state.found ? 'found' : state.reason;
  };
  script('ancient', 'echo 1.20.9');
  script('silent', 'exit 0');
  script('failing', 'exit 3');
  assert.equal(await reason('./nope'), 'not found');
  assert.equal(await reason('nope'), 'not found');
  assert.equal(await reason(dir), 'not found');
  assert.equal(await reason('./ancient'), 'found 1.20.9, needs 1.21 or newer');
  assert.match(await reason('./silent'), /does not tell its version/);
  assert.match(await reason('./failing'), /status 3/);
});

test('a program that describes itself wrongly is not believed', async () => {
  const describing = { ...tool, describe: { args: [], code: ['x'] }, minimum: null };
  for (const [index, output] of [
    'not json',
    '{"version":"1.2.3","interpreter":"relative","readable":[]}',
    '{"version":"1","interpreter":"/bin/sh","readable":[]}',
    '{"version":"1.2.3","interpreter":"/bin/sh","readable":"all"}',
  ].entries()) {
    const path = script(`liar-${index}`, `echo '${output}'`);
    assert.equal((await findHostProgram(describing, search(path))).found, false, output);
  }
});

test('a program that floods its output is ended', async () => {
  const path = script(
    'flood',
    'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done',
  );
  const outcome = await runBounded(path, [], { PATH: process.env.PATH });
  assert.equal(outcome.ok, false);
  assert.match(outcome.ok ? '' : outcome.reason, /more than 65536 bytes/);
});

test('a program sees no FN_ variable', () => {
  const seen = probeEnvironment({ PATH: '/bin', FN_ADMIN_TOKEN: 's', PYENV_ROOT: '/p', AWS_SECRET: 'x' });
  assert.deepEqual(seen, { PATH: '/bin', PYENV_ROOT: '/p', GOTOOLCHAIN: 'local' });
});

const findWith = (
  overrides: Record<string, string>,
  names = runtimeNames as readonly (typeof runtimeNames)[number][],
) =>
  findRuntimes({
    names,
    overrides: new Map(Object.entries(overrides)),
    environment: process.env,
    cwd: dir,
    node: { path: process.execPath, version: process.versions.node },
  });

test('Node is always there; languages without a worker are not available and say why', async () => {
  const { adapters, faults } = await findWith({});
  assert.deepEqual(faults, []);
  assert.equal(adapters.get('node')?.available, true);
  assert.equal(adapters.get('node')?.interpreter, process.execPath);
  for (const name of runtimeNames.filter((candidate) => runtimeRows[candidate].program === null)) {
    assert.equal(adapters.get(name)?.available, false);
    assert.match(adapters.get(name)?.reason ?? '', /not part of this version/);
  }
});

test('only the wanted languages are looked at', async () => {
  const { adapters } = await findWith({}, ['node']);
  assert.deepEqual([...adapters.keys()], ['node']);
});

test('Python is the real binary behind any shim, with the files it needs', async (t) => {
  const python = (await findWith({})).adapters.get('python');
  if (python?.available !== true) return t.skip(`no Python here: ${python?.reason}`);
  assert.equal(python.interpreter, realpathSync(python.interpreter));
  const magic = await runBounded(
    '/bin/sh',
    ['-c', `head -c 4 '${python.interpreter}' | tr -d '\\0'`],
    process.env,
  );
  assert.match(magic.ok ? magic.stdout : '', /ELF/);
  assert.match(python.version, /^3\.\d+\.\d+$/);
  for (const path of python.readable) {
    assert.equal(path, realpathSync(path));
    assert.ok(statSync(path));
    assert.ok(!python.readable.some((other) => other !== path && path.startsWith(`${other}/`)), path);
  }
});

test('an override that does not work is a fault in the words of the contract, others are told too', async () => {
  const old = script(
    'python2',
    'echo "{\\"version\\":\\"2.7.18\\",\\"interpreter\\":\\"/bin/sh\\",\\"readable\\":[]}"',
  );
  const { faults } = await findWith({ FN_PYTHON_BIN: old, FN_PHP_BIN: '/nope', FN_NPM_BIN: '/nope' });
  const texts = faults.map(({ message }) => message);
  assert.deepEqual(texts.sort(), [
    'PHP override FN_PHP_BIN="/nope" is invalid: not found',
    `Python override FN_PYTHON_BIN="${old}" is invalid: found 2.7.18, needs 3.10 or newer`,
    'npm override FN_NPM_BIN="/nope" is invalid: not found',
  ]);
});

test('every row names itself, its files and what to do when its language is missing', () => {
  for (const name of runtimeNames) {
    const row = runtimeRows[name];
    assert.equal(row.name, name);
    assert.ok(row.extensions.every((extension) => /^\.[a-z]+$/.test(extension)));
    assert.ok(row.entries.length > 0);
    for (const program of [...(row.host === null ? [] : [row.host]), ...row.tools]) {
      assert.match(program.variable, /^FN_[A-Z]+_BIN$/);
      assert.notEqual(program.hint, '');
    }
  }
});
