// What a change of `fn.env.json` keeps, where values are elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editEnv, maskEnv } from '../../../src/control/function-env-edit.ts';

const stored = { $schema: 'x', PLAIN: 5, STORE: { secret: 'API_KEY' }, FILE: { value_file: '/run/key' } };

test('env edit: references are shown as such, kept by a hidden value, and can be set', () => {
  assert.deepEqual(maskEnv(stored), {
    PLAIN: { is_secret: false, value: 5 },
    STORE: { is_secret: true, value: '<hidden>', secret: 'API_KEY' },
    FILE: { is_secret: true, value: '<hidden>', value_file: '/run/key' },
  });
  const kept = editEnv(stored, { STORE: '<hidden>', FILE: { value: '<hidden>', is_secret: true } });
  assert.deepEqual(kept, { ...stored, PLAIN: { value: 5, is_secret: false } });
  assert.deepEqual(editEnv({}, { A: { secret: 'B' } }), { A: { secret: 'B' } });
  assert.deepEqual(editEnv(stored, { STORE: 'now here' })['STORE'], { value: 'now here', is_secret: false });
});

test('env edit: a reference stands alone and names something that can be', () => {
  for (const change of [
    { secret: 'B', value: 1 },
    { secret: 'B', value_file: '/x' },
    { secret: 7 },
    { secret: 'a b' },
    { secret: '' },
    { value_file: '' },
    { value_file: 'a\0b' },
    { value_file: 'x'.repeat(1025) },
  ]) {
    assert.throws(() => editEnv({}, { A: change }), /env A: /, JSON.stringify(change));
  }
});

test('env edit: names that are members of every object are names like others', () => {
  const edited = editEnv({}, JSON.parse('{"constructor":"a","__proto__":"b"}'));
  assert.deepEqual(Object.keys(edited).sort(), ['__proto__', 'constructor']);
  assert.equal(Object.hasOwn(editEnv({}, { toString: '<hidden>' }), 'toString'), false);
});
