import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseQuery } from '../../../src/discovery/query.ts';

function query(raw: string, maxPairs = 1000): unknown {
  const parsed = parseQuery(raw, maxPairs);
  return parsed.kind === 'ok' ? parsed.query : parsed.kind;
}

describe('query', () => {
  it('keeps order, repeats, bare keys and empty values apart', () => {
    assert.deepEqual(query('a=1&a=2&b&c='), { a: ['1', '2'], b: true, c: '' });
    assert.deepEqual(query('a&a=1'), { a: [true, '1'] });
    assert.deepEqual(query(''), {});
    assert.deepEqual(query('&&a=1&&'), { a: '1' });
    assert.deepEqual(query('=1&a=b=c'), { a: 'b=c' });
  });

  it('decodes plus and percent, and lets malformed ones stand', () => {
    assert.deepEqual(query('a+b=c+d&%61%20=%C3%A9&x=%zz&y=100%&z=%ff'), {
      'a b': 'c d',
      'a ': 'é',
      x: '%zz',
      y: '100%',
      z: '\uFFFD',
    });
  });

  it('takes out __fnctx however it is written', () => {
    assert.deepEqual(query('__fnctx=eyJ9&%5f_fnctx=x&a=1&__fnctx'), { a: '1' });
  });

  it('__proto__ is a key like any other', () => {
    const value = query('__proto__=x&a=1') as Record<string, unknown>;
    assert.deepEqual(Object.entries(value), [
      ['__proto__', 'x'],
      ['a', '1'],
    ]);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  it('refuses more pairs than the cap, and counts every pair', () => {
    assert.deepEqual(query('a&b', 2), { a: true, b: true });
    assert.equal(query('a&b&c', 2), 'bad_request');
    assert.equal(query('__fnctx&__fnctx&c', 2), 'bad_request');
  });

  it('never throws, and gives back what was encoded', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (raw) => void parseQuery(raw, 100)));
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
      .filter((text) => text !== '__fnctx');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(word, word), { selector: ([key]) => key }), (pairs) => {
        const raw = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        assert.deepEqual(Object.entries(query(raw) as object), Object.entries(Object.fromEntries(pairs)));
      }),
    );
  });
});
