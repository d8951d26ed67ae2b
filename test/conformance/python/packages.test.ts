// Where a Python worker finds packages: the function's folder, its own `.deps`, then the folders that `load` names.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeTree, removeTree } from '../../integration/support/tree.ts';
import { jsonOf, skip, startWorker } from './python-worker.ts';

describe('packages of a Python worker', { skip }, () => {
  test('its own come first, then those of each folder in turn', async (context) => {
    const root = makeTree({
      'fn/handler.py':
        'import importlib.metadata as m, local, own, first, second\n' +
        'def handler(event):\n    return [local.w, own.w, first.w, second.w, m.version("second")]\n',
      'fn/local.py': "w = 'fn'",
      'one/local.py': "w = 'one'",
      'fn/.deps/own.py': "w = '.deps'",
      'one/own.py': "w = 'one'",
      'one/first.py': "w = 'one'",
      'two/first.py': "w = 'two'",
      'two/second/__init__.py': "w = 'two'",
      'two/second-1.2.dist-info/METADATA': 'Metadata-Version: 2.1\nName: second\nVersion: 1.2\n',
    });
    context.after(() => removeTree(root));
    const worker = startWorker(context);
    const dependencies = [join(root, 'one'), join(root, 'two')];
    assert.equal((await worker.load({ entry: join(root, 'fn/handler.py'), dependencies })).type, 'ready');
    assert.deepEqual(jsonOf(await worker.invoke()), ['fn', '.deps', 'one', 'two', '1.2']);
  });
});
