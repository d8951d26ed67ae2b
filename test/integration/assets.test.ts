// Static files beside functions (contract/assets-home-openapi.md A), from a real folder through a whole gateway.
import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { eventually } from './support/eventually.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Ask, ask } from './support/http.ts';
import { exchange, get } from './support/raw-http.ts';
import { echoJs, type Tree, writeTree } from './support/tree.ts';

const config = (assets: object) => JSON.stringify({ assets: { directory: 'public', ...assets } });
const html = { accept: 'text/html' };

const files: Tree = {
  'public/index.html': '<h1>index</h1>',
  'public/app.js': 'let app = 1;',
  'public/app.1a2b3c4d.js': 'hashed',
  'public/photo-20240115.jpg': 'jpg',
  'public/assets/index-DiwrgTda.js': 'built',
  'public/assets/bootstrap-datepicker.js': 'named',
  'public/empty.txt': '',
  'public/sub/index.html': '<h1>sub</h1>',
  'public/a b.txt': 'space',
  'public/a+b.txt': 'plus',
  'public/.env': 'SECRET',
  'public/.well-known/x': 'well known',
  'public/sub/.well-known/x': 'not well known',
  'public/fn.env.json': '{"SECRET":"1"}',
  'public/fn.config.json.bak': '{}',
  'public/x.js': 'never a route',
  'public/hello/index.html': '<h1>hello file</h1>',
  'public/_fn/app.js': 'never',
  'public/console/app.js': 'never',
  'public/odd.CSS': 'a{}',
  'get.hello.js': echoJs('hello'),
  'post.submit.js': echoJs('submit'),
  'secret.txt': 'SECRET',
  'fn.env.json': '{"KEY":"SECRET"}',
};

function link(root: string): void {
  symlinkSync('../secret.txt', join(root, 'public/escape.txt'));
  symlinkSync('app.js', join(root, 'public/in.txt'));
  symlinkSync('.env', join(root, 'public/env.txt'));
  symlinkSync('..', join(root, 'public/up'));
  linkSync(join(root, 'fn.env.json'), join(root, 'public/second-name.txt'));
  linkSync(join(root, 'public/app.js'), join(root, 'public/other-name.js'));
}

const status = async (gateway: TestGateway, target: string, options: Ask = {}) =>
  (await ask(gateway.url, target, options)).status;

