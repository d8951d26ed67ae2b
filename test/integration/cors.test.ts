// CORS and security headers as policy, through a whole gateway: what a page of another origin is told, and by whom.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseFunctionConfig } from '../../src/discovery/function-config.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type Answer, ask } from './support/http.ts';
import { echoJs } from './support/tree.ts';

const app = 'https://app.example.org';
const config = (value: object) => JSON.stringify(value);
const allowed = (answer: Answer) => answer.headers['access-control-allow-origin'];

describe('cors', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      'plain/index.js': echoJs('plain'),
      'listed/fn.config.json': config({
        cors: {
          ...{ origins: [app, 'https://*.example.net'], credentials: true, max_age: 60 },
          ...{ headers: ['X-Own', 'content-type'], expose_headers: ['X-Total'] },
        },
      }),
      'listed/index.js': echoJs('listed'),
      'listed/post.js': "exports.handler = () => { throw new Error('broken'); };\n",
      'open/fn.config.json': config({ cors: { origins: '*', headers: '*' } }),
      'open/index.js': echoJs('open'),
      'own/fn.config.json': config({ cors: { origins: '*' } }),
      'own/index.js':
        "exports.handler = () => ({ status: 200, headers: { 'Access-Control-Allow-Origin': 'https://x' } });\n",
      'wrong/fn.config.json': config({ cors: { origins: '*', credentials: true } }),
      'wrong/index.js': echoJs('wrong'),
      'limited/fn.config.json': config({ cors: { origins: [app] }, rate_limit: { max: 1 } }),
      'limited/index.js': echoJs('limited'),
    });
  });
  after(() => gateway.close());
  const from = (origin: string, target: string, method = 'GET') =>
    ask(gateway.url, target, { method, headers: { origin } });
  const preflight = (origin: string, target: string, method: string, headers?: string) =>
    ask(gateway.url, target, {
      method: 'OPTIONS',
      headers: {
        ...{ origin, 'access-control-request-method': method },
        ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
      },
    });

  test('off by default', async () => {
    const answer = await from(app, '/plain');
    assert.deepEqual([allowed(answer), answer.headers['vary']], [undefined, undefined]);
    const asked = await preflight(app, '/plain', 'GET');
    assert.deepEqual([asked.status, allowed(asked), asked.headers['allow']], [204, undefined, 'GET']);
  });

  test('a preflight is answered by the policy, and no worker starts for it', async () => {
    const answer = await preflight(app, '/listed', 'POST', 'x-own');
    assert.equal(answer.status, 204);
    assert.equal(allowed(answer), app);
    assert.equal(answer.headers['access-control-allow-methods'], 'GET, POST');
    assert.equal(answer.headers['access-control-allow-headers'], 'x-own, content-type');
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
    assert.equal(answer.headers['access-control-max-age'], '60');
    assert.match(String(answer.headers['vary']), /Origin, Access-Control-Request-Method/);
    assert.ok(!gateway.workers().some(({ functionKey }) => functionKey.includes('listed')));
    assert.equal(answer.headers['x-fastfn-function-state'], undefined);
  });

  test('origins in the list, and only those', async () => {
    for (const origin of [app, 'https://a.example.net', 'https://a.b.example.net']) {
      const answer = await from(origin, '/listed');
      assert.deepEqual([answer.status, allowed(answer)], [200, origin]);
      assert.equal(answer.headers['access-control-expose-headers'], 'x-total');
      assert.equal(answer.headers['access-control-allow-credentials'], 'true');
      assert.equal(answer.headers['vary'], 'Origin');
    }
    for (const origin of [
      'https://example.net',
      'http://app.example.org',
      'null',
      'https://app.example.org.evil',
      `${app}:1`,
    ]) {
      const answer = await from(origin, '/listed');
      assert.deepEqual(
        [answer.status, allowed(answer), answer.headers['vary']],
        [200, undefined, 'Origin'],
        origin,
      );
      const asked = await preflight(origin, '/listed', 'POST');
      assert.equal(allowed(asked), undefined);
      assert.equal(asked.headers['access-control-allow-methods'], undefined);
    }
    assert.equal((await ask(gateway.url, '/listed')).headers['vary'], 'Origin');
  });

  test('every origin, never with credentials', async () => {
    const answer = await from('https://anybody.example', '/open');
    assert.equal(allowed(answer), '*');
    assert.equal(answer.headers['vary'], undefined);
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    const asked = await preflight(app, '/open', 'GET', 'X-A, x-b, b@d');
    assert.equal(asked.headers['access-control-allow-headers'], 'x-a, x-b');
    const wrong = await from(app, '/wrong');
    assert.deepEqual([allowed(wrong), wrong.headers['access-control-allow-credentials']], ['*', undefined]);
  });

  test('failures can be read too', async () => {
    const broken = await from(app, '/listed', 'POST');
    assert.deepEqual([broken.status, allowed(broken)], [500, app]);
    await from(app, '/limited');
    const limited = await from(app, '/limited');
    assert.deepEqual([limited.status, allowed(limited)], [429, app]);
  });

  test('what the function says itself stands', async () => {
    assert.equal(allowed(await from(app, '/own')), 'https://x');
  });

  test('a preflight for a method that is not there is told what is', async () => {
    const answer = await preflight(app, '/listed', 'DELETE');
    assert.deepEqual([answer.status, answer.headers['allow']], [204, 'GET, POST']);
    assert.equal(allowed(answer), undefined);
    assert.equal((await preflight(app, '/nope', 'GET')).status, 404);
  });
});

