// What a PHP worker loads before the function: composer's autoloader, installed or put there by hand, with classes of the
// function's own found in its folder.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeTree, removeTree, type Tree } from '../../integration/support/tree.ts';
import { jsonOf, skip, startWorker } from './php-worker.ts';

/** The parts of composer's class loader that its generated files and the worker use. */
const classLoader = `<?php
namespace Composer\\Autoload;
class ClassLoader {
  private array $psr4 = [];
  public function addPsr4($prefix, $folders) { $this->psr4[$prefix] = [...($this->psr4[$prefix] ?? []), ...(array) $folders]; }
  public function add($prefix, $folders) {}
  public function getPrefixesPsr4() { return $this->psr4; }
  public function getPrefixes() { return []; }
  public function getFallbackDirsPsr4() { return []; }
  public function setClassMapAuthoritative($is) {}
  public function find($class) {
    foreach ($this->psr4 as $prefix => $folders) {
      foreach ($prefix !== '' && str_starts_with($class, $prefix) ? $folders : [] as $folder) {
        $file = $folder . '/' . substr($class, strlen($prefix)) . '.php';
        if (is_file($file)) { require $file; return; }
      }
    }
  }
}
`;

/** As composer writes it: it may be required again, and returns the one loader. */
function vendor(where: string): Tree {
  return {
    [`${where}/vendor/composer/ClassLoader.php`]: classLoader,
    [`${where}/vendor/composer/autoload_real.php`]: `<?php
      class Init { public static $loader; static function get() {
        if (self::$loader !== null) return self::$loader;
        require __DIR__ . '/ClassLoader.php';
        self::$loader = new Composer\\Autoload\\ClassLoader();
        self::$loader->addPsr4('App\\\\', [__DIR__ . '/../..' . '/src']);
        self::$loader->addPsr4('Lib\\\\', [__DIR__ . '/..' . '/lib']);
        spl_autoload_register([self::$loader, 'find']);
        return self::$loader;
      } }`,
    [`${where}/vendor/autoload.php`]:
      "<?php require_once __DIR__ . '/composer/autoload_real.php'; return Init::get();",
    [`${where}/vendor/lib/Thing.php`]: `<?php namespace Lib; class Thing { const W = '${where}'; }`,
  };
}

const own = { 'fn/src/Own.php': "<?php namespace App; class Own { const W = 'own'; }" };
const uses = 'function handler() { return [Lib\\Thing::W, App\\Own::W]; }';

async function answer(context: TestContext, tree: Tree, installed: boolean): Promise<unknown> {
  const root = makeTree(tree);
  context.after(() => removeTree(root));
  const worker = startWorker(context);
  const readable = [join(root, 'fn'), join(root, 'app')];
  const over = { dependencies: installed ? [join(root, 'app')] : [], readable, strict: true };
  const verdict = await worker.load({ entry: join(root, 'fn/handler.php'), ...over });
  assert.equal(verdict.type, 'ready', JSON.stringify(verdict));
  return jsonOf(await worker.invoke());
}

describe('packages of a PHP worker', { skip }, () => {
  test('installed ones are loaded, and classes of the function stay in its folder', async (context) => {
    const tree = { ...vendor('app'), ...own, 'fn/handler.php': `<?php ${uses}` };
    assert.deepEqual(await answer(context, tree, true), ['app', 'own']);
  });

  test('a vendor folder beside the function is loaded where nothing is installed', async (context) => {
    const tree = { ...vendor('fn'), ...own, 'fn/handler.php': `<?php ${uses}` };
    assert.deepEqual(await answer(context, tree, false), ['fn', 'own']);
  });

  test('a handler that requires vendor/autoload.php itself gets the installed one, and its files as they are', async (context) => {
    const handler = `<?php
      $loader = require_once __DIR__ . '/vendor/autoload.php';
      $seen = [is_file(__DIR__ . '/data.txt'), file_get_contents(__DIR__ . '/data.txt'), count(scandir(__DIR__)),
        file_exists(__DIR__ . '/none'), @file_get_contents(__DIR__ . '/none'), require __DIR__ . '/more.php'];
      file_put_contents(sys_get_temp_dir() . '/x', 'y');
      function handler() { global $seen; return [Lib\\Thing::W, App\\Own::W, $seen, file_exists(__DIR__ . '/vendor')]; }`;
    const tree = {
      ...vendor('app'),
      ...own,
      'fn/handler.php': handler,
      'fn/data.txt': 'data',
      'fn/more.php': '<?php return 7;',
    };
    const seen = [true, 'data', 6, false, false, 7];
    assert.deepEqual(await answer(context, tree, true), ['app', 'own', seen, false]);
  });
});
