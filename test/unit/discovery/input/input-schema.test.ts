import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInputSchema } from '../../../../src/discovery/input/input-schema.ts';

function found(schema: unknown): string {
  const reading = readInputSchema(schema, 'body');
  return reading.kind === 'ok' ? 'ok' : `${reading.path.join('.')}: ${reading.found}`;
}

test('input schema: a schema is compiled once however often its text is read', () => {
  const one = readInputSchema({ type: 'object' }, 'body');
  assert.equal(one.kind, 'ok');
  assert.equal(readInputSchema({ type: 'object' }, 'body'), one);
  assert.notEqual(readInputSchema({ type: 'object' }, 'query'), one);
});

test('input schema: formats, annotations and references inside are taken', () => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $defs: { mail: { type: 'string', format: 'email', example: 'a@b', deprecated: true } },
    properties: { to: { $ref: '#/$defs/mail' }, pattern: { type: 'string' }, $id: { type: 'integer' } },
  };
  assert.equal(found(schema), 'ok');
});

test('input schema: what leads outside, cannot be bounded or is no schema is named with its place', () => {
  const rows: [unknown, RegExp][] = [
    [[], /^: no schema/],
    ['x', /^: no schema/],
    [null, /^: no schema/],
    [{ properties: { a: { $ref: 'http://example.org/a' } } }, /^properties\.a\.\$ref: "http/],
    [{ $ref: 'other.json' }, /^\$ref: "other/],
    [{ $id: 'http://example.org' }, /^\$id: /],
    [{ allOf: [{ $dynamicRef: '#a' }] }, /^allOf\.0\.\$dynamicRef/],
    [
      { properties: { a: { pattern: '(?=a)b' } } },
      /^properties\.a\.pattern: a pattern that RE2 cannot read: invalid or unsupported Perl syntax/,
    ],
    [
      { patternProperties: { '(a)\\1': {} } },
      /^pattern: a pattern that RE2 cannot read: invalid escape sequence/,
    ],
    [{ type: 'array', uniqueItems: true }, /^uniqueItems: true/],
    [{ type: 'objekt' }, /^: schema is invalid/],
    [{ propertys: {} }, /unknown keyword/],
    [{ $ref: '#/$defs/none' }, /can't resolve/],
    [{ description: 'x'.repeat(70_000) }, /characters/],
    [{ enum: Array.from({ length: 3_000 }, () => ({})) }, /more than/],
  ];
  for (const [schema, expected] of rows) assert.match(found(schema), expected);
  let deep: object = {};
  for (let level = 0; level < 50; level++) deep = { items: deep };
  assert.match(found(deep), /a deeper level/);
});

test('input schema: a pattern that would keep the gateway busy answers at once', () => {
  const reading = readInputSchema({ type: 'string', pattern: '^(a+)+$' }, 'body');
  assert.ok(reading.kind === 'ok');
  assert.equal(reading.validate(`${'a'.repeat(2_000)}!`), false);
  assert.equal(reading.validate('aaa'), true);
});

test('input schema: two patterns of one schema stay two', () => {
  const schema = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } };
  const reading = readInputSchema(schema, 'body');
  assert.ok(reading.kind === 'ok');
  assert.equal(reading.validate({ a: 'a', b: 'b' }), true);
  assert.equal(reading.validate({ a: 'b' }), false);
  assert.equal(reading.validate({ b: 'a' }), false);
});
