// The other ways in than a checkout: the npm tarball as npx would run it, the binary on a host with nothing, the systemd
// unit. Each is made here from the repository as it is and then used.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { probeCapabilities } from '../../src/sandbox/capabilities.ts';
import { eventually } from './support/eventually.ts';
import { describeExamples, exampleState, examples } from './support/example-checks.ts';
import { ask } from './support/http.ts';
import { runProgram, StartedProgram } from './support/started-program.ts';
import { makeTree, removeTree } from './support/tree.ts';

const repository = join(import.meta.dirname, '..', '..');
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

let folder: string;
let functions: string;

before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-package-test-')));
  functions = join(folder, 'functions');
  const files = {
    'hello/handler.js':
      "exports.handler = async (event) => ({ status: 200, body: { hello: event.query.name ?? 'world' } });",
    'module/handler.js': "export const handler = async () => ({ status: 200, body: { kind: 'module' } });",
    'typed/handler.ts':
      "export const handler = async (): Promise<object> => ({ status: 200, body: { kind: 'typed' } });",
    'snake/handler.py': "def handler(event):\n    return {'status': 200, 'body': {'kind': 'python'}}\n",
    'moon/handler.lua': "return function() return { kind = require('lib.kind') } end",
    'moon/lib/kind.lua': "return 'lua'",
    'fn.config.json': JSON.stringify({ assets: { directory: 'public' } }),
    'public/app.css': 'a {}',
    'away/fn.config.json': JSON.stringify({ edge: { base_url: 'http://127.0.0.1:1', allow_private: true } }),
    'away/handler.js': "exports.handler = () => ({ proxy: { path: '/' } });",
    'elephant/handler.php':
      "<?php function handler($event) { return ['status' => 200, 'body' => ['kind' => 'php']]; }\n",
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(functions, file)), { recursive: true });
    writeFileSync(join(functions, file), text);
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Processes whose command line or environment names our folder: whatever a stopped gateway left behind. */
function leftBehind(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(folder));
}

/** Serves the functions, asks each once, ends with SIGTERM; nothing may be left. */
async function serveAndStop(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  // Without a PATH no language of the host is looked for.
  // Without a PATH the usual places are searched.
  const places = (env.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(':');
  const has = (command: string) => places.some((place) => existsSync(join(place, command)));
  const sockets = join(folder, 'sockets');
  const program = new StartedProgram(file, [...args, 'serve', functions, '--port', '0'], {
    // Nobody listens on port 1: that the gateway serves all the same shows that the library of traces is aboard.
    env: { ...env, FN_SOCKET_BASE_DIR: sockets, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    cwd: folder,
  });
  const [, base = ''] = await program.printed(/listening on (http:\/\/[\d.:]+)/);
  try {
    assert.deepEqual((await ask(base, '/hello?name=tarball')).json(), { hello: 'tarball' });
    assert.deepEqual((await ask(base, '/module')).json(), { kind: 'module' });
    assert.deepEqual((await ask(base, '/typed')).json(), { kind: 'typed' });
    assert.deepEqual((await ask(base, '/moon')).json(), { kind: 'lua' });
    assert.equal((await ask(base, '/app.css')).text, 'a {}');
    assert.match((await ask(base, '/_fn/docs/swagger-ui-bundle.js')).text, /SwaggerUIBundle/);
    assert.ok((await ask(base, '/openapi.json')).json().paths['/hello']);
    // Nobody listens on port 1: that it was tried shows that the library is aboard.
    assert.match((await ask(base, '/away')).text, /proxy request failed: connect_error/);
    if (has('python3')) assert.deepEqual((await ask(base, '/snake')).json(), { kind: 'python' });
    if (has('php')) assert.deepEqual((await ask(base, '/elephant')).json(), { kind: 'php' });
  } finally {
    program.child.kill('SIGTERM');
  }
  const end = await program.ended;
  assert.deepEqual([end.code, end.signal], [0, null], end.stdout + end.stderr);
  await eventually(() => assert.deepEqual(leftBehind(), []));
}

describe('npm package: packed, and run without the checkout', () => {
  let installed: string;
  let packed: string[];

  before(() => {
    const result = spawnSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: repository,
      encoding: 'utf8',
      env: { ...process.env, FN_NODE_BIN: process.execPath },
    });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    const tarball = join(folder, `fastfn-${manifest.version}.tgz`);
    installed = join(folder, 'node_modules', 'fastfn');
    mkdirSync(installed, { recursive: true });
    const untar = spawnSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    assert.equal(untar.status, 0, String(untar.stderr));
    packed = readdirSync(installed, { recursive: true, encoding: 'utf8' }).sort();
    // What npm would install beside it: its dependencies, and none of those that only developers have.
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (!existsSync(join(repository, 'node_modules', name))) continue;
      mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
      symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
    }
  });

  it('carries compiled JavaScript, the worker programs, the unit and the licence, and nothing else', () => {
    for (const file of [
      'LICENSE',
      'README.md',
      'bin/fastfn',
      'bin/fastfn.service',
      'bin/fastfn.socket',
      'bin/node26.js',
      'dist/lib/src/cli/main.js',
      'dist/lib/src/sandbox/launcher/main.js',
      'dist/lib/runtimes/node/main.js',
      'dist/lib/runtimes/python/main.py',
      'dist/lib/runtimes/python/runtime.json',
      'dist/lib/fixtures/attacks/files/handler.py',
      'dist/lib/fixtures/attacks/node/handler.js',
      'dist/lib/runtimes/php/main.php',
      'dist/lib/runtimes/lua/main.js',
      'dist/lib/runtimes/lua/runtime.json',
    ]) {
      assert.ok(packed.includes(file), `${file} is missing`);
    }
    const unwanted = packed.filter((file) =>
      /\.ts$|^test|^src|^fixtures|__pycache__|dist\/fastfn|release/.test(file),
    );
    assert.deepEqual(unwanted, []);
    assert.ok(
      (statSync(join(installed, 'bin', 'fastfn')).mode & 0o111) !== 0,
      'bin/fastfn must be executable',
    );
  });

  it('has every schema and data file that the source has', () => {
    const sources = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' });
    const wanted = sources.filter((file) => file.endsWith('.json') && !file.startsWith('release/'));
    assert.deepEqual(
      wanted.filter((file) => !packed.includes(join('dist', 'lib', 'src', file))),
      [],
    );
  });

  it('says its version', async () => {
    const end = await runProgram(process.execPath, [join(installed, 'bin', 'fastfn'), '--version']);
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, `FastFN ${manifest.version}\n`, '']);
  });

  it('serves functions of each language and leaves nothing behind', async () => {
    await serveAndStop(process.execPath, [join(installed, 'bin', 'fastfn')], { PATH: process.env.PATH });
  });
});

