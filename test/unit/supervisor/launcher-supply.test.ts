import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import type { JailPlan } from '../../../src/sandbox/launch-plan.ts';
import type { NamespaceWay } from '../../../src/sandbox/root-plan.ts';
import type { LauncherCommand } from '../../../src/supervisor/launcher-process.ts';
import { LauncherSupply } from '../../../src/supervisor/launcher-supply.ts';
import { FakeClock } from '../../fakes/clock.ts';

const command = (name: string): LauncherCommand => ({
  file: process.execPath,
  args: ['-e', `process.stderr.write('${name}\\n'); process.stdin.resume()`],
  env: {},
});

/** A plan as far as the supply looks at it. */
function planFor(way: NamespaceWay | null): { readonly jail: JailPlan } {
  const root = way === null ? null : { way, mounts: [], folders: [], links: [] };
  return { jail: { root, landlock: null, seccomp: null } };
}

function create(count: number, inNamespace?: () => LauncherCommand | null) {
  return new LauncherSupply(
    { command: command('common'), count, clock: new FakeClock(), log: silentLog },
    inNamespace,
  );
}

async function nameOf(supply: LauncherSupply, way: NamespaceWay | null): Promise<string> {
  const launcher = supply.take(planFor(way));
  const ended = new Promise<void>((resolve) => launcher.whenExited(() => resolve()));
  for (let n = 0; n < 500 && launcher.output.tail === ''; n += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  launcher.group.signal('SIGKILL');
  await ended;
  return launcher.output.tail.trim();
}

test('launcher supply: a plan gets a launcher of its kind', async () => {
  const supply = create(0, () => command('namespaced'));
  try {
    assert.deepEqual(
      [await nameOf(supply, null), await nameOf(supply, 'mount'), await nameOf(supply, 'unshare')],
      ['common', 'common', 'namespaced'],
    );
  } finally {
    await supply.close();
  }
});

test('launcher supply: launchers in a namespace are kept from the first plan on that needs one', async () => {
  let asked = 0;
  const supply = create(1, () => {
    asked += 1;
    return command('namespaced');
  });
  try {
    assert.deepEqual([supply.waiting, asked], [1, 0]);
    await nameOf(supply, null);
    assert.equal(asked, 0);
    await nameOf(supply, 'unshare');
    assert.ok(asked > 0);
  } finally {
    await supply.close();
  }
  assert.equal(supply.waiting, 0);
});

test('launcher supply: without a way to a namespace a plan that needs one is refused', async () => {
  const supply = create(0);
  assert.throws(() => supply.take(planFor('unshare')), /cannot start a launcher in a namespace/);
  await supply.close();
});
