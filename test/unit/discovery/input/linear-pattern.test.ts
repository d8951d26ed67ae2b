import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LinearPattern, PatternError } from '../../../../src/discovery/input/linear-pattern.ts';

/** Patterns in the letters a and b, nested as they come. */
const patterns = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '^', '$', '\\b', '\\w', '\\W', 'é', ''),
    fc.tuple(tie('node'), tie('node')).map(([one, two]) => `${one}${two}`),
    fc.tuple(tie('node'), tie('node')).map(([one, two]) => `(?:${one}|${two})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '{0,2}?'))
      .map(([one, times]) => `(${one})${times}`),
  ),
})).node;

test('linear pattern: says the same as the engine of the language', () => {
  // No surrogate pairs: V8 says that /[^a]$/u does not match '😀'.
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'é', ' ', '\n'), maxLength: 7 });
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      assert.equal(new LinearPattern(pattern).test(text), new RegExp(pattern, 'u').test(text));
    }),
    { numRuns: 2_000 },
  );
});

test('linear pattern: usual patterns mean what they mean elsewhere', () => {
  const rows: [string, string, boolean][] = [
    ['^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$', 'ann@example.org', true],
    ['^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$', 'ann@example', false],
    ['^\\d{3}-\\d{4}$', '555-1234', true],
    ['^\\p{Lu}\\p{Ll}*$', 'Ängstlich', true],
    ['^(?<year>\\d{4})-(0[1-9]|1[0-2])$', '2024-13', false],
    ['^\\u{1F600}$', '😀', true],
    ['^[\\]\\-x]+$', ']-x', true],
    ['colou?r', 'the color', true],
    ['^.{1,200}$', 'x'.repeat(200), true],
    ['^.{1,200}$', 'x'.repeat(201), false],
  ];
  for (const [pattern, text, expected] of rows)
    assert.equal(new LinearPattern(pattern).test(text), expected, `${pattern} ${text}`);
});

test('linear pattern: what keeps a backtracking engine busy for ever takes milliseconds', () => {
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(.*)*x$', '^([a-z]+)*\\d$']) {
    const started = performance.now();
    assert.equal(new LinearPattern(pattern).test(`${'a'.repeat(5_000)}!`), false);
    assert.ok(performance.now() - started < 1_000, pattern);
  }
});

test('linear pattern: what cannot be bounded is refused when the pattern is read', () => {
  for (const pattern of [
    '(?=a)a',
    '(?<!a)b',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '(',
    '[z-a]',
    '(a{1000}){1000}',
    'a{5000}',
  ])
    assert.throws(() => new LinearPattern(pattern), PatternError, pattern);
});

test('linear pattern: a text too long for its pattern does not match, rather than hold up everybody', () => {
  assert.equal(new LinearPattern('a{500}').test('a'.repeat(1_000_000)), false);
});
