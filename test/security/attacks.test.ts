// The attack corpus against the real launcher: every attempt first gets through without the jail, then meets the error
// that the table names, level by level. Attempts that this host cannot show (no right, no kernel feature) are named.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AttackClass, attackClasses, differences } from './attack-rows.ts';
import { type AttackLevel, type Outcomes, python, runAttacks } from './attack-runner.ts';
import { capabilities } from './jail-harness.ts';

/** Reasons why this host cannot run the corpus as it is written; null = it can. */
function reasonToSkip(attack: AttackClass): string | null {
  if (capabilities.platform !== 'linux' || !capabilities.ffi) return 'needs Linux and node:ffi';
  if (!capabilities.seccomp) return 'this kernel has no seccomp filters';
  if (capabilities.landlockAbi < 6)
    return `needs Landlock ABI 6, this kernel has ${capabilities.landlockAbi}`;
  if (attack.name === 'node') return null;
  if (python === null) return 'this host has no python3';
  return capabilities.arch === 'x64' ? null : 'raw system call numbers in the programs are those of x86-64';
}

function checkShown(attack: AttackClass, baseline: Outcomes, note: (text: string) => void) {
  const unshown = Object.keys(attack.rows).filter((attempt) => baseline[attempt] !== 'ok');
  for (const attempt of unshown) {
    note(`not shown on this host: ${attack.name}: ${attempt} met ${baseline[attempt]} without a jail`);
  }
  assert.ok(
    unshown.length <= (Object.keys(attack.rows).length * 2) / 3,
    `cannot show most of ${attack.name} on this host: ${unshown.join(', ')}`,
  );
}

async function checkLevel(attack: AttackClass, level: AttackLevel, baseline: Outcomes): Promise<void> {
  const outcomes = await runAttacks({ attackClass: attack.name, level, ...attack.options });
  assert.deepEqual(differences(attack, level, outcomes, baseline), []);
  if (level !== 'full') return;
  for (const attempt of attack.honest ?? []) assert.equal(outcomes[attempt], 'ok', attempt);
}

describe('attack corpus', () => {
  for (const attack of attackClasses) {
    const title = `${attack.name}${attack.options.network === undefined ? '' : ' without network'}`;
    const skip = reasonToSkip(attack) ?? false;
    test(`${title}: every attempt works outside and fails inside`, { skip, timeout: 60_000 }, async (t) => {
      const baseline = await runAttacks({ attackClass: attack.name, level: 'none' });
      checkShown(attack, baseline, (text) => t.diagnostic(text));
      for (const level of attack.levels) await checkLevel(attack, level, baseline);
    });
  }
});
