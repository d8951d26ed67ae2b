// The table "Worth testing" of the routing contract, and one tree for each rule of discovery: what answers what.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contractCases, mainRows, mainTree } from './contract-cases.ts';
import { layoutCases } from './layout-cases.ts';
import { namingCases } from './naming-cases.ts';
import { ask, scanTree, warningsOf } from './tree-fixture.ts';

describe('routing: the main tree of the contract', () => {
  for (const [request, answer] of mainRows) {
    it(`${request} is answered by ${answer}`, async (t) => {
      assert.equal(ask(await scanTree(t, mainTree), request), answer);
    });
  }

  it('warns of exactly the names that mean too much, the reserved path and the conflict', async (t) => {
    assert.deepEqual(warningsOf(await scanTree(t, mainTree)), [
      'ambiguous_method get.post.multi.js',
      'reserved_route console/a.js',
      'route_conflict get.clash.js',
    ]);
  });
});

describe('routing: trees and what answers', () => {
  for (const { what, tree, options, rows, warnings } of [...contractCases, ...layoutCases, ...namingCases]) {
    it(what, async (t) => {
      const catalog = await scanTree(t, tree, options);
      const seen = rows.map(([request, , host]) => `${request} → ${ask(catalog, request, host)}`);
      assert.deepEqual(
        seen,
        rows.map(([request, answer]) => `${request} → ${answer}`),
      );
      if (warnings !== undefined) assert.deepEqual(warningsOf(catalog), [...warnings].sort());
    });
  }
});