describe('cors and security headers: defaults of the operator', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(
      {
        'fastfn.json': config({
          cors: { origins: [app] },
          security_headers: {
            ...{ hsts: { max_age: 1000, include_subdomains: true }, content_type_options: true },
            ...{
              referrer_policy: 'no-referrer',
              frame_options: 'DENY',
              content_security_policy: "default-src 'self'",
            },
          },
        }),
        'fn.config.json': config({ assets: { directory: 'public' } }),
        'public/font.woff2': 'font',
        'plain/index.js': echoJs('plain'),
        'off/fn.config.json': config({ cors: false, security_headers: false }),
        'off/index.js': echoJs('off'),
        'own/fn.config.json': config({ security_headers: { frame_options: 'sameorigin' } }),
        'own/index.js':
          "exports.handler = () => ({ status: 200, headers: { 'x-frame-options': 'ALLOWALL' }, body: 'x' });\n",
      },
      { FN_TRUSTED_PROXY_CIDRS: '127.0.0.1' },
    );
  });
  after(() => gateway.close());

  test('hold for functions that say nothing, for files and for errors', async () => {
    for (const target of ['/plain', '/font.woff2', '/nope']) {
      const answer = await ask(gateway.url, target, { headers: { origin: app } });
      assert.equal(allowed(answer), app, target);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', target);
      assert.equal(answer.headers['referrer-policy'], 'no-referrer');
      assert.equal(answer.headers['x-frame-options'], 'DENY');
      assert.equal(answer.headers['content-security-policy'], "default-src 'self'");
      assert.equal(answer.headers['strict-transport-security'], undefined, 'not over plain http');
    }
    const asked = await ask(gateway.url, '/font.woff2', {
      method: 'OPTIONS',
      headers: { origin: app, 'access-control-request-method': 'GET' },
    });
    assert.deepEqual([asked.status, allowed(asked)], [204, app]);
  });

  test('a function switches them off, or sets its own', async () => {
    const off = await ask(gateway.url, '/off', { headers: { origin: app } });
    assert.deepEqual([allowed(off), off.headers['x-frame-options']], [undefined, undefined]);
    const own = await ask(gateway.url, '/own');
    assert.equal(own.headers['x-frame-options'], 'ALLOWALL');
    assert.equal(own.headers['referrer-policy'], undefined);
  });

  test('HSTS is sent where a trusted proxy says https', async () => {
    const hsts = async (proto: string) =>
      (await ask(gateway.url, '/plain', { headers: { 'x-forwarded-proto': proto } })).headers[
        'strict-transport-security'
      ];
    assert.equal(await hsts('https'), 'max-age=1000; includeSubDomains');
    assert.equal(await hsts('http'), undefined);
  });

  test('faults name the field, in the folder and in fastfn.json', async () => {
    const text = config({ timeout_ms: 1, cors: { origins: ['x'], credentials: 1 } });
    const { faults } = parseFunctionConfig(text, 'own/fn.config.json');
    assert.deepEqual(
      faults.map(({ key, severity }) => [key, severity]),
      [['cors.origins', 'error']],
    );
    await assert.rejects(
      startTestGateway({ 'fastfn.json': config({ cors: { origins: '*', credentials: true } }) }),
      /credentials/,
    );
  });
});
