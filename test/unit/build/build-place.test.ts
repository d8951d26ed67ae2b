import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BuildPlace } from '../../../src/build/build-place.ts';

describe('the place of builds', () => {
  let folder = '';
  const cleared: string[] = [];

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'fastfn-place-')));
    cleared.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const removeTree = async (path: string) => rmSync(path, { recursive: true });
  const placeIn = (stateDir: string, large: readonly string[] = []) =>
    new BuildPlace({
      stateDir,
      owner: null,
      care: {
        removeTree,
        clear: (path) => {
          cleared.push(path);
          return removeTree(path);
        },
        isLargerThan: async (path) => large.includes(path),
      },
    });

  test('makes nothing before it is opened, and leaves no work folder when it is closed', async () => {
    const place = placeIn(join(folder, 'state'));
    assert.equal(existsSync(join(folder, 'state')), false);
    place.open();
    place.open();
    assert.equal(statSync(place.root).mode & 0o777, 0o700);
    assert.ok(existsSync(place.staging));
    await place.close();
    assert.deepEqual(readdirSync(dirname(place.staging)), []);
  });

  test('lies at the real path of a state folder behind a link: the jail knows no links', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    assert.equal(placeIn(join(folder, 'link/state')).root, join(folder, 'real/state/deps'));
  });

  test('clears the work of dead gateways, and of those only', async () => {
    const [living, place] = [placeIn(folder), placeIn(folder)];
    living.open();
    place.open();
    const dead = join(folder, 'deps/.work/0123456789abcdef');
    mkdirSync(dead);
    writeFileSync(`${dead}.lock`, '');
    writeFileSync(join(folder, 'deps/.work/fedcba9876543210.lock'), '');
    await place.sweep();
    assert.deepEqual(cleared, [dead]);
    const left = [place, living].flatMap(({ staging }) => [staging, `${staging}.lock`]);
    assert.deepEqual(
      readdirSync(dirname(dead))
        .map((name) => join(dirname(dead), name))
        .sort(),
      left.sort(),
    );
    await living.close();
    await place.close();
  });

  test('begins a cache anew that has grown too large', async () => {
    const large = join(folder, 'deps/cache/pip');
    const place = placeIn(folder, [large]);
    for (const name of ['pip', 'npm']) place.openCache(place.cacheDir(name));
    await place.trimCaches();
    assert.deepEqual(readdirSync(join(folder, 'deps/cache')), ['npm']);
  });
});
