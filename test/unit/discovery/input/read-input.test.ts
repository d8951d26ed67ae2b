import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFunctionConfig } from '../../../../src/discovery/function-config.ts';
import { scanTree } from '../tree-fixture.ts';

function read(value: unknown) {
  const { config, faults } = parseFunctionConfig(JSON.stringify(value, null, 1), 'f/fn.config.json');
  return { config, faults: faults.map(({ key, found }) => `${key}: ${found}`) };
}

test('schema of a config: parts that can be used are kept as they are', () => {
  const body = { type: 'object', properties: { a: { type: 'string' } } };
  const { config, faults } = read({ schema: { body, query: true } });
  assert.deepEqual(faults, []);
  assert.deepEqual(config?.input, { query: true, body });
  assert.equal(config?.inputRefused, null);
});

test('schema of a config: what cannot be used is a fault at its place, and the function is not served', () => {
  const bad = read({ schema: { body: { properties: { a: { pattern: '(?=x)' } } } } });
  assert.deepEqual(bad.faults, [
    'schema.body.properties.a.pattern: a pattern that RE2 cannot read: invalid or unsupported Perl syntax: `(?=`',
  ]);
  assert.match(String(bad.config?.inputRefused), /cannot be used/);
  for (const schema of [5, [], { body: 'x' }, { body: null }]) {
    const { config, faults } = read({ schema });
    assert.equal(faults.length, 1, JSON.stringify(schema));
    assert.match(String(config?.inputRefused), /cannot be used/, JSON.stringify(schema));
  }
  const unknown = read({ schema: { bodi: {} } });
  assert.equal(unknown.faults.length, 1);
});

test('docs of a config: what is no example is a warning', () => {
  const { config, faults } = read({ invoke: { summary: ' Hi ', query: [1], content_type: 'nonsense' } });
  assert.deepEqual(config?.docs, { summary: 'Hi' });
  assert.equal(faults.length, 2);
});

test('schema, docs and secrets: a version adds to what its function says; other folders inherit nothing', async (t) => {
  const config = (more: object) => ({ runtime: 'node', ...more });
  const catalog = await scanTree(t, {
    'f/fn.config.json': config({
      secrets: ['A'],
      schema: { query: { type: 'object' }, body: { type: 'object' } },
      invoke: { summary: 'Ours' },
    }),
    'f/handler.js': 'x',
    'f/v2/fn.config.json': { secrets: ['B'], schema: { body: { type: 'array' } } },
    'f/v2/handler.js': 'x',
    'f/deeper/get.x.js': 'x',
  });
  const first = catalog.functions.get('node/f@default');
  const second = catalog.functions.get('node/f@v2');
  assert.deepEqual([first?.secrets, second?.secrets], [['A'], ['A', 'B']]);
  assert.deepEqual(second?.input, { query: { type: 'object' }, body: { type: 'array' } });
  assert.equal(second?.docs?.summary, 'Ours');
  const other = catalog.functions.get('node/f/deeper/get.x.js@default');
  assert.deepEqual([other?.input, other?.secrets], [undefined, undefined]);
});

test('schema of a config: a body that streams cannot be checked first: a fault, and not served', async (t) => {
  const catalog = await scanTree(t, {
    'f/fn.config.json': {
      runtime: 'node',
      invoke: { body_mode: 'stream' },
      schema: { body: { type: 'object' } },
    },
    'f/handler.js': 'x',
  });
  assert.match(String(catalog.functions.get('node/f@default')?.refused), /body_mode buffer/);
  assert.deepEqual(
    catalog.faults.map(({ key }) => key),
    ['schema.body'],
  );
});
