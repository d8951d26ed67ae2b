import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isReservedPath } from '../../../src/discovery/reserved-path.ts';

const reserved = [
  ...[
    '/_fn',
    '/_fn/',
    '/_fn/health',
    '/_FN/health',
    '/console',
    '/Console/x',
    '/openapi.json',
    '/system/metrics',
  ],
  ...['/fastfn.json', '/FASTFN.JSON', '/fastfn.toml', '/%5Ffn/health', '/_%66n/x', '//_fn/x', '/./_fn/x'],
  ...[
    '/a/../_fn/x',
    '/%2e/_fn/x',
    '/%63onsole',
    '/_fn%2Fhealth',
    '/%255Ffn',
    '/%25255Ffn',
    '\\_fn\\x',
    '/\\_fn',
  ],
  ...[
    '/a/%2e%2E/_fn',
    '/_fn?x',
    '/_fn%3Fx',
    '/_fn%23',
    '/_fn;x',
    '/%zz/../_fn',
    '/../../_fn',
    '/_fn/../_fn/x',
  ],
];
const free = [
  '/',
  '',
  '/docs',
  '/consolex',
  '/_fnx',
  '/_fn.json',
  '/a/_fn',
  '/_fn/../x',
  '/openapi.jsonx',
  '/a/console/b',
];

describe('reserved paths', () => {
  for (const path of reserved)
    it(`${path} belongs to the gateway`, () => assert.equal(isReservedPath(path), true));
  for (const path of free) it(`'${path}' is free`, () => assert.equal(isReservedPath(path), false));

  it('is seen through up to three encodings of any of its letters', () => {
    const encode = (text: string, at: ReadonlySet<number>) =>
      [...text]
        .map((letter, index) => (at.has(index) ? `%${letter.charCodeAt(0).toString(16)}` : letter))
        .join('');
    const places = fc.uniqueArray(fc.nat(11)).map((list) => new Set(list));
    fc.assert(
      fc.property(fc.array(places, { maxLength: 3 }), (rounds) => {
        assert.ok(isReservedPath(`/${rounds.reduce(encode, '_fn/health')}`));
      }),
    );
  });
});
