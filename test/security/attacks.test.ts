// The attack corpus: every attempt first gets through without a jail, then meets the error that the table names, layer by
// layer. Attempts that this host cannot show (no right, no kernel feature) are named.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AttackClass, attemptsAt } from '../../src/prove/attack-class.ts';
import { differencesOf, isShown, titleOf } from '../../src/prove/corpus-run.ts';
import { Corpus, corpusClasses, reasonNotToRun } from './corpus.ts';

/** Of a class, at least this part must be shown to work here, or the run says little. Odd protocols no host need have. */
const shownAtLeast = ({ intrusive }: AttackClass): number => (intrusive === true ? 0 : 1 / 3);

describe('attack corpus', { skip: reasonNotToRun() ?? false }, () => {
  let corpus: Corpus;

  before(async () => {
    corpus = await Corpus.open();
  });
  after(() => corpus.close());

  for (const attack of corpusClasses) {
    test(`${titleOf(attack)}: every attempt works outside and fails inside`, {
      timeout: 120_000,
    }, async (t) => {
      const missing = corpus.missing(attack);
      if (missing !== null) return t.skip(missing);
      const result = await corpus.run(attack);
      assert.deepEqual(differencesOf(result), []);
      const attempts = Object.keys(attack.rows);
      const unshown = attempts.filter((name) => !isShown(result, name));
      for (const name of unshown)
        t.diagnostic(`not shown on this host: ${name} met ${result.baseline[name]} without a jail`);
      assert.ok(
        attempts.length - unshown.length >= attempts.length * shownAtLeast(attack),
        `cannot show most of ${titleOf(attack)} on this host: ${unshown.join(', ')}`,
      );
    });
  }

  test('a minimal root is tried on its own too', (t) => {
    const { namespaceMissing } = corpus;
    if (namespaceMissing !== null) return t.skip(`not on this host: ${namespaceMissing}`);
    const attempts = corpusClasses.flatMap((attack) => attemptsAt(attack, 'namespace'));
    assert.ok(attempts.length >= 140, `${attempts.length} attempts`);
  });

  test('is as large as promised, and no attempt is in it twice', () => {
    const names = corpusClasses.flatMap((attack) =>
      Object.keys(attack.rows).map((row) => `${titleOf(attack)}: ${row}`),
    );
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length >= 400, `${names.length} attempts`);
  });
});
