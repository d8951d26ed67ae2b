// Real packages behind a whole gateway: installed in the jail by the installers of this host, imported by jailed workers
// (contract/dependencies.md, "Worth testing" 1-24, 30).

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { recordingLog } from './support/recording-log.ts';
import { noComposer, noNpm, noPip, registryVariables } from './support/registries.ts';
import { runProgram } from './support/started-program.ts';
import { makeTree, removeTree, type Tree, writeTree } from './support/tree.ts';

/** Installs are given this long, ms. */
const patienceMs = 90_000;

class Subject {
  readonly recorded = recordingLog();
  #gateway: TestGateway | null = null;

  async start(tree: Tree, variables: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#gateway = await startTestGateway(tree, { ...registryVariables, ...variables }, this.recorded.log);
  }

  get gateway(): TestGateway {
    assert.ok(this.#gateway !== null);
    return this.#gateway;
  }

  close = async (): Promise<void> => this.#gateway?.close();

  /** The first answer that is not "being installed". */
  async answer(target: string) {
    let last = await ask(this.gateway.url, target);
    await eventually(async () => {
      last = await ask(this.gateway.url, target);
      assert.doesNotMatch(last.text, /are being installed/);
    }, patienceMs);
    return last;
  }

  async json(target: string): Promise<unknown> {
    const { status, text } = await this.answer(target);
    assert.equal(status, 200, text);
    return JSON.parse(text);
  }

  async change(tree: Tree): Promise<void> {
    writeTree(this.gateway.root, tree);
    await this.gateway.reload();
  }

  /** Installs that began for functions whose key holds `part`. */
  installs(part: string): number {
    return this.events('deps_install_start', part).length;
  }

  reuses(part: string): number {
    return this.events('deps_install_reuse', part).length;
  }

  events(event: string, part: string): Readonly<Record<string, unknown>>[] {
    const lines = this.recorded.lines.map((line) => line as unknown as Readonly<Record<string, unknown>>);
    return lines.filter((line) => line['event'] === event && String(line['function']).includes(part));
  }
}

const py = (body: string) => `def handler(event):\n    ${body}\n`;
const versionPy = py('import six\n    return {"v": six.__version__}');

describe('Python packages', { skip: noPip }, () => {
  const subject = new Subject();
  const tree: Tree = {
    'pinned/handler.py': versionPy,
    'pinned/requirements.txt': 'six==1.16.0\n',
    'twin/handler.py': `# the same packages\n${versionPy}`,
    'twin/requirements.txt': 'six==1.16.0\n',
    'hinted/handler.py': `#@requirements six==1.15.0, idna\n${versionPy}`,
    'comments/handler.py': py('return 1'),
    'comments/requirements.txt': '# nothing yet\n',
    'missing/handler.py': py('return 1'),
    'missing/requirements.txt': 'surely-no-such-package-as-this==9.9.9\n',
    'packed/handler.py': py(
      'import six, idna\n    return {"six": six.__version__, "idna": idna.__version__}',
    ),
    'packed/fn.config.json': '{"shared_deps": ["p"]}',
    'packed/requirements.txt': 'six==1.16.0\n',
    '.fastfn/packs/python/p/requirements.txt': 'idna==3.7\nsix==1.15.0\n',
    'handpack/handler.py': py('import by_hand\n    return by_hand.v'),
    'handpack/fn.config.json': '{"shared_deps": ["q"]}',
    '.fastfn/packs/python/q/.deps/by_hand.py': 'v = "by hand"\n',
    'nopack/handler.py': py('return 1'),
    'nopack/fn.config.json': '{"shared_deps": ["none"]}',
    'hashed/handler.py': versionPy,
    'hashed/requirements.txt': 'six\n',
    'hashed/requirements.lock.txt': `six==1.16.0 --hash=sha256:${'0'.repeat(64)}\n`,
    // Has no wheel: its own code makes one, in the jail.
    'sources/handler.py': py('import docopt\n    return docopt.__version__'),
    'sources/requirements.txt': 'docopt==0.6.2\n',
    'byhand/handler.py': py('import hand\n    return {"v": hand.v}'),
    'byhand/.deps/hand.py': 'v = 1\n',
  };

  before(() => subject.start(tree));
  after(subject.close);

  test('a pin is installed once for all functions that ask for the same', async () => {
    const [one, two] = await Promise.all([subject.json('/pinned'), subject.json('/twin')]);
    assert.deepEqual([one, two], [{ v: '1.16.0' }, { v: '1.16.0' }]);
    assert.equal(subject.installs('/pinned/') + subject.installs('/twin/'), 1);
  });

  test('hints install, comments do not, a folder filled by hand is used', async () => {
    assert.deepEqual(await subject.json('/hinted'), { v: '1.15.0' });
    assert.equal(await subject.json('/comments'), 1);
    assert.deepEqual(await subject.json('/byhand'), { v: 1 });
    assert.equal(subject.installs('/comments/') + subject.installs('/byhand/'), 0);
  });

  test('a package that must be built is built in the jail', async () => {
    assert.equal((await subject.answer('/sources')).text, '0.6.2');
  });

  test('a pack comes behind the function; one that is missing is named', async () => {
    assert.deepEqual(await subject.json('/packed'), { six: '1.16.0', idna: '3.7' });
    assert.equal((await subject.answer('/handpack')).text, 'by hand');
    const answer = await subject.answer('/nopack');
    assert.equal(answer.status, 500);
    assert.equal(answer.json().error, 'shared pack not found: none (looked in: .fastfn/packs/python/none)');
  });

  test('what cannot be installed is told in the words of pip, without paths of this host', async () => {
    const { status, text } = await subject.answer('/missing');
    assert.ok(status >= 500, text);
    assert.match(
      text,
      /pip dependencies install failed for missing: .*surely-no-such-package.*requirements\.txt pins/,
    );
    assert.doesNotMatch(text, new RegExp(RegExp.escape(subject.gateway.root)));
    const wrong = await subject.answer('/hashed');
    assert.match(wrong.text, /THESE PACKAGES DO NOT MATCH THE HASHES|Expected sha256 0{64}/);
  });

  test('an edited handler installs nothing; a changed pin and a removed one take effect', async () => {
    const before = subject.installs('/pinned/');
    await subject.change({ 'pinned/handler.py': py('import six\n    return {"edited": six.__version__}') });
    assert.deepEqual(await subject.json('/pinned'), { edited: '1.16.0' });
    assert.equal(subject.installs('/pinned/'), before);
    await subject.change({ 'pinned/requirements.txt': 'six==1.15.0\n' });
    await eventually(
      async () => assert.deepEqual(await subject.json('/pinned'), { edited: '1.15.0' }),
      patienceMs,
    );
    await subject.change({ 'pinned/requirements.txt': 'idna==3.7\n' });
    await eventually(async () => assert.equal((await subject.answer('/pinned')).status, 500), patienceMs);
    assert.match((await subject.answer('/pinned')).text, /No module named 'six'/);
  });
});

const versionJs =
  "exports.handler = () => ({ body: JSON.stringify({ v: require('left-pad/package.json').version }) });\n";
const leftPad = (range: string) =>
  JSON.stringify({ name: 'f', version: '1.0.0', dependencies: { 'left-pad': range } });
const lockOf = (version: string) =>
  JSON.stringify({
    name: 'f',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'f', version: '1.0.0', dependencies: { 'left-pad': '^1.1.0' } },
      'node_modules/left-pad': { version },
    },
  });

