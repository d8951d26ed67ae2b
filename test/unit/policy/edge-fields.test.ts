import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCors } from '../../../src/policy/cors-fields.ts';
import { originAllowed, parseOrigin } from '../../../src/policy/cors-policy.ts';
import { readEdge } from '../../../src/policy/edge-fields.ts';
import { parseUpstreamHost } from '../../../src/policy/edge-policy.ts';
import { parseLocalTarget, parseRedirectTarget } from '../../../src/policy/home-target.ts';
import { readSecurityHeaders } from '../../../src/policy/security-header-fields.ts';

/** What a reader makes of a block, and the keys that it complains of. */
function reading<T>(read: (complain: (key: readonly string[]) => void) => T) {
  const keys: string[] = [];
  const value = read((key) => keys.push(key.join('.')));
  return { value, keys };
}

describe('edge-fields', () => {
  const edge = (block: object) => reading((complain) => readEdge({ ...block }, complain));

  test('a block without a usable field is no block', () => {
    for (const block of [{}, { allow_private: false }, { allow_hosts: [] }, { base_url: ' ' }]) {
      assert.deepEqual(edge(block), { value: null, keys: [] });
    }
    for (const base_url of ['ftp://x', 'x', 'http://u:p@x/', 'http://x/?a', 'http://x/#a', 'http://x y/']) {
      assert.deepEqual(edge({ base_url }), { value: null, keys: ['base_url'] }, base_url);
    }
  });

  test('the host of base_url is allowed with its port, and sizes have defaults', () => {
    const { value } = edge({
      base_url: 'HTTPS://API.Example.org/v1/',
      allow_hosts: ['*.example.org:8443', '::1'],
    });
    assert.deepEqual(value, {
      baseUrl: 'https://api.example.org/v1',
      allowHosts: [
        { name: 'api.example.org', port: 443 },
        { name: '*.example.org', port: 8443 },
        { name: '[::1]', port: null },
      ],
      allowPrivate: false,
      maxResponseBytes: 2_097_152,
      maxRequestBytes: 2_097_152,
    });
  });

  test('what cannot be read opens nothing', () => {
    const { value, keys } = edge({
      allow_hosts: ['ok.example', 'http://x', 'a b', '*.'],
      allow_private: ['10.0.0.0/8', 'x'],
    });
    assert.deepEqual(value?.allowHosts, [{ name: 'ok.example', port: null }]);
    assert.deepEqual(value?.allowPrivate, ['10.0.0.0/8']);
    assert.deepEqual(keys, ['allow_hosts', 'allow_hosts', 'allow_hosts', 'allow_private']);
  });

  test('hosts are spelled as the URL parser spells them', () => {
    assert.equal(parseUpstreamHost('0x7f.1')?.name, '127.0.0.1');
    assert.equal(parseUpstreamHost('a.b.:80')?.name, 'a.b');
    assert.equal(parseUpstreamHost('x:0'), null);
    assert.equal(parseUpstreamHost('x:65536'), null);
    assert.equal(parseUpstreamHost('*')?.name, '*');
  });
});

describe('cors-fields', () => {
  const cors = (block: unknown) => reading((complain) => readCors(block, complain));

  test('defaults', () => {
    assert.deepEqual(cors({ origins: ['https://A.example:443'] }).value, {
      origins: ['https://a.example'],
      methods: null,
      headers: ['content-type', 'authorization'],
      exposeHeaders: [],
      credentials: false,
      maxAgeSeconds: 600,
    });
    assert.equal(cors(false).value, null);
  });

  test('never every origin with credentials', () => {
    const { value, keys } = cors({ origins: '*', credentials: true });
    assert.deepEqual([value?.origins, value?.credentials, keys], [['*'], false, ['credentials']]);
  });

  test('bad origins, methods and names are named and left out; without an origin it is off', () => {
    const { value, keys } = cors({
      origins: ['https://a.example', 'a.example', 'https://a/b'],
      methods: 'get,trace',
      headers: 'x y',
    });
    assert.deepEqual([value?.origins, value?.methods, value?.headers], [['https://a.example'], ['GET'], []]);
    assert.deepEqual(keys, ['origins', 'origins', 'methods', 'headers']);
    assert.equal(cors({ origins: ['null'] }).value, null);
    assert.deepEqual(cors({}).keys, ['origins']);
    assert.deepEqual(cors({ origins: '*', orgins: 1 }).keys, ['orgins']);
  });

  test('wildcards stand for names below, not for the name, its port or another scheme', () => {
    const origins = ['https://*.example.org'];
    const allowed = (origin: string) => originAllowed({ origins }, origin);
    assert.equal(allowed('https://a.example.org'), true);
    assert.equal(allowed('https://a.b.example.org'), true);
    for (const origin of [
      'https://example.org',
      'http://a.example.org',
      'https://a.example.org:8443',
      'null',
    ]) {
      assert.equal(allowed(origin), false, origin);
    }
    for (const origin of [
      'https://evilexample.org',
      'https://.example.org',
      'https://a.example.org.evil',
      'https://e/.example.org',
    ]) {
      assert.equal(allowed(origin), false, origin);
    }
    assert.equal(parseOrigin('https://a.example/'), null);
  });
});

describe('security-header-fields', () => {
  test('each header by its field; what cannot be sent is left out', () => {
    const { value, keys } = reading((complain) =>
      readSecurityHeaders(
        {
          ...{ hsts: { max_age: 10, preload: true }, content_type_options: true, frame_options: 'DENY' },
          ...{
            referrer_policy: 'no-referrer',
            content_security_policy: "default-src 'self'",
            permissions_policy: 'a\nb',
          },
        },
        complain,
      ),
    );
    assert.deepEqual(value, {
      hsts: 'max-age=10; preload',
      headers: {
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'content-security-policy': "default-src 'self'",
      },
    });
    assert.deepEqual(keys, ['permissions_policy']);
  });
});

describe('home-target', () => {
  test('local targets', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['', 'empty'],
      ['https://x/', 'must be a local path'],
      ['?a=1', 'missing path'],
      ['/', 'cannot point to /'],
      ['//', 'cannot point to /'],
      ['/a/../b', 'invalid path'],
      ['/a b', 'invalid path'],
      ['/_fn/health', 'cannot point to the control plane'],
    ];
    for (const [text, reason] of rows)
      assert.deepEqual(parseLocalTarget(text), { kind: 'bad', reason }, text);
    const good = parseLocalTarget(' hello//x/?a=1 ');
    assert.deepEqual(good, { kind: 'ok', target: { path: '/hello/x', query: 'a=1' } });
  });

  test('redirects', () => {
    assert.deepEqual(parseRedirectTarget('https://x.example/a?b'), {
      kind: 'ok',
      target: 'https://x.example/a?b',
    });
    assert.deepEqual(parseRedirectTarget('/hello?t=1'), { kind: 'ok', target: '/hello?t=1' });
    assert.deepEqual(parseRedirectTarget('/é'), { kind: 'ok', target: '/%C3%A9' });
    assert.equal(parseRedirectTarget('javascript:alert(1)').kind, 'bad');
  });
});
