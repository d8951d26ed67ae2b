// How a function's files are loaded in the jail, and that a change of any of them is served (contract/invocation.md 7).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type Tree, writeTree } from './support/tree.ts';

const esm = JSON.stringify({ type: 'module' });
const commonjs = JSON.stringify({ type: 'commonjs' });

describe('modules in the jail', () => {
  const rows: readonly (readonly [promise: string, route: string, body: string, files: Tree])[] = [
    [
      'a .js file beside no package.json is CommonJS',
      'plain',
      'function plain',
      {
        'plain/handler.js':
          "const { word } = require('./lib.js');\nexports.handler = () => typeof require + ' ' + word;\n",
        'plain/lib.js': "exports.word = 'plain';\n",
      },
    ],
    [
      'a .js file that exports is an ES module, whatever is beside it',
      'syntax',
      'undefined syntax',
      {
        'syntax/handler.js':
          "import { word } from './lib.js';\nexport const handler = () => typeof require + ' ' + word;\n",
        'syntax/lib.js': "export const word = 'syntax';\n",
      },
    ],
    [
      'a package.json in the folder says that .js is an ES module',
      'own',
      'undefined own',
      {
        'own/package.json': esm,
        // Nothing in the text of the helper says what it is: only the package.json does.
        'own/handler.js':
          "import './lib.js';\nexport const handler = () => typeof require + ' ' + globalThis.word;\n",
        'own/lib.js': "globalThis.word = typeof module === 'undefined' ? 'own' : 'CommonJS';\n",
      },
    ],
    [
      'a package.json above the folder counts too',
      'team/deep/call',
      'team',
      {
        'team/package.json': esm,
        'team/deep/call/get.js': "import './_lib.js';\nexport const handler = () => globalThis.word;\n",
        'team/deep/call/_lib.js': "globalThis.word = typeof module === 'undefined' ? 'team' : 'CommonJS';\n",
      },
    ],
    [
      'the nearest package.json wins',
      'team/old',
      'CommonJS',
      {
        'team/old/package.json': commonjs,
        'team/old/handler.js': "exports.handler = () => typeof module === 'undefined' ? 'ES' : 'CommonJS';\n",
      },
    ],
    [
      'top-level await loads',
      'await',
      'awaited',
      {
        'await/handler.js':
          "const word = await Promise.resolve('awaited');\nexport const handler = () => word;\n",
      },
    ],
    [
      'TypeScript runs as it is, as an ES module',
      'typed',
      'typed 7',
      {
        'typed/handler.ts':
          "import { word, type Word } from './lib.ts';\nexport const handler = (event: { query: Record<string, string> }): string => {\n  const text: Word = word;\n  return text + ' ' + event.query['n'];\n};\n",
        'typed/lib.ts': "export type Word = string;\nexport const word: Word = 'typed';\n",
      },
    ],
    [
      'TypeScript may be CommonJS',
      'typed-old',
      'typed-old',
      {
        'typed-old/handler.ts':
          "const { word } = require('./lib.ts');\nexports.handler = (): string => word as string;\n",
        'typed-old/lib.ts': "const word: string = 'typed-old';\nmodule.exports = { word };\n",
      },
    ],
    [
      'JavaScript comes before TypeScript of the same name',
      'both',
      'js',
      {
        'both/handler.js': "exports.handler = () => 'js';\n",
        'both/handler.ts': "export const handler = () => 'ts';\n",
      },
    ],
    [
      'a package beside the function is found, by its exports',
      'packed',
      'from a package',
      {
        'packed/handler.js': "import { word } from 'pack';\nexport const handler = () => word;\n",
        'packed/node_modules/pack/package.json': JSON.stringify({
          name: 'pack',
          type: 'module',
          exports: './main.js',
        }),
        'packed/node_modules/pack/main.js': "export const word = 'from a package';\n",
      },
    ],
    [
      'an entrypoint other than the default names',
      'named',
      'named entry',
      {
        'named/fn.config.json': JSON.stringify({ entrypoint: 'src/app.js' }),
        'named/src/app.js': "exports.handler = () => 'named entry';\n",
      },
    ],
    [
      'an export of another name',
      'renamed',
      'renamed',
      {
        'renamed/fn.config.json': JSON.stringify({ name: 'renamed', invoke: { handler: ' respond ' } }),
        'renamed/handler.py': 'def respond(event):\n    return "renamed"\n',
      },
    ],
    [
      'one Python function has its own utils',
      'first',
      'utils of first',
      {
        'first/handler.py': 'import utils\ndef handler(event):\n    return utils.word()\n',
        'first/utils.py': 'def word():\n    return "utils of first"\n',
      },
    ],
    [
      'and the other has its own',
      'second',
      'utils of second',
      {
        'second/handler.py': 'from utils import word\ndef handler(event):\n    return word()\n',
        'second/utils.py': 'def word():\n    return "utils of second"\n',
      },
    ],
    [
      'a Python package of the function and its installed dependencies',
      'deps',
      'dependency 3',
      {
        'deps/handler.py':
          'import dependency\nfrom parts.count import three\ndef handler(event):\n    return dependency.word + " " + str(three)\n',
        'deps/parts/__init__.py': '',
        'deps/parts/count.py': 'three = 3\n',
        'deps/.deps/dependency.py': 'word = "dependency"\n',
      },
    ],
  ];
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(Object.assign({}, ...rows.map(([, , , files]) => files)));
  });
  after(() => gateway.close());

  for (const [promise, route, body] of rows) {
    test(`${promise} (${route})`, async () => {
      const answer = await ask(gateway.url, `/${route}?n=7`);
      assert.equal(answer.text, body);
      assert.equal(answer.status, 200);
    });
  }

  const failures: readonly (readonly [route: string, error: RegExp])[] = [
    ['wrong-name', /^missing\(event\) is required$/],
    ['no-identifier', /^invoke\.handler must be a valid identifier$/],
    ['wrong-name-py', /missing\(event\) is required$/],
    ['no-identifier-py', /invoke\.handler must be a valid identifier$/],
    ['odd-adapter', /^invoke\.adapter unsupported: GCF$/],
    ['lost', /^Cannot find module '\.\/nowhere'/],
    ['lost-py', /^ModuleNotFoundError: No module named 'nowhere'$/],
  ];
  test('what cannot be loaded or found is 500 with a reason, in both languages', async () => {
    const named = (handler: string) => JSON.stringify({ invoke: { handler } });
    writeTree(gateway.root, {
      'wrong-name/fn.config.json': named('missing'),
      'wrong-name/handler.js': 'exports.handler = () => 1;\n',
      'no-identifier/fn.config.json': named('a-b'),
      'no-identifier/handler.js': 'exports.handler = () => 1;\n',
      'wrong-name-py/fn.config.json': named('missing'),
      'wrong-name-py/handler.py': 'def handler(event):\n    return 1\n',
      'no-identifier-py/fn.config.json': named('a-b'),
      'no-identifier-py/handler.py': 'def handler(event):\n    return 1\n',
      'odd-adapter/fn.config.json': JSON.stringify({ invoke: { adapter: ' GCF ' } }),
      'odd-adapter/handler.js': 'exports.handler = () => 1;\n',
      'lost/handler.js': "require('./nowhere');\nexports.handler = () => 1;\n",
      'lost-py/handler.py': 'import nowhere\ndef handler(event):\n    return 1\n',
    });
    await gateway.reload();
    for (const [route, error] of failures) {
      const answer = await ask(gateway.url, `/${route}`);
      assert.equal(answer.status, 500, `${route}: ${answer.text}`);
      assert.match(answer.json().error, error);
      assert.ok(!answer.text.includes(gateway.root), answer.text);
    }
  });
});