describe('Node packages', { skip: noNpm }, () => {
  const subject = new Subject();
  const tree: Tree = {
    'open/handler.js': versionJs,
    'open/package.json': leftPad('1.3.0'),
    'locked/handler.js': versionJs,
    'locked/package.json': leftPad('^1.1.0'),
    'locked/package-lock.json': lockOf('1.1.3'),
    'torn/handler.js': versionJs,
    'torn/package.json': leftPad('1.2.0'),
    'torn/package-lock.json': '{"lockfileVersion": 3, "packages": ',
    'esm/handler.ts':
      "import pad from 'left-pad';\nimport type { X } from 'types-only';\nexport const handler = (): X => ({ v: pad('a', 2, '-') });\n",
    'esm/package.json': leftPad('1.3.0'),
    'scripts/handler.js':
      "const fs = require('node:fs'); const own = require.resolve('own');\n" +
      "exports.handler = () => ({ body: JSON.stringify({ own: require('own'), ran: fs.readdirSync(require('node:path').dirname(own)).sort() }) });\n",
    'scripts/package.json': '{"name":"s","version":"1.0.0","dependencies":{"own":"file:./_own"}}',
    'scripts/_own/package.json':
      '{"name":"own","version":"1.0.0","scripts":{"preinstall":"touch ran","postinstall":"touch ran"}}',
    'scripts/_own/index.js': 'module.exports = 1;\n',
    'broken/handler.js': versionJs,
    'broken/package.json': '{"dependencies": }',
    'packed/handler.js':
      "exports.handler = () => ({ body: JSON.stringify([require('hand'), require('left-pad/package.json').version]) });\n",
    'packed/package.json': leftPad('1.3.0'),
    'packed/fn.config.json': '{"shared_deps": ["hand"]}',
    '.fastfn/packs/node/hand/node_modules/hand/index.js': "module.exports = 'by hand';\n",
  };

  before(() => subject.start(tree));
  after(subject.close);

  test('without a lock, with one, and with a torn one', async () => {
    assert.deepEqual(await subject.json('/open'), { v: '1.3.0' });
    assert.deepEqual(await subject.json('/locked'), { v: '1.1.3' });
    assert.deepEqual(await subject.json('/torn'), { v: '1.2.0' });
  });

  test('ES modules in TypeScript find packages too', async () => {
    assert.deepEqual(await subject.json('/esm'), { v: '-a' });
  });

  test('scripts of packages do not run', async () => {
    assert.deepEqual(await subject.json('/scripts'), { own: 1, ran: ['index.js', 'package.json'] });
  });

  test('a package.json that is none is told; a pack filled by hand is used as it is', async () => {
    const broken = await subject.answer('/broken');
    assert.equal(broken.status, 500);
    assert.match(broken.json().error, /^invalid package\.json at broken: /);
    assert.deepEqual(await subject.json('/packed'), ['by hand', '1.3.0']);
  });
});

