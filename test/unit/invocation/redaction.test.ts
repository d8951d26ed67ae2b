import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Redactor } from '../../../src/invocation/redaction.ts';

const redactor = new Redactor({
  root: '/srv/fns',
  secrets: ['abcd', 'abcd-efgh', 'x.y*z$', 'ab'],
  hostFolders: ['data'],
});

describe('redaction', () => {
  for (const [text, expected] of [
    ['token abcd-efgh, abcd', 'token <hidden>, <hidden>'],
    ['special x.y*z$ stays x.yz$', 'special <hidden> stays x.yz$'],
    ['ab is too short to mask', 'ab is too short to mask'],
    ["ENOENT: open '/etc/passwd'", "ENOENT: open '<path>'"],
    ['at handler (/srv/fns/users/get.[id].js:3:9)', 'at handler (users/get.[id].js:3:9)'],
    ['file:///srv/fns/a.mjs file:///usr/lib/b.js', 'a.mjs <path>'],
    ['/srv/fns2/x is another tree', '<path> is another tree'],
    ['/data/one is a folder of this host', '<path> is a folder of this host'],
    ['GET /users/1 and https://api.example/usr/bin/x', 'GET /users/1 and https://api.example/usr/bin/x'],
    ['a/usr/b and ../tmp/x are relative', 'a/usr/b and ../tmp/x are relative'],
  ] as const) {
    test(`${text} → ${expected}`, () => assert.equal(redactor.mask(text), expected));
  }

  test('logs keep paths and lose secrets', () => {
    assert.equal(redactor.maskSecrets('/etc/passwd abcd'), '/etc/passwd <hidden>');
  });

  test('a root of / masks no slash of its own', () => {
    assert.equal(new Redactor({ root: '/', secrets: [] }).mask('a/b /etc/passwd'), 'a/b <path>');
  });
});
