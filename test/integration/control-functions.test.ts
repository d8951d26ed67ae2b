// Functions made, read, changed and deleted over HTTP, and served as changed (contract/control-plane.md 6 and 7).
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask } from './support/http.ts';
import { type Operator, operatorOf, target } from './support/operator.ts';
import { echoJs } from './support/tree.ts';

const writable = {
  FN_CONSOLE_WRITE_ENABLED: '1',
  FN_CONSOLE_RATE_LIMIT_MAX: '0',
  FN_CONSOLE_WRITE_RATE_LIMIT_MAX: '0',
};
const says = (text: string): string => `exports.handler = () => '${text}';\n`;

describe('control: functions', () => {
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    gateway = await startTestGateway(
      {
        'node/hello/handler.js': says('one'),
        'node/team/mail/handler.js': says('mail'),
        'users/[id]/get.js': echoJs('user'),
        'flat/fn.config.json': JSON.stringify({ runtime: 'node', name: 'flat', 'x-kept': [] }),
        'flat/handler.js': says('flat'),
        'node/env/handler.js': "exports.handler = (event) => event.env.TOKEN ?? 'none';\n",
      },
      writable,
    );
    operator = operatorOf(gateway);
  });
  after(() => gateway.close());
  const text = async (path: string): Promise<string> => (await ask(gateway.url, path)).text;
  const disk = (path: string): string => readFileSync(join(gateway.root, path), 'utf8');

  test('every kind of function can be read: grouped, namespaced, path-neutral, a file', async () => {
    for (const [name, route] of [
      ['hello', '/hello'],
      ['team/mail', '/team/mail'],
      ['flat', '/flat'],
      ['users/[id]/get.js', '/users/:id'],
    ] as const) {
      const answer = await operator.get(`/_fn/function?${target('node', name)}`);
      assert.equal(answer.status, 200, answer.text);
      const shown = answer.json();
      assert.equal(shown.name, name);
      assert.equal(shown.metadata.invoke.route, route);
      assert.ok(shown.code.includes('exports.handler'));
      assert.ok(shown.metadata.endpoints.preferred_public_url.startsWith(gateway.url));
      assert.ok(answer.headers.etag);
      const files = (await operator.get(`/_fn/function-files?${target('node', name)}`)).json();
      assert.ok(
        files.files.some((file: { type: string }) => file.type === 'handler'),
        name,
      );
      for (const path of ['function-config', 'function-env', 'function-code']) {
        assert.equal((await operator.get(`/_fn/${path}?${target('node', name)}`)).status, 200, path);
      }
    }
  });

  test('a function that is made answers at once; again it is there already; deleted it is gone; taken back it answers', async () => {
    const code = `// ${'x'.repeat(200_000)}\n${says('made')}`;
    const query = target('node', 'made');
    const body = { code, methods: ['GET', 'POST'], summary: 'Made here', query_example: { a: 1 } };
    const made = await operator.send('POST', `/_fn/function?${query}`, body);
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json().code, code, 'large code arrives whole');
    assert.deepEqual(made.json().policy.methods, ['GET', 'POST']);
    assert.equal(await text('/made'), 'made');
    const config = JSON.parse(disk('node/made/fn.config.json'));
    assert.equal(config.invoke.summary, 'Made here');
    const again = await operator.send('POST', `/_fn/function?${query}`, body);
    assert.deepEqual([again.status, again.json().error], [409, 'function already exists']);
    const gone = await operator.send('DELETE', `/_fn/function?${query}`);
    assert.deepEqual([gone.status, gone.json().name], [200, 'made']);
    assert.equal((await ask(gateway.url, '/made')).status, 404);
    assert.ok(!existsSync(join(gateway.root, 'node/made')));
    const twice = await operator.send('DELETE', `/_fn/function?${query}`);
    assert.deepEqual([twice.status, twice.json().error], [404, 'function not found']);
    assert.equal((await operator.get('/_fn/undo')).json().last.what.name, 'made');
    assert.equal((await operator.send('POST', '/_fn/undo')).status, 200);
    assert.equal(await text('/made'), 'made');
    const nothing = await operator.send('POST', '/_fn/undo');
    assert.deepEqual([nothing.status, nothing.json().error], [404, 'nothing to undo']);
  });

  test('without code there is a template that works, in every language that is here, and for files and versions', async () => {
    for (const [runtime, name, more, route] of [
      ['node', 'fresh', {}, '/fresh'],
      ['node', 'fresh', { version: 'v2' }, '/fresh@v2'],
      ['node', 'typed', {}, '/typed'],
      ['lua', 'moon', {}, '/moon'],
      ['node', 'things/get.list.js', {}, '/things/list'],
    ] as const) {
      const body = name === 'typed' ? { filename: 'handler.ts' } : {};
      const made = await operator.send('POST', `/_fn/function?${target(runtime, name, more)}`, body);
      assert.equal(made.status, 201, `${name}: ${made.text}`);
      const answer = await ask(gateway.url, `${route}?name=Ada`);
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.text, /Hello, Ada/, name);
    }
    const deleted = await operator.send('DELETE', `/_fn/function?${target('node', 'fresh')}`);
    assert.equal(deleted.status, 200, deleted.text);
    assert.equal((await ask(gateway.url, '/fresh')).status, 404);
    assert.equal((await ask(gateway.url, '/fresh@v2')).status, 200, 'versions stay');
  });

  test('what cannot be made is refused in words, and nothing is left behind', async () => {
    const before = JSON.stringify((await operator.get('/_fn/catalog')).json().mapped_routes);
    for (const [query, body, status, error] of [
      [target('cobol', 'x'), {}, 400, 'unknown runtime'],
      ['name=x', {}, 400, 'invalid runtime'],
      ['runtime=node', {}, 400, 'invalid function name'],
      [target('node', '../x'), {}, 400, 'invalid function name'],
      [target('node', '_fn/x'), {}, 400, 'invalid function name'],
      [target('node', '_hidden'), {}, 400, 'not changed: node/_hidden@default would not be served'],
      [target('node', 'x', { version: '../..' }), {}, 400, 'invalid version'],
      [target('node', 'x'), { filename: '../../handler.js' }, 400, 'invalid filename for runtime'],
      [target('node', 'x'), { filename: 'handler.py' }, 400, 'invalid filename for runtime'],
      [
        target('node', 'x'),
        { routes: ['/_fn/x'] },
        400,
        'invoke.routes must contain valid URL paths (absolute, non-reserved)',
      ],
      [
        target('node', 'x'),
        { methods: ['FLY'] },
        400,
        'invoke.methods must be of GET, POST, PUT, PATCH and DELETE',
      ],
      [target('node', 'x'), { colour: 'red' }, 400, 'unknown key: colour'],
      [target('node', 'x'), { code: 7 }, 400, 'code must be a string'],
      [target('node', 'x'), '[]', 400, 'invalid json body'],
      [target('python', 'x.js'), {}, 400, 'runtime mismatch for function file'],
      [target('node', 'a/get.js', { version: 'v2' }), {}, 400, 'version not supported for file targets'],
      [`${target('node', 'x')}&colour=red`, {}, 400, 'unknown query parameter: colour'],
    ] as const) {
      const answer = await operator.send('POST', `/_fn/function?${query}`, body);
      assert.deepEqual([answer.status, answer.json().error], [status, error], query);
    }
    assert.ok(!existsSync(join(gateway.root, 'node/x')));
    assert.ok(!existsSync(join(gateway.root, 'node/_hidden')));
    assert.equal(JSON.stringify((await operator.get('/_fn/catalog')).json().mapped_routes), before);
  });

  test('code changes on condition, and is served when the answer comes', async () => {
    const url = `/_fn/function-code?${target('node', 'hello')}`;
    const { etag = '' } = (await operator.get(url)).headers;
    const changed = await operator.send('PUT', url, { code: says('two') }, { 'if-match': etag });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(await text('/hello'), 'two');
    const late = await operator.send('PUT', url, { code: says('three') }, { 'if-match': etag });
    assert.deepEqual([late.status, late.json().code], [412, 'precondition_failed']);
    assert.equal(late.headers.etag, changed.headers.etag);
    assert.equal(await text('/hello'), 'two');
    for (const [body, error] of [
      ['{', 'invalid json body'],
      [{}, 'code must be a string'],
      [{ code: 1 }, 'code must be a string'],
      [{ code: 'x'.repeat(2_097_153) }, 'code exceeds maximum size'],
    ] as const) {
      const answer = await operator.send('PUT', url, body);
      assert.deepEqual([answer.status, answer.json().error], [400, error]);
    }
    const huge = await operator.send('PUT', url, { code: 'x'.repeat(4_194_304) });
    assert.equal(huge.status, 413);
  });

  test('environment: secrets are hidden, kept, and lose their mark only with a new value', async () => {
    const url = `/_fn/function-env?${target('node', 'env')}`;
    const put = async (body: unknown) => (await operator.send('PUT', url, body)).json();
    const hidden = { is_secret: true, value: '<hidden>' };
    assert.deepEqual((await put({ TOKEN: 'canary-one', PLAIN: 5 })).fn_env, {
      TOKEN: hidden,
      PLAIN: { is_secret: false, value: 5 },
    });
    assert.equal(await text('/env'), 'canary-one');
    const path = join(gateway.root, 'node/env/fn.env.json');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    for (const same of ['<hidden>', { value: '<hidden>', is_secret: true }, { value: '<hidden>' }]) {
      assert.deepEqual((await put({ TOKEN: same })).fn_env.TOKEN, hidden);
      assert.equal(JSON.parse(disk('node/env/fn.env.json')).TOKEN.value, 'canary-one');
    }
    assert.deepEqual((await put({ TOKEN: { value: 'canary-two' } })).fn_env.TOKEN, hidden, 'still masked');
    assert.equal(await text('/env'), 'canary-two');
    await put({ KEY_MATERIAL: { value: 'canary-three', is_secret: true } });
    const shown = await put({ KEY_MATERIAL: { value: '<hidden>', is_secret: false } });
    assert.match(shown.error, /KEY_MATERIAL: to show a secret, give it a new value/);
    const open = await put({ KEY_MATERIAL: { value: 'open', is_secret: false } });
    assert.deepEqual(open.fn_env.KEY_MATERIAL, { is_secret: false, value: 'open' });
    assert.ok(!('TOKEN' in (await put({ TOKEN: null })).fn_env));
    assert.equal(await text('/env'), 'none');
    for (const [body, error] of [
      [{ A: { value: [1] } }, 'env value must be string|number|boolean|null'],
      [{ A: [1] }, 'env values must be string|number|boolean|null or {value,is_secret}'],
      [{ A: { is_secret: true } }, 'env entry objects must include value'],
      [{ A: { value: 1, is_secret: 'yes' } }, 'env A: is_secret must be boolean'],
      [{ A: { value: 1, colour: 2 } }, 'env A: unknown key: colour'],
      [{ ' ': 1 }, 'env keys must be non-empty strings'],
      [[1], 'invalid json body'],
    ] as const) {
      assert.equal((await put(body)).error, error);
    }
  });

  test('files: read, write, make, delete and take back within the folder, never through a link', async () => {
    const query = target('node', 'hello');
    const url = `/_fn/function-file-content?${query}`;
    const read = (path: string) => operator.get(`${url}&path=${encodeURIComponent(path)}`);
    const put = (path: string, content: unknown) => operator.send('PUT', url, { path, content });
    assert.deepEqual((await put('lib/words.txt', 'héllo')).json(), { ok: true, path: 'lib/words.txt' });
    assert.deepEqual((await read('lib/words.txt')).json().content, 'héllo');
    const bytes = Buffer.from([0, 255, 1]);
    const binary = await operator.send('PUT', url, {
      path: 'blob',
      content_base64: bytes.toString('base64'),
    });
    assert.equal(binary.status, 200, binary.text);
    assert.deepEqual((await read('blob')).json().content_base64, bytes.toString('base64'));
    const listed = (await operator.get(`/_fn/function-files?${query}`)).json();
    assert.deepEqual(
      listed.files.map((file: { path: string; type: string }) => [file.path, file.type]),
      [
        ['blob', 'file'],
        ['handler.js', 'handler'],
        ['lib/words.txt', 'file'],
      ],
    );
    const gone = await operator.send('DELETE', `${url}&path=blob`);
    assert.equal(gone.status, 200, gone.text);
    assert.deepEqual(
      [(await read('blob')).status, (await read('blob')).json().error],
      [404, 'file not found'],
    );
    assert.equal((await operator.send('POST', '/_fn/undo')).status, 200);
    assert.equal((await read('blob')).status, 200);

    symlinkSync('/etc', join(gateway.root, 'node/hello/out'));
    symlinkSync('/etc/passwd', join(gateway.root, 'node/hello/leak.txt'));
    for (const [path, error] of [
      ['../x', 'invalid path'],
      ['/etc/passwd', 'invalid path'],
      ['a\0b', 'invalid path'],
      ['.secret', 'invalid path'],
      ['lib/../../../x', 'invalid path'],
      ['a*b', 'invalid characters in path'],
      ['out/passwd', 'symlink not allowed'],
      ['leak.txt', 'symlink not allowed'],
      ['lib', 'invalid path: not a file'],
    ] as const) {
      for (const answer of [await read(path), await put(path, 'x')]) {
        assert.deepEqual([answer.status, answer.json().error], [400, error], path);
      }
    }
    assert.equal((await read('')).json().error, 'path required');
    assert.equal((await put('x', undefined)).json().error, 'content required');
    assert.equal((await put('x', 'x'.repeat(1_048_577))).json().error, 'file too large (max 1 MB)');
    assert.equal(
      (await put('fn.config.json', '{}')).json().error,
      'use config/env API to modify fn.config.json',
    );
    const handler = await operator.send('DELETE', `${url}&path=handler.js`);
    assert.deepEqual([handler.status, handler.json().error], [400, 'cannot delete the main handler file']);
    const config = await operator.send('DELETE', `${url}&path=fn.env.json`);
    assert.equal(config.json().error, 'cannot delete fn.env.json');
    const nobody = await operator.get('/_fn/function-files?runtime=node');
    assert.deepEqual([nobody.status, nobody.json().error], [400, 'runtime and name required']);
  });

  test('a reader is told what is not there, in the words of the contract', async () => {
    for (const [query, error] of [
      ['', 'invalid runtime'],
      ['runtime=a%20b&name=x', 'invalid runtime'],
      ['runtime=node', 'invalid function'],
      [target('node', 'a/../b'), 'invalid function'],
      [target('node', 'hello', { version: 'a b' }), 'invalid version'],
      [target('cobol', 'nobody'), 'unknown runtime'],
      [target('node', 'nobody'), 'unknown function'],
      [target('node', 'hello', { version: 'v9' }), 'unknown version'],
      [target('node', 'fresh'), 'default version not available'],
      [target('python', 'users/[id]/get.js'), 'runtime mismatch for function file'],
      [target('node', 'users/[id]/get.js', { version: 'v1' }), 'version not supported for file targets'],
    ] as const) {
      for (const path of ['function', 'function-config', 'function-env', 'function-code']) {
        const answer = await operator.get(`/_fn/${path}?${query}`);
        assert.deepEqual([answer.status, answer.json().error], [404, error], `${path}?${query}`);
      }
      const write = await operator.send('PUT', `/_fn/function-config?${query}`, {});
      assert.deepEqual([write.status, write.json().error], [400, error], query);
    }
  });

  test('writers at the same time: nobody loses silently, and what is on disk is always whole', async () => {
    const url = `/_fn/function-config?${target('node', 'team/mail')}`;
    const { etag } = (await operator.get(url)).headers;
    const conditional = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        operator.send('PUT', url, { group: `g${index}` }, { 'if-match': String(etag) }),
      ),
    );
    const statuses = conditional.map((answer) => answer.status).sort();
    assert.deepEqual(statuses, [200, ...Array(7).fill(412)]);
    const won = conditional.find((answer) => answer.status === 200)?.json().policy.group;
    assert.equal(JSON.parse(disk('node/team/mail/fn.config.json')).group, won);
    const keys = ['group', 'max_concurrency', 'max_body_bytes', 'timeout_ms'];
    const mixed = await Promise.all(
      keys.map((key, index) => operator.send('PUT', url, { [key]: key === 'group' ? 'all' : 1000 + index })),
    );
    assert.deepEqual(
      mixed.map((answer) => answer.status),
      [200, 200, 200, 200],
    );
    assert.deepEqual(Object.keys(JSON.parse(disk('node/team/mail/fn.config.json'))).sort(), keys.sort());
  });

  test('a file that somebody has broken is not overwritten', async () => {
    writeFileSync(join(gateway.root, 'node/env/fn.config.json'), '{ "group": ');
    const answer = await operator.send('PUT', `/_fn/function-config?${target('node', 'env')}`, {
      group: 'x',
    });
    assert.equal(answer.status, 400);
    assert.match(answer.json().error, /fn\.config\.json is not a JSON object/);
    assert.equal(disk('node/env/fn.config.json'), '{ "group": ');
  });
});
