// bin/fastfn and what it stands on: from whatever Node the host has to Node 26, without a trace of the step between.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runProgram, StartedProgram } from './support/started-program.ts';

const repository = join(import.meta.dirname, '..', '..');
const carrier = `node-${process.platform}-${process.arch}`;

/** Stands for src/cli/main.ts: says who runs it and with what, then does what its first argument asks. */
const standIn = `
import { readFileSync } from 'node:fs';
const [word, ...rest] = process.argv.slice(2);
console.log(JSON.stringify({ pid: process.pid, version: process.version, execArgv: process.execArgv, rest, file: import.meta.filename }));
if (word === 'exit') process.exitCode = Number(rest[0]);
if (word === 'input') console.log('input:' + readFileSync(0, 'utf8'));
if (word === 'wait' || word === 'wait-handling') {
  const timer = setInterval(() => {}, 1000);
  if (word === 'wait-handling') {
    for (const name of rest) process.on(name, () => { console.log('got ' + name); clearInterval(timer); });
  }
  console.log('waiting');
}
`;

/** Loaded first, makes this Node look like one from before Node 26 and before process.execve. */
const pretendOld = `
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });
process.execve = undefined;
`;

let folder: string;
let installed: string;

/** As `node bin/fastfn …` on a host with an older Node. */
const oldNode = (...args: string[]): string[] => [
  '--require',
  join(folder, 'old.cjs'),
  join(installed, 'bin', 'fastfn'),
  ...args,
];

before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-shim-')));
  installed = join(folder, 'node_modules', 'fastfn');
  cpSync(join(repository, 'bin'), join(installed, 'bin'), { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'old.cjs'), pretendOld);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** The compiled program only, as in the npm package; its carrier of Node hoisted beside it, as npx does. */
function asPackage(): void {
  const compiled = join(installed, 'dist', 'lib', 'src', 'cli', 'main.js');
  mkdirSync(dirname(compiled), { recursive: true });
  writeFileSync(compiled, standIn);
  rmSync(join(folder, 'node_modules', carrier), { recursive: true, force: true });
  mkdirSync(join(folder, 'node_modules', carrier, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', carrier, 'package.json'), '{}');
  symlinkSync(realpathSync(process.execPath), join(folder, 'node_modules', carrier, 'bin', 'node'));
}

describe('shim: in a package, started by an older Node', () => {
  before(asPackage);
  const environment = { ...process.env, FN_NODE_BIN: '' };
  const start = (...args: string[]): StartedProgram =>
    new StartedProgram(process.execPath, oldNode(...args), { env: environment });

  it('runs the compiled program with the Node that is hoisted beside it', async () => {
    const end = await start('exit', '0', 'a b', '--flag').ended;
    const seen = JSON.parse(end.stdout);
    assert.equal(seen.file, join(installed, 'dist', 'lib', 'src', 'cli', 'main.js'));
    assert.deepEqual(seen.rest, ['0', 'a b', '--flag']);
    assert.deepEqual(seen.execArgv, ['--disable-warning=ExperimentalWarning']);
    assert.equal(end.stderr, '');
    assert.equal(end.code, 0);
  });

  it('ends with the status of the program', async () => {
    assert.equal((await start('exit', '7').ended).code, 7);
  });

  it('hands standard input on', async () => {
    const end = await runProgram(process.execPath, oldNode('input'), {
      env: environment,
      input: 'from outside',
    });
    assert.match(end.stdout, /^input:from outside$/m);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`hands ${signal} on and ends with 0 when the program handled it`, async () => {
      const program = start('wait-handling', signal);
      await program.printed(/waiting/);
      program.child.kill(signal);
      const end = await program.ended;
      assert.deepEqual([end.code, end.signal], [0, null]);
      assert.match(end.stdout, new RegExp(`got ${signal}`));
    });
  }

  it('dies of the signal that its program died of', async () => {
    const program = start('wait');
    const [, pid] = await program.printed(/"pid":(\d+)[\s\S]*waiting/);
    process.kill(Number(pid), 'SIGKILL');
    const end = await program.ended;
    assert.deepEqual([end.code, end.signal], [null, 'SIGKILL']);
  });

  it('dies of a SIGTERM that the program does not handle', async () => {
    const program = start('wait');
    await program.printed(/waiting/);
    program.child.kill('SIGTERM');
    assert.equal((await program.ended).signal, 'SIGTERM');
  });
});

describe('shim: where this process is Node 26 already', () => {
  before(asPackage);

  it('becomes the program: same process, no parent kept', async () => {
    const program = new StartedProgram(process.execPath, [join(installed, 'bin', 'fastfn'), 'exit', '3']);
    const end = await program.ended;
    assert.equal(JSON.parse(end.stdout).pid, program.child.pid);
    assert.equal(end.code, 3);
    assert.equal(end.stderr, '');
  });

  it('runs through the link that npm makes', async () => {
    const link = join(folder, 'linked-fastfn');
    symlinkSync(join(installed, 'bin', 'fastfn'), link);
    const end = await runProgram(process.execPath, [link, 'exit', '0']);
    assert.equal(end.code, 0, end.stderr);
  });
});

describe('shim: in a checkout', () => {
  before(() => {
    mkdirSync(join(folder, 'checkout', 'src', 'cli'), { recursive: true });
    cpSync(join(repository, 'bin'), join(folder, 'checkout', 'bin'), { recursive: true });
    writeFileSync(join(folder, 'checkout', 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(folder, 'checkout', 'src', 'cli', 'main.ts'),
      `const text: string = 'typed';\n${standIn}`,
    );
  });

  it('runs the TypeScript as it is', async () => {
    const end = await runProgram(process.execPath, [join(folder, 'checkout', 'bin', 'fastfn'), 'exit', '0']);
    assert.equal(end.code, 0, end.stderr);
    assert.equal(JSON.parse(end.stdout).file, join(folder, 'checkout', 'src', 'cli', 'main.ts'));
  });
});

describe('shim: when Node 26 cannot be found or run', () => {
  before(asPackage);
  const attempt = (env: NodeJS.ProcessEnv) =>
    runProgram(process.execPath, oldNode('exit', '0'), { env: { ...process.env, ...env } });

  it('names the package that is missing, and ends with 2', async () => {
    rmSync(join(folder, 'node_modules', carrier), { recursive: true });
    const end = await attempt({ FN_NODE_BIN: '' });
    asPackage();
    assert.equal(end.code, 2);
    assert.match(end.stderr, /cannot find Node 26/);
    assert.match(end.stderr, new RegExp(carrier));
    assert.match(end.stderr, /--include=optional/);
    assert.equal(end.stdout, '');
  });

  it('takes FN_NODE_BIN before anything else', async () => {
    rmSync(join(folder, 'node_modules', carrier), { recursive: true });
    const end = await attempt({ FN_NODE_BIN: process.execPath });
    asPackage();
    assert.equal(end.code, 0, end.stderr);
  });

  it('refuses an FN_NODE_BIN that is not there, and one that is no Node 26', async () => {
    for (const [file, why] of [
      [join(folder, 'nowhere'), /cannot be run/],
      ['/bin/echo', /but Node 26 is needed/],
    ] as const) {
      const end = await attempt({ FN_NODE_BIN: file });
      assert.equal(end.code, 2);
      assert.match(end.stderr, why);
    }
  });
});