describe('assets: files', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ ...files, 'fn.config.json': config({}) });
    link(gateway.root);
    writeFileSync(join(gateway.root, 'public/big.bin'), '');
    truncateSync(join(gateway.root, 'public/big.bin'), 33 * 1024 * 1024);
  });
  after(() => gateway.close());

  test('a file comes with its type, its tag and its date', async () => {
    const answer = await ask(gateway.url, '/app.js');
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'let app = 1;');
    assert.equal(answer.headers['content-type'], 'application/javascript; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'public, max-age=0, must-revalidate');
    assert.match(String(answer.headers['etag']), /^W\/".+"$/);
    assert.ok(Date.parse(String(answer.headers['last-modified'])) > 0);
    assert.equal(answer.headers['content-length'], '12');
    assert.equal(answer.headers['accept-ranges'], 'bytes');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['vary'], 'Accept-Encoding');
    assert.equal((await ask(gateway.url, '/odd.CSS')).headers['content-type'], 'text/css; charset=utf-8');
  });

  test('only names that carry a hash are kept for ever', async () => {
    const kept = async (target: string) =>
      String((await ask(gateway.url, target)).headers['cache-control']).includes('immutable');
    assert.equal(await kept('/app.1a2b3c4d.js'), true);
    assert.equal(await kept('/assets/index-DiwrgTda.js'), true);
    assert.equal(await kept('/photo-20240115.jpg'), false);
    assert.equal(await kept('/assets/bootstrap-datepicker.js'), false);
  });

  test('HEAD has the headers and no body; an empty file is an empty answer', async () => {
    const head = await ask(gateway.url, '/app.js', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, '12', 0]);
    const empty = await ask(gateway.url, '/empty.txt');
    assert.deepEqual([empty.status, empty.headers['content-length']], [200, '0']);
    assert.equal(await status(gateway, '/empty.txt', { method: 'HEAD' }), 200);
  });

  test('conditions: If-None-Match first, then dates', async () => {
    const { headers } = await ask(gateway.url, '/app.js');
    const etag = String(headers['etag']);
    const date = String(headers['last-modified']);
    const future = new Date(Date.now() + 86_400_000).toUTCString();
    const with_ = async (conditions: Record<string, string>) =>
      status(gateway, '/app.js', { headers: conditions });
    assert.equal(await with_({ 'if-none-match': etag }), 304);
    assert.equal(await with_({ 'if-none-match': `"zzz", ${etag}` }), 304);
    assert.equal(await with_({ 'if-none-match': '*' }), 304);
    assert.equal(await with_({ 'if-none-match': 'W/"0-0"', 'if-modified-since': future }), 200);
    assert.equal(await with_({ 'if-modified-since': date }), 304);
    assert.equal(await with_({ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }), 200);
    assert.equal(await with_({ 'if-match': '"other"' }), 412);
    assert.equal(await with_({ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }), 412);
    const unchanged = await ask(gateway.url, '/app.js', { headers: { 'if-none-match': etag } });
    assert.equal(unchanged.bytes.length, 0);
    assert.equal(unchanged.headers['etag'], etag);
    assert.equal(unchanged.headers['content-length'], undefined);
  });

  test('an edit within a second of the same size is another tag', async () => {
    const file = join(gateway.root, 'public/edited.txt');
    const tags = [];
    for (const [text, at] of [
      ['one', 1_700_000_000.1],
      ['two', 1_700_000_000.2],
    ] as const) {
      writeFileSync(file, text);
      utimesSync(file, at, at);
      const answer = await ask(gateway.url, '/edited.txt');
      assert.equal(answer.text, text);
      tags.push(answer.headers['etag']);
    }
    assert.notEqual(tags[0], tags[1]);
  });

  test('ranges', async () => {
    const part = await ask(gateway.url, '/app.js', { headers: { range: 'bytes=0-3' } });
    assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'let ', 'bytes 0-3/12']);
    const tail = await ask(gateway.url, '/app.js', { headers: { range: 'bytes=-2' } });
    assert.deepEqual([tail.status, tail.text], [206, '1;']);
    const behind = await ask(gateway.url, '/app.js', { headers: { range: 'bytes=99-' } });
    assert.equal(behind.status, 416);
    assert.equal(behind.headers['content-range'], 'bytes */12');
    assert.equal(behind.json().code, 'range_not_satisfiable');
    assert.equal(await status(gateway, '/app.js', { headers: { range: 'bytes=0-1,4-5' } }), 200);
    const old = { range: 'bytes=0-3', 'if-range': '"other"' };
    assert.equal(await status(gateway, '/app.js', { headers: old }), 200);
  });

  test('a large file is streamed whole', async () => {
    const answer = await ask(gateway.url, '/big.bin');
    assert.deepEqual([answer.status, answer.bytes.length], [200, 33 * 1024 * 1024]);
  });

  test('a folder is its index, at the path with a slash', async () => {
    const moved = await ask(gateway.url, '/sub?a=1');
    assert.deepEqual([moved.status, moved.headers['location']], [308, '/sub/?a=1']);
    assert.equal((await ask(gateway.url, '/sub/')).text, '<h1>sub</h1>');
    assert.equal((await ask(gateway.url, '/')).text, '<h1>index</h1>');
    assert.equal(await status(gateway, '/app.js/'), 404);
    assert.equal((await ask(gateway.url, '//sub')).headers['location'], '/sub/');
  });

  test('paths are decoded once, and a plus is a plus', async () => {
    assert.equal((await ask(gateway.url, '/a%20b.txt')).text, 'space');
    assert.equal((await ask(gateway.url, '/a+b.txt')).text, 'plus');
    assert.equal((await ask(gateway.url, '/a%2Bb.txt')).text, 'plus');
    for (const target of ['/%2561pp.js', '/APP.JS', '/sub%2findex.html', '/app.js%20', '/app.js.']) {
      assert.equal(await status(gateway, target), 404, target);
    }
  });

  test('hidden files, configs and what lies outside are not there', async () => {
    const targets = [
      '/.env',
      '/sub/.well-known/x',
      '/fn.env.json',
      '/fn.config.json.bak',
      '/FN.ENV.JSON',
      '/secret.txt',
    ];
    const climbing = [
      '/%252e%252e/secret.txt',
      '/sub/..%5c..%5csecret.txt',
      '/sub/%2e%2e%2f%2e%2e%2fsecret.txt',
    ];
    const links = [
      '/escape.txt',
      '/second-name.txt',
      '/env.txt',
      '/up/secret.txt',
      '/up/fn.config.json',
      '/up/get.hello.js',
      '/..\\secret.txt',
    ];
    for (const target of [...targets, ...climbing, ...links, '/public/app.js', '/sub/..;/secret.txt']) {
      const answer = await ask(gateway.url, target);
      assert.equal(answer.status, 404, target);
      assert.doesNotMatch(answer.text, /SECRET/);
    }
    for (const target of [
      '/%2e%2e/secret.txt',
      '/../secret.txt',
      '/app.js%00.txt',
      '/sub/../../secret.txt',
      '/%zz',
    ]) {
      const { answers } = await exchange(gateway.url, [get(target)]);
      assert.equal(answers[0]?.status, 400, target);
    }
    assert.equal((await ask(gateway.url, '/.well-known/x')).text, 'well known');
    assert.equal((await ask(gateway.url, '/in.txt')).text, 'let app = 1;');
    assert.equal((await ask(gateway.url, '/other-name.js')).text, 'let app = 1;');
  });

  test('the control plane is never a file, and files are no routes', async () => {
    for (const target of ['/_fn/app.js', '/console/app.js']) {
      assert.notEqual((await ask(gateway.url, target)).text, 'never');
    }
    assert.equal(await status(gateway, '/public/x'), 404);
    assert.equal(await status(gateway, '/x'), 404);
  });

  test('files come before functions; other methods of a file are refused', async () => {
    assert.equal((await ask(gateway.url, '/hello')).headers['location'], '/hello/');
    assert.equal((await ask(gateway.url, '/hello/')).text, '<h1>hello file</h1>');
    const refused = await ask(gateway.url, '/app.js', { method: 'POST' });
    assert.deepEqual([refused.status, refused.headers['allow']], [405, 'GET, HEAD']);
    const options = await ask(gateway.url, '/app.js', { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers['allow']], [204, 'GET, HEAD, OPTIONS']);
    assert.equal(await status(gateway, '/submit'), 405);
    assert.equal(await status(gateway, '/nope', { method: 'POST' }), 404);
    assert.equal(await status(gateway, '/nope', { headers: html }), 404);
  });

  test('no descriptor is left, whatever becomes of an answer', async () => {
    const held = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${gateway.root}/public`);
        } catch {
          return false;
        }
      }).length;
    const leaving = new AbortController();
    const broken = ask(gateway.url, '/big.bin', { signal: leaving.signal }).catch(() => null);
    await ask(gateway.url, '/big.bin', { method: 'HEAD' });
    await ask(gateway.url, '/big.bin', { headers: { 'if-match': '"x"' } });
    await ask(gateway.url, '/big.bin', { headers: { 'if-none-match': '*' } });
    for (const target of ['/escape.txt', '/sub', '/env.txt', '/up', '/nope']) await ask(gateway.url, target);
    leaving.abort();
    await broken;
    await eventually(() => assert.equal(held(), 0));
  });

  test('changed, new and removed files are seen at once', async () => {
    const file = join(gateway.root, 'public/later.txt');
    assert.equal(await status(gateway, '/later.txt'), 404);
    writeFileSync(file, 'first');
    assert.equal((await ask(gateway.url, '/later.txt')).text, 'first');
    writeFileSync(file, 'second');
    assert.equal((await ask(gateway.url, '/later.txt')).text, 'second');
    rmSync(file);
    assert.equal(await status(gateway, '/later.txt'), 404);
  });

  test('packed copies go to those who take them, unless they are old', async () => {
    const at = (name: string) => join(gateway.root, 'public', name);
    const text = 'packed '.repeat(400);
    for (const name of ['packed.css', 'stale.css']) writeFileSync(at(name), text);
    writeFileSync(at('packed.css.br'), brotliCompressSync(text));
    writeFileSync(at('packed.css.gz'), gzipSync(text));
    writeFileSync(at('stale.css.br'), brotliCompressSync('old'));
    utimesSync(at('stale.css.br'), 1, 1);
    const taking = (coding: string, target = '/packed.css') =>
      ask(gateway.url, target, { headers: { 'accept-encoding': coding } });
    const br = await taking('gzip, br');
    assert.equal(br.headers['content-encoding'], 'br');
    assert.equal(br.headers['content-type'], 'text/css; charset=utf-8');
    assert.equal(br.headers['vary'], 'Accept-Encoding');
    assert.equal(brotliDecompressSync(br.bytes).toString(), text);
    const gz = await taking('gzip, br;q=0');
    assert.equal(gz.headers['content-encoding'], 'gzip');
    assert.equal(Number(gz.headers['content-length']), gzipSync(text).length);
    assert.notEqual(br.headers['etag'], gz.headers['etag']);
    const plain = await taking('identity');
    assert.deepEqual([plain.headers['content-encoding'], plain.text], [undefined, text]);
    assert.equal(plain.headers['vary'], 'Accept-Encoding');
    assert.equal((await taking('br', '/stale.css')).text, text);
    const packedNow = await taking('gzip', '/stale.css');
    assert.equal(gunzipSync(packedNow.bytes).toString(), text);
  });
});

describe('assets: modes', () => {
  const shell = '<h1>index</h1>';
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(files);
  });
  after(() => gateway.close());
  const configure = async (assets: object, tree: Tree = {}) => {
    writeTree(gateway.root, { ...tree, 'fn.config.json': config(assets) });
    await gateway.reload();
  };

  test('a single-page application answers navigation, and nothing else, with its shell', async () => {
    await configure({ not_found_handling: ' SPA ' });
    const at = async (target: string, headers: Record<string, string> = {}) => {
      const answer = await ask(gateway.url, target, { headers });
      return answer.status === 200 && answer.text === shell;
    };
    assert.equal(await at('/dash', html), true);
    assert.equal(await at('/dash', { accept: '*/*' }), true);
    assert.equal(await at('/dash'), true);
    assert.equal(await at('/v1.2'), true);
    assert.equal(await at('/dash', { accept: 'application/json' }), false);
    assert.equal(await at('/dash', { accept: 'application/json', 'sec-fetch-mode': 'navigate' }), true);
    assert.equal(await at('/dash', { accept: '*/*', 'sec-fetch-mode': 'cors' }), false);
    for (const target of ['/missing.js', '/api/x', '/api', '/api-x', '/.x', '/.git/config', '/sub/.env']) {
      assert.equal(await status(gateway, target, { headers: html }), 404, target);
    }
    assert.equal(await status(gateway, '/submit', { headers: html }), 405);
    assert.equal(await status(gateway, '/dash', { method: 'POST' }), 404);
    const head = await ask(gateway.url, '/dash', { method: 'HEAD', headers: html });
    assert.deepEqual([head.status, head.headers['content-length']], [200, String(shell.length)]);
  });

  test('run_worker_first: functions, then files', async () => {
    await configure({ run_worker_first: true });
    assert.equal((await ask(gateway.url, '/hello')).json().file, 'hello');
    assert.equal((await ask(gateway.url, '/app.js')).text, 'let app = 1;');
    assert.equal(await status(gateway, '/sub'), 308);
    assert.equal(await status(gateway, '/app.js', { method: 'POST' }), 405);
    assert.equal((await ask(gateway.url, '/')).text, shell);
  });

  test('404.html answers those who ask for pages, with 404', async () => {
    await configure({}, { 'public/404.html': '<h1>lost</h1>' });
    const page = await ask(gateway.url, '/nope', {
      headers: { ...html, 'if-none-match': '*', range: 'bytes=0-1' },
    });
    assert.deepEqual([page.status, page.text], [404, '<h1>lost</h1>']);
    assert.equal((await ask(gateway.url, '/nope')).json().error, 'not found');
    assert.equal((await ask(gateway.url, '/nope.js', { headers: html })).json().error, 'not found');
  });

  test('a folder in the depth is served and not searched for functions', async () => {
    await configure(
      { directory: 'web/public' },
      { 'web/public/get.file.js': 'text', 'web/get.page.js': echoJs('page') },
    );
    assert.equal((await ask(gateway.url, '/get.file.js')).text, 'text');
    assert.equal(await status(gateway, '/web/public/file'), 404);
    assert.equal((await ask(gateway.url, '/web/page')).json().file, 'page');
  });

  for (const [name, assets] of [
    ['a folder outside', { directory: '../x' }],
    ['a folder that is not there', { directory: 'missing' }],
    ['a handling that nobody knows', { not_found_handling: 'x' }],
  ] as const) {
    test(`${name}: no files`, async () => {
      await configure(assets);
      assert.equal(await status(gateway, '/app.js'), 404);
      assert.equal(await status(gateway, '/dash', { headers: html }), 404);
      assert.equal(await status(gateway, '/hello'), 200);
    });
  }

  test('a link may be the folder, but not to what holds the functions; it is seen after a reload', async () => {
    await configure({ directory: 'linked' });
    assert.equal(await status(gateway, '/app.js'), 404);
    symlinkSync('.', join(gateway.root, 'linked'));
    await gateway.reload();
    assert.equal(await status(gateway, '/get.hello.js'), 404);
    rmSync(join(gateway.root, 'linked'));
    mkdirSync(join(gateway.root, 'dist'));
    writeTree(gateway.root, { 'dist/get.built.js': 'built' });
    symlinkSync('dist', join(gateway.root, 'linked'));
    await gateway.reload();
    assert.equal((await ask(gateway.url, '/get.built.js')).text, 'built');
    assert.equal(await status(gateway, '/dist/built'), 404, 'its files are no functions either');
  });
});