describe('PHP packages', { skip: noComposer }, () => {
  const composer = {
    repositories: [{ type: 'path', url: 'packages/*' }, { packagist: false }],
    require: { 'acme/thing': '*' },
    autoload: { 'psr-4': { 'App\\': 'src/' }, files: ['help.php'] },
  };
  const tree: Tree = {
    'handler.php': '<?php function handler() { return [Acme\\Thing::W, App\\Own::W, help()]; }',
    'composer.json': JSON.stringify(composer),
    'packages/thing/composer.json':
      '{"name":"acme/thing","version":"1.0.0","autoload":{"psr-4":{"Acme\\\\":""}},"scripts":{"post-install-cmd":"touch ran"}}',
    'packages/thing/Thing.php': "<?php namespace Acme; class Thing { const W = 'thing'; }",
    'src/Own.php': "<?php namespace App; class Own { const W = 'own'; }",
    'help.php': "<?php function help() { return 'help'; }",
  };
  const inFolder = (folder: string, files: Tree) =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
  const requiring = {
    ...tree,
    'handler.php':
      "<?php require __DIR__ . '/vendor/autoload.php'; function handler() { return Acme\\Thing::W; }",
  };

  test('a local repository, classes and functions of its own, and a handler that requires vendor itself', async (context) => {
    const subject = new Subject();
    context.after(subject.close);
    const failing = {
      'handler.php': '<?php function handler() {}',
      'composer.json': '{"require":{"a/b":"*"},"repositories":[{"packagist":false}]}',
    };
    await subject.start({ ...inFolder('f', tree), ...inFolder('g', requiring), ...inFolder('h', failing) });
    assert.deepEqual(await subject.json('/f'), ['thing', 'own', 'help']);
    assert.equal((await subject.answer('/g')).text, 'thing');
    const { status, text } = await subject.answer('/h');
    assert.ok(status >= 500);
    assert.match(text, /composer install failed: .* \| /);
  });

  test('FN_AUTO_PHP_DEPS=0 runs no composer', async (context) => {
    const subject = new Subject();
    context.after(subject.close);
    const plain = {
      'handler.php': '<?php function handler() { return class_exists("Acme\\Thing"); }',
      'composer.json': tree['composer.json'] ?? '',
    };
    await subject.start(inFolder('f', plain), { FN_AUTO_PHP_DEPS: '0' });
    assert.equal((await subject.answer('/f')).text, 'false');
    assert.equal(subject.installs('f'), 0);
  });
});