test('a change of a helper is served after a reload, and calls that run are not cut', async () => {
  const gateway = await startTestGateway({
    'n/handler.js':
      "const { word } = require('./lib.js');\nexports.handler = async (event) => { await new Promise((done) => setTimeout(done, Number(event.query.ms ?? 0))); return word; };\n",
    'n/lib.js': "exports.word = 'old';\n",
    'p/handler.py': 'from helper import word\ndef handler(event):\n    return word\n',
    'p/helper.py': 'word = "old"\n',
  });
  try {
    assert.equal((await ask(gateway.url, '/n')).text, 'old');
    assert.equal((await ask(gateway.url, '/p')).text, 'old');
    const running = ask(gateway.url, '/n?ms=400');
    await new Promise((done) => setTimeout(done, 50));
    writeTree(gateway.root, {
      'n/lib.js': "exports.word = 'changed';\n",
      'p/helper.py': 'word = "changed"\n',
    });
    await gateway.reload();
    assert.equal((await ask(gateway.url, '/n')).text, 'changed');
    assert.equal((await ask(gateway.url, '/p')).text, 'changed');
    assert.equal((await running).text, 'old');
  } finally {
    await gateway.close();
  }
});

test('a Python handler that raises has run once', async () => {
  const gateway = await startTestGateway({
    'p/main.py':
      'count = 0\ndef handler(event):\n    global count\n    if event["query"].get("read"):\n        return count\n    count += 1\n    raise ValueError("counted")\n',
  });
  try {
    for (const expected of ['1', '2']) {
      assert.equal((await ask(gateway.url, '/p')).json().error, 'counted');
      assert.equal((await ask(gateway.url, '/p?read=1')).text, expected);
    }
  } finally {
    await gateway.close();
  }
});
