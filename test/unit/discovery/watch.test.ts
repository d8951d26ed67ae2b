// Watching with a real file system; the debounce and the interval with a clock of the test's own.

import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { type WatchOptions, watchFunctions } from '../../../src/discovery/watch.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { ask, makeTree, scan, writeTree } from './tree-fixture.ts';

interface Seen {
  count: number;
  /** The next call of onChange; rejects after `ms`. */
  next(ms?: number): Promise<void>;
}

async function startWatch(t: TestContext, root: string, options: Partial<WatchOptions> = {}): Promise<Seen> {
  let wake: () => void = () => undefined;
  const seen: Seen = {
    count: 0,
    next: (ms = 1_500) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no change seen in ${ms} ms`)), ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
  const watch = watchFunctions({
    ...{ root, stateDir: join(root, '.fastfn'), watchdog: true, debounceMs: 50, intervalMs: 2_000 },
    clock: systemClock,
    onChange: () => {
      seen.count++;
      wake();
    },
    ...options,
  });
  t.after(() => watch.close());
  await watch.ready;
  return seen;
}

/** Long enough for the system to deliver what it has to deliver. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 250));

/** Changes until `condition` holds, or a second has passed. */
async function within(ms: number, condition: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + ms; performance.now() < deadline; ) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return condition();
}

describe('watch: a real file system', () => {
  it('sees a new folder, its removal, and a copied tree with everything in it', async (t) => {
    const root = makeTree(t, ['get.a.js']);
    const model = makeTree(t, ['m/get.x.js', 'm/n/get.y.js', 'm/n/o/get.z.js']);
    let catalog = await scan(root);
    let scanning: Promise<unknown> = Promise.resolve();
    await startWatch(t, root, {
      onChange: () => {
        scanning = scanning.then(async () => {
          catalog = await scan(root);
        });
      },
    });
    writeTree(root, ['new/index.js']);
    assert.ok(await within(1_500, async () => ask(catalog, 'GET /new') === 'new/index.js'));
    rmSync(join(root, 'new'), { recursive: true });
    assert.ok(await within(1_500, async () => ask(catalog, 'GET /new') === '404'));
    cpSync(join(model, 'm'), join(root, 'm'), { recursive: true });
    const all = ['GET /m/x', 'GET /m/n/y', 'GET /m/n/o/z'];
    assert.ok(await within(1_500, async () => all.every((request) => ask(catalog, request) !== '404')));
    await scanning;
  });

  it('sees an edit, a rename and a new environment file', async (t) => {
    const root = makeTree(t, ['a/handler.js', 'a/lib/x.js']);
    const seen = await startWatch(t, root);
    for (const change of [
      () => writeFileSync(join(root, 'a/lib/x.js'), 'changed'),
      () => renameSync(join(root, 'a/lib/x.js'), join(root, 'a/lib/y.js')),
      () => writeFileSync(join(root, 'a/fn.env.json'), '{}'),
    ]) {
      const next = seen.next();
      change();
      await next;
      await quiet();
    }
  });

  it('does not care for installed packages, builds, state, history and backups', async (t) => {
    const root = makeTree(t, [
      'a/handler.js',
      'a/node_modules/p/x.js',
      '.fastfn/s.db',
      '.git/HEAD',
      'a/.deps/x.py',
    ]);
    const seen = await startWatch(t, root);
    writeTree(root, [
      'a/node_modules/p/x.js',
      'a/node_modules/q/y.js',
      '.fastfn/s.db',
      '.fastfn/new/t',
      '.git/HEAD',
    ]);
    writeTree(root, [
      'a/.deps/x.py',
      'a/handler.js~',
      'a/__pycache__/x.pyc',
      'b/node_modules/p/x.js',
      '.DS_Store',
    ]);
    rmSync(join(root, 'b'), { recursive: true });
    await quiet();
    const before = seen.count;
    writeTree(root, ['a/node_modules/p/z.js', '.fastfn/s.db']);
    await quiet();
    assert.equal(seen.count, before);
  });

  it('a root below a folder with an ignored name is watched all the same', async (t) => {
    const root = join(makeTree(t, ['node_modules/app/get.a.js']), 'node_modules/app');
    const seen = await startWatch(t, root);
    const next = seen.next();
    writeTree(root, ['get.b.js']);
    await next;
  });

  it('is silent after close', async (t) => {
    const root = makeTree(t, ['get.a.js']);
    let count = 0;
    const base = { root, stateDir: join(root, '.fastfn'), watchdog: true, debounceMs: 10, intervalMs: 10 };
    const watch = watchFunctions({ ...base, clock: systemClock, onChange: () => count++ });
    await watch.ready;
    writeTree(root, ['get.b.js']);
    await watch.close();
    writeTree(root, ['get.c.js']);
    await quiet();
    assert.equal(count, 0);
  });
});

describe('watch: time', () => {
  it('waits for the end of a burst, and not longer than a second', async (t) => {
    const root = makeTree(t, ['get.a.js']);
    const clock = new FakeClock();
    const seen = await startWatch(t, root, { clock, debounceMs: 400 });
    for (let edit = 0; edit < 3; edit++) {
      const armed = clock.pending;
      writeFileSync(join(root, 'get.a.js'), `edit ${edit}`);
      assert.ok(await within(1_000, async () => clock.pending > 0 && (edit > 0 || clock.pending > armed)));
      await quiet();
      clock.advance(350);
    }
    // 1,050 ms of writing every 350 ms: the debounce alone would still wait.
    assert.equal(seen.count, 1);
    clock.advance(5_000);
    assert.ok(seen.count <= 2);
    assert.equal(clock.pending, 0);
  });

  it('without watching it compares fingerprints at the interval', async (t) => {
    const root = makeTree(t, ['a/handler.js', 'a/node_modules/p/x.js']);
    const clock = new FakeClock();
    const seen = await startWatch(t, root, { clock, watchdog: false, intervalMs: 2_000 });
    const round = async () => {
      clock.advance(2_000);
      assert.ok(await within(1_000, async () => clock.pending === 1));
    };
    await round();
    assert.equal(seen.count, 0);
    writeTree(root, ['a/node_modules/p/y.js', '.fastfn/x']);
    await round();
    assert.equal(seen.count, 0);
    for (const path of ['a/lib/new.js', 'a/fn.env.json', 'b/handler.js']) {
      const before: number = seen.count;
      writeTree(root, [path]);
      await round();
      assert.equal(seen.count, before + 1, path);
    }
    rmSync(join(root, 'b'), { recursive: true });
    await round();
    assert.equal(seen.count, 4);
  });
});