describe('binary: one file, on a host with nothing', () => {
  let binary: string;

  before(() => {
    binary = join(folder, 'fastfn');
    const script = `
      import { makeBinary } from ${JSON.stringify(join(repository, 'src/release/make-binary.ts'))};
      import { productEntries } from ${JSON.stringify(join(repository, 'src/release/make-bundles.ts'))};
      await makeBinary(productEntries, ${JSON.stringify(binary)});`;
    const made = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
  });

  it('says its version with an empty environment', async () => {
    const end = await runProgram(binary, ['--version'], { env: {} });
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, `FastFN ${manifest.version}\n`, '']);
  });

  it('plays the launcher: one whose input ends at once goes without a word', async () => {
    const end = await runProgram(binary, ['--fastfn-launcher'], { env: {} });
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, '', '']);
  });

  it('takes NODE_OPTIONS from nobody', async () => {
    const end = await runProgram(binary, ['--version'], { env: { NODE_OPTIONS: '--require /nowhere.js' } });
    assert.deepEqual([end.code, end.stderr], [0, '']);
  });

  it('serves functions of each language and leaves nothing behind', async () => {
    await serveAndStop(binary, [], { PATH: '/usr/bin:/bin' });
  });

  it('proves its jail with the attacks that it carries', async (t) => {
    const { landlockAbi, seccomp } = probeCapabilities();
    if (landlockAbi < 6 || !seccomp) return t.skip('needs seccomp and Landlock ABI 6');
    const end = await runProgram(binary, ['prove', '--json'], {
      env: { PATH: '/usr/bin:/bin' },
      cwd: folder,
    });
    assert.equal(end.code, 0, end.stdout + end.stderr);
    assert.equal(JSON.parse(end.stdout).proven, true);
  });

  it('serves functions of each language with an empty environment', async () => {
    await serveAndStop(binary, [], {});
  });

  describeExamples('serves every example', async () => {
    const root = makeTree(examples());
    const program = new StartedProgram(binary, ['serve', root, '--port', '0'], {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        FN_SOCKET_BASE_DIR: join(folder, 'example-sockets'),
        FN_STATE_DIR: exampleState,
      },
      limitMs: 600_000,
    });
    const [, url = ''] = await program.printed(/listening on (http:\/\/[\d.:]+)/);
    return {
      url,
      close: async () => {
        program.child.kill('SIGTERM');
        await program.ended;
        removeTree(root);
      },
    };
  });
});

describe('systemd unit', () => {
  const unit = join(repository, 'bin', 'fastfn.service');

  it('is accepted by systemd-analyze verify', (t) => {
    const found = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((file) => existsSync(file));
    if (found === undefined) return t.skip('systemd-analyze is not on this host');
    // The unit names the place where the binary is installed; the check needs a program that is there.
    accessSync('/bin/true', constants.X_OK);
    const copy = join(folder, 'fastfn.service');
    writeFileSync(
      copy,
      readFileSync(unit, 'utf8').replace('ExecStart=/usr/local/bin/fastfn', 'ExecStart=/bin/true'),
    );
    const { status, stderr, stdout } = spawnSync(found, ['verify', copy], { encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    const socket = join(folder, 'fastfn.socket');
    writeFileSync(socket, readFileSync(join(repository, 'bin', 'fastfn.socket')));
    const ofSocket = spawnSync(found, ['verify', socket, copy], { encoding: 'utf8' });
    assert.deepEqual([ofSocket.status, ofSocket.stdout, ofSocket.stderr], [0, '', '']);
  });

  it('gives the gateway more time to end than it takes to drain', () => {
    const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(readFileSync(unit, 'utf8'))?.[1]);
    assert.ok(seconds > 10, 'the default drain time is 10 s');
  });
});
