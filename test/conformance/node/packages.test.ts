// Where a Node worker finds packages: the function's own first, then the folders that `load` names, for both module systems
// and under the permission model.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeTree, removeTree, type Tree } from '../../integration/support/tree.ts';
import { jsonOf, nodeProgram, startWorker } from './node-worker.ts';

function common(name: string, where: string): Tree {
  return {
    [`${where}/${name}/package.json`]: JSON.stringify({ name, main: 'index.js' }),
    [`${where}/${name}/index.js`]: `module.exports = ${JSON.stringify(where)};`,
  };
}

const tree: Tree = {
  ...common('own', 'fn/node_modules'),
  ...common('own', 'one/node_modules'),
  ...common('first', 'one/node_modules'),
  ...common('first', 'two/node_modules'),
  ...common('second', 'two/node_modules'),
  'one/node_modules/@s/esm/package.json':
    '{"name":"@s/esm","type":"module","exports":{".":"./main.js","./sub":"./sub.js"}}',
  'one/node_modules/@s/esm/main.js': "import first from 'first'; export default `esm with ${first}`;",
  'one/node_modules/@s/esm/sub.js': "export const name = 'sub';",
  'one/node_modules/broken/package.json': '{"name":"broken"}',
  'one/node_modules/broken/index.js': "require('nowhere-to-be-found');",
  'fn/handler.cjs.js': `exports.handler = () => ({ body: JSON.stringify([
    require('own'), require('first'), require('second'), require('@s/esm').default, require('@s/esm/sub').name]) });`,
  'fn/handler.mjs.js': `import own from 'own'; import first from 'first'; import esm from '@s/esm'; import { name } from '@s/esm/sub';
    const second = (await import('second')).default;
    export const handler = () => ({ body: JSON.stringify([own, first, second, esm, name]) });`,
  'fn/handler.missing.js': "require('not-there-at-all');",
  'fn/handler.broken.js': "require('broken');",
};

const found = ['fn/node_modules', 'one/node_modules', 'two/node_modules', 'esm with one/node_modules', 'sub'];

function worker(context: TestContext, isJailed: boolean) {
  const root = makeTree(tree);
  context.after(() => removeTree(root));
  const dependencies = ['one', 'two'].map((name) => join(root, name, 'node_modules'));
  const read = [join(root, 'fn'), ...dependencies];
  const started = startWorker(context, nodeProgram(isJailed ? { read } : null));
  return { started, load: (file: string) => started.load({ entry: join(root, 'fn', file), dependencies }) };
}

describe('packages of a Node worker', () => {
  for (const isJailed of [false, true]) {
    const where = isJailed ? 'under the permission model' : 'without a jail';
    for (const file of ['handler.cjs.js', 'handler.mjs.js']) {
      test(`${where}, ${file} finds its own first and the others in their order`, async (context) => {
        const { started, load } = worker(context, isJailed);
        assert.equal((await load(file)).type, 'ready');
        assert.deepEqual(jsonOf(await started.invoke()), found);
      });
    }

    test(`${where}, a package that is nowhere is told by its own name`, async (context) => {
      const verdict = await worker(context, isJailed).load('handler.missing.js');
      assert.ok(verdict.type === 'load_failed');
      assert.match(verdict.error, /not-there-at-all/);
    });

    test(`${where}, what a package itself lacks is told, not the package`, async (context) => {
      const verdict = await worker(context, isJailed).load('handler.broken.js');
      assert.ok(verdict.type === 'load_failed');
      assert.match(verdict.error, /nowhere-to-be-found/);
    });
  }
});
