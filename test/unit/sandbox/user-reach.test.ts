import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedTo } from '../../../src/sandbox/user-reach.ts';

const user = { uid: 990, gid: 991 };
const nobodys = { uid: 0, gid: 0 };

interface Node {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly file?: boolean;
}

function closed(path: string, tree: Readonly<Record<string, Node>>): string | null {
  return closedTo(user, path, (step) => {
    const { file = false, ...rest } = tree[step] ?? { mode: 0o755 };
    return { ...nobodys, ...rest, isDirectory: () => !file };
  });
}

test('user reach: folders on the way need search, the last one reading too', () => {
  assert.equal(closed('/srv/fns', {}), null);
  assert.equal(closed('/root/fns', { '/root': { mode: 0o700 } }), '/root');
  assert.equal(closed('/root/fns', { '/root': { mode: 0o711 } }), null);
  assert.equal(closed('/srv/fns', { '/srv/fns': { mode: 0o711 } }), '/srv/fns');
  assert.equal(closed('/srv/x.py', { '/srv/x.py': { mode: 0o644, file: true } }), null);
  assert.equal(closed('/srv/x.py', { '/srv/x.py': { mode: 0o640, file: true } }), '/srv/x.py');
  assert.equal(closed('/', { '/': { mode: 0o700 } }), '/');
});

test('user reach: the owner’s rights go before the group’s, the group’s before the others’', () => {
  assert.equal(closed('/d', { '/d': { mode: 0o750, gid: 991 } }), null);
  assert.equal(closed('/d', { '/d': { mode: 0o705, gid: 991 } }), '/d');
  assert.equal(closed('/d', { '/d': { mode: 0o077, uid: 990 } }), '/d');
});

test('user reach: what is not there is closed', () => {
  assert.equal(closedTo(user, '/nonexistent/x'), '/nonexistent/x');
  assert.equal(closedTo(user, '/'), null);
});
