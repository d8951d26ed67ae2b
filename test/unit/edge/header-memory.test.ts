import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMemory } from '../../../src/edge/header-memory.ts';

test('header memory: what a connection says again is not read again', () => {
  const memory = new HeaderMemory();
  const [connection, other] = [{}, {}];
  const first = memory.read(connection, ['Host', 'a', 'X', '1']);
  assert.deepEqual([first.headers, first.json], [{ host: 'a', x: '1' }, '{"host":"a","x":"1"}']);
  assert.equal(memory.read(connection, ['Host', 'a', 'X', '1']), first);
  assert.notEqual(memory.read(other, ['Host', 'a', 'X', '1']), first, 'connections share nothing');
});

test('header memory: a request that differs in anything is read for itself', () => {
  const memory = new HeaderMemory();
  const connection = {};
  memory.read(connection, ['Host', 'a', 'X', '1']);
  for (const raw of [['Host', 'a', 'X', '2'], ['Host', 'a', 'x', '2', 'Y', ''], ['Host', 'b'], []]) {
    const { headers } = memory.read(connection, raw);
    assert.deepEqual(
      Object.values(headers),
      raw.filter((_text, index) => index % 2 === 1),
    );
  }
  assert.deepEqual(memory.read(connection, ['Host', 'a', 'X', '1']).headers, { host: 'a', x: '1' });
});

test('header memory: long headers are not kept', () => {
  const memory = new HeaderMemory();
  const connection = {};
  const short = memory.read(connection, ['Host', 'a']);
  const long = ['Host', 'a', 'Cookie', 'c'.repeat(3_000)];
  const first = memory.read(connection, long);
  assert.notEqual(memory.read(connection, long), first);
  assert.equal(memory.read(connection, ['Host', 'a']), short, 'the last short ones still are');
});
