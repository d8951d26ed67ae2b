// What names alone decide about a static file: whether it can be asked for, what it is, how long it is kept, and who may get the
// shell of a single-page application in its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderLocation, parseAssetPath } from '../../../../src/edge/assets/asset-path.ts';
import { cacheControlOf, contentTypeOf, isWorthPacking } from '../../../../src/edge/assets/content-type.ts';
import { isNavigation, wantsPage } from '../../../../src/edge/assets/navigation.ts';

test('asset path: decoded once, split by real slashes, folders told apart', () => {
  assert.deepEqual(parseAssetPath('/a/b%20c.txt'), { segments: ['a', 'b c.txt'], isFolder: false });
  assert.deepEqual(parseAssetPath('/a/'), { segments: ['a'], isFolder: true });
  assert.deepEqual(parseAssetPath('/'), { segments: [], isFolder: true });
  assert.deepEqual(parseAssetPath('/a%252Fb')?.segments, ['a%2Fb']);
  assert.deepEqual(parseAssetPath('/.well-known/x')?.segments, ['.well-known', 'x']);
  const none = [
    '/.env',
    '/a/.git/config',
    '/a/.well-known/x',
    '/a%2Fb',
    '/a%5Cb',
    '/..',
    '/%zz',
    '/a%00',
    '/a%0Ab',
  ];
  const ours = [
    '/fn.config.json',
    '/sub/FN.ENV.JSON',
    '/fn.env.json.br',
    '/fn.test_events.json',
    '/x/fastfn.json',
  ];
  for (const path of [...none, ...ours]) assert.equal(parseAssetPath(path), null, path);
});

test('asset path: the location of a folder is always a path of this host', () => {
  const location = (path: string, query = '') => {
    const parsed = parseAssetPath(path);
    assert.ok(parsed);
    return folderLocation(parsed, query);
  };
  assert.equal(location('//evil.example'), '/evil.example/');
  assert.equal(location('/a%3Fb', 'c=d'), '/a%3Fb/?c=d');
  assert.equal(location('/é'), '/%C3%A9/');
});

test('content type: by the last extension, whatever its case', () => {
  const rows = [
    ['a.HTML', 'text/html; charset=utf-8'],
    ['a.min.js', 'application/javascript; charset=utf-8'],
    ['a.map', 'application/json'],
    ['a.avif', 'image/avif'],
    ['a.webmanifest', 'application/manifest+json'],
    ['a.constructor', 'application/octet-stream'],
    ['LICENSE', 'application/octet-stream'],
  ] as const;
  for (const [name, type] of rows) assert.equal(contentTypeOf(name), type, name);
  assert.deepEqual(['a.svg', 'a.ttf', 'a.wasm'].map(contentTypeOf).map(isWorthPacking), [true, true, true]);
  assert.deepEqual(['a.png', 'a.woff2', 'a.zip'].map(contentTypeOf).map(isWorthPacking), [
    false,
    false,
    false,
  ]);
});

test('cache control: for ever only what carries a hash', () => {
  const kept = (path: string) => cacheControlOf(path.split('/')).includes('immutable');
  const hashed = [
    'app.1a2b3c4d.js',
    'app-1A2B3C4D.css',
    'x_deadbeef1.png',
    'assets/index-DiwrgTda.js',
    '_next/static/chunks/main-8a7b6c5d.js',
  ];
  const named = [
    'index.html',
    'photo-20240115.jpg',
    'app.deadbeef',
    'facade-decade.js',
    'index-DiwrgTda.js',
    'static/photo-20240115.jpg',
    'assets/jquery-migrated.js',
  ];
  for (const path of hashed) assert.equal(kept(path), true, path);
  for (const path of named) assert.equal(kept(path), false, path);
});

test('navigation: pages for browsers on their way, errors for scripts', () => {
  const rows: readonly (readonly [string, Record<string, string>, boolean])[] = [
    ['dash', {}, true],
    ['dash', { accept: 'text/html,*/*;q=0.8' }, true],
    ['dash', { accept: 'application/json' }, false],
    ['dash', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, false],
    ['dash', { 'sec-fetch-dest': 'document' }, true],
    ['v1.2', {}, true],
    ['logo.png', {}, false],
    ['api', {}, false],
    ['api-v2/x', {}, false],
    ['apix', {}, true],
    ['a/.hidden', {}, false],
  ];
  for (const [path, headers, expected] of rows) {
    assert.equal(isNavigation(path.split('/'), headers), expected, `${path} ${JSON.stringify(headers)}`);
  }
  assert.equal(wantsPage(['dash'], { accept: '*/*' }), false);
  assert.equal(wantsPage(['dash'], { accept: 'text/html' }), true);
});
