import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveWorkerUser } from '../../../src/config/worker-user.ts';

const files: Record<string, string> = {
  '/etc/passwd':
    'root:x:0:0::/root:/bin/sh\nfn:x:990:991::/:/bin/false\ntoor:x:0:5::/:/bin/sh\nodd\nbad:x:-1:zero::\n',
  '/etc/group': 'root:x:0:\nfn:x:991:\nweb:x:33:fn\n',
};
const resolve = (text: string, uid: number | null = 0) =>
  resolveWorkerUser(text, { uid, readFile: (path) => files[path] ?? null });

test('worker user: a name or a number, with its own group or another', () => {
  for (const [text, uid, gid] of [
    ['fn', 990, 991],
    ['990', 990, 991],
    ['fn:web', 990, 33],
    ['fn:7', 990, 7],
    ['65534', 65_534, 65_534],
    ['65534:33', 65_534, 33],
  ] as const) {
    assert.deepEqual(resolve(text), { user: { uid, gid }, fault: null }, text);
  }
});

test('worker user: root, nobody known and nonsense are errors', () => {
  for (const text of [
    'root',
    '0',
    '0:5',
    'toor',
    'fn:root',
    'fn:0',
    '65534:0',
    'nobody-here',
    'fn:nowhere',
    'fn:web:x',
    'bad',
    'odd',
    ':',
    'fn:',
    '-1',
    '1e3',
    '4294967295',
    '99999999999',
  ]) {
    const { user, fault } = resolve(text);
    assert.equal(user, null, text);
    assert.equal(fault?.severity, 'error', text);
    assert.equal(fault?.key, 'FN_WORKER_USER');
  }
});

test('worker user: without root it has no effect and says so', () => {
  for (const uid of [1000, null]) {
    const { user, fault } = resolve('fn', uid);
    assert.equal(user, null);
    assert.equal(fault?.severity, 'warning');
  }
});

test('worker user: a host without a passwd file knows numbers only', () => {
  const bare = { uid: 0, readFile: () => null };
  assert.deepEqual(resolveWorkerUser('5', bare).user, { uid: 5, gid: 5 });
  assert.equal(resolveWorkerUser('fn', bare).user, null);
});
