import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { didYouMean } from '../../../src/policy/did-you-mean.ts';
import { JsonSyntaxError, parseJsonDocument } from '../../../src/policy/json-document.ts';

describe('JSON with lines', () => {
  it('knows the line of each key and item', () => {
    const { lines, repeated } = parseJsonDocument('{\n"a": {\n "b/c": 1},\n"l": [\n1,\n2], "a": 3\n}');
    assert.deepEqual(Object.fromEntries(lines), { '/a': 6, '/a/b~1c': 3, '/l': 4, '/l/0': 5, '/l/1': 6 });
    assert.deepEqual(repeated, ['/a']);
  });

  it('agrees with JSON.parse on every document', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        assert.deepEqual(parseJsonDocument(text).value, JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses, and says where', () => {
    const noise = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', 'a', ':', ',', '1', '\n', '\\', '\u0001', ' '),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(noise, (parts) => {
        const text = parts.join('');
        let engine = true;
        try {
          JSON.parse(text);
        } catch {
          engine = false;
        }
        if (engine) parseJsonDocument(text);
        else assert.throws(() => parseJsonDocument(text), JsonSyntaxError);
      }),
      { numRuns: 2_000 },
    );
    const line = (text: string) => {
      try {
        parseJsonDocument(text);
      } catch (error) {
        return error instanceof JsonSyntaxError ? error.line : error;
      }
      return null;
    };
    assert.deepEqual(['{\n"a": 1\n"b": 2}', '{"a": "x\ny"}', '\n\n', '[1,\n]'].map(line), [3, 1, 3, 2]);
  });

  it('guesses near names only', () => {
    assert.equal(didYouMean('timeot_ms', ['timeout_ms', 'name']), 'timeout_ms');
    assert.equal(didYouMean('colour', ['timeout_ms', 'name']), null);
  });
});