describe('locks', { skip: noPip }, () => {
  test('production wants them, and deps --lock writes those that are missing', async (context) => {
    const root = makeTree({
      'py/handler.py': versionPy,
      'py/requirements.txt': 'six<1.17\n',
    });
    context.after(() => removeTree(root));
    const fastfn = join(import.meta.dirname, '../../bin/fastfn');
    const env = { ...process.env, FN_PRODUCTION: '1' };
    const open = await runProgram(fastfn, ['deps', root], { env });
    assert.equal(open.code, 1, open.stdout);
    assert.match(open.stdout, /FN_PRODUCTION wants a lock: py\/requirements\.lock\.txt is missing/);
    const locking = await runProgram(fastfn, ['deps', root, '--lock'], { env });
    assert.equal(locking.code, 0, locking.stdout);
    assert.deepEqual(locking.stdout.match(/Lock written: .*/g), ['Lock written: py/requirements.lock.txt']);
    assert.equal(readFileSync(join(root, 'py/requirements.lock.txt'), 'utf8'), 'six==1.16.0\n');
  });
});

describe('inference and what lasts', { skip: noPip || noNpm }, () => {
  test('imports become a manifest, and the next start needs neither installer nor registry', async (context) => {
    const stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-state-')));
    context.after(() => rmSync(stateDir, { recursive: true, force: true }));
    const tree = { 'py/handler.py': versionPy, 'js/handler.js': versionJs };
    const first = new Subject();
    const variables = { FN_STATE_DIR: stateDir, FN_AUTO_INFER_PY_DEPS: '1', FN_AUTO_INFER_NODE_DEPS: '1' };
    await first.start(tree, variables);
    context.after(first.close);
    const answers = [await first.json('/py'), await first.json('/js')];
    const read = (path: string) => readFileSync(join(first.gateway.root, path), 'utf8');
    assert.match(read('py/requirements.txt'), /^# Written by FastFN[^\n]*\n#[^\n]*\nsix\n$/);
    assert.match(JSON.parse(read('js/package.json')).dependencies['left-pad'], /^\^\d+\.\d+\.\d+$/);
    const told = first.events('deps_inference_done', '/py/').at(-1);
    assert.deepEqual([told?.['backend'], told?.['resolved'], told?.['unresolved']], ['native', ['six'], []]);
    const again = {
      ...tree,
      'py/requirements.txt': read('py/requirements.txt'),
      'js/package.json': read('js/package.json'),
    };
    await first.close();
    const second = new Subject();
    context.after(second.close);
    const nowhere = { PIP_INDEX_URL: 'http://127.0.0.1:9/', npm_config_registry: 'http://127.0.0.1:9/' };
    await second.start(again, { FN_STATE_DIR: stateDir, ...nowhere });
    assert.deepEqual([await second.json('/py'), await second.json('/js')], answers);
    assert.deepEqual([second.installs(''), second.reuses('')], [0, 2]);
    assert.ok(!existsSync(join(second.gateway.root, 'js/node_modules')));
  });
});
