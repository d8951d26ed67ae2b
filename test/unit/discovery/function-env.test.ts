import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadFunctionEnv, parseFunctionEnv } from '../../../src/discovery/function-env.ts';
import { makeTree } from './tree-fixture.ts';

function parse(value: unknown) {
  return parseFunctionEnv(typeof value === 'string' ? value : JSON.stringify(value), 'f/fn.env.json');
}

describe('fn.env.json', () => {
  it('texts stay, numbers and booleans become JSON text, null is left out', () => {
    const { env, faults } = parse({
      A: 'x',
      B: 5,
      C: 1.5,
      D: true,
      E: false,
      F: null,
      G: { value: null },
      H: '',
    });
    assert.deepEqual(env, { A: 'x', B: '5', C: '1.5', D: 'true', E: 'false', H: '' });
    assert.deepEqual(faults, []);
  });

  it('values are secret when they say so, or when their name does', () => {
    const { env, secrets } = parse({
      ...{
        A: { value: 'one', is_secret: true },
        B: { value: 'two', is_secret: false },
        C: { value: 'three' },
      },
      ...{
        DB_PASSWORD: { value: 'four', is_secret: false },
        api_key: 55555,
        EMPTY_TOKEN: '',
        A2: { value: 'one', is_secret: true },
      },
    });
    assert.deepEqual(Object.keys(env), ['A', 'B', 'C', 'DB_PASSWORD', 'api_key', 'EMPTY_TOKEN', 'A2']);
    assert.deepEqual(secrets, ['one', 'four', '55555']);
  });

  it('what cannot be a value is left out with a fault that does not show it', () => {
    const text =
      '{\n"A": ["hush"],\n"B": {"v": "hush"},\n"C": {"value": {"x": "hush"}},\n"x=y": "hush",\n"": "hush", "OK": "1"}';
    const { env, faults } = parse(text);
    assert.deepEqual(env, { OK: '1' });
    assert.deepEqual(
      faults.map((fault) => [fault.key, fault.line]),
      [
        ['A', 2],
        ['B', 3],
        ['C', 4],
        ['x=y', 5],
        ['', 6],
      ],
    );
    assert.doesNotMatch(JSON.stringify(faults), /hush/);
  });

  it('a syntax error tells its line and no text of the file', () => {
    const { env, faults } = parse('{"A": "s3cret"\n"B": x}');
    assert.deepEqual(env, {});
    assert.equal(faults[0]?.line, 2);
    assert.doesNotMatch(JSON.stringify(faults), /s3cret|"B"/);
  });

  it('__proto__ is a variable like any other', () => {
    const { env } = parse('{"__proto__": "x", "constructor": "y"}');
    assert.deepEqual(Object.entries(env), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    assert.equal(Object.getPrototypeOf(env), Object.prototype);
  });

  it('files that are missing, linked, too big or folders give no variables and a fault', (t) => {
    const root = makeTree(t, { 'real.json': { A: '1' } });
    symlinkSync(join(root, 'real.json'), join(root, 'link.json'));
    mkdirSync(join(root, 'folder.json'));
    writeFileSync(join(root, 'big.json'), `{"A":"${'x'.repeat(262_144)}"}`);
    assert.deepEqual(loadFunctionEnv(join(root, 'real.json')).env, { A: '1' });
    for (const name of ['none.json', 'link.json', 'folder.json', 'big.json']) {
      const { env, faults } = loadFunctionEnv(join(root, name), name);
      assert.deepEqual(env, {}, name);
      assert.equal(faults.length, 1, name);
    }
  });
});
