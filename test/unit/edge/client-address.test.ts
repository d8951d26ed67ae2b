import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { ClientAddresses } from '../../../src/edge/client-address.ts';

function requestFrom(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  return {
    socket: { remoteAddress },
    headers: { host: 'Public.example', ...headers },
  } as unknown as IncomingMessage;
}

describe('client address', () => {
  const nobody = new ClientAddresses([]);
  const proxies = new ClientAddresses(['10.0.0.0/8', '127.0.0.1', 'fd00::/8']);

  test('without trusted proxies the peer is the client, and forwarding headers only make it suspect', () => {
    assert.deepEqual(nobody.of(requestFrom('1.2.3.4')), { ip: '1.2.3.4', via: 'direct' });
    const claimed = requestFrom('1.2.3.4', { 'x-forwarded-for': '127.0.0.1' });
    assert.deepEqual(nobody.of(claimed), { ip: '1.2.3.4', via: 'claimed' });
    for (const name of ['x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via']) {
      assert.equal(nobody.of(requestFrom('127.0.0.1', { [name]: 'x' })).via, 'claimed', name);
    }
    assert.equal(nobody.of(requestFrom('::ffff:1.2.3.4')).ip, '1.2.3.4');
  });

  for (const [peer, hops, ip] of [
    ['10.0.0.1', '9.9.9.9', '9.9.9.9'],
    ['10.0.0.1', '6.6.6.6, 9.9.9.9', '9.9.9.9'],
    ['10.0.0.1', '9.9.9.9, 10.1.1.1, 127.0.0.1', '9.9.9.9'],
    ['10.0.0.1', '10.2.2.2, 10.1.1.1', '10.2.2.2'],
    ['10.0.0.1', '9.9.9.9:4711', '9.9.9.9'],
    ['fd00::1', '[2001:db8::7]:80', '2001:db8::7'],
    ['::ffff:10.0.0.1', '::ffff:9.9.9.9', '9.9.9.9'],
  ] as const) {
    test(`through ${peer}, "${hops}" is ${ip}`, () => {
      assert.deepEqual(proxies.of(requestFrom(peer, { 'x-forwarded-for': hops })), { ip, via: 'trusted' });
      assert.equal(proxies.ipOf(requestFrom(peer, { 'x-forwarded-for': hops })), ip);
    });
  }

  for (const [hops, ip] of [
    ['9.9.9.9, unknown, 10.1.1.1', '10.1.1.1'],
    ['<script>', '10.0.0.1'],
    ['', '10.0.0.1'],
  ] as const) {
    test(`through a proxy that says "${hops}" nobody is vouched for`, () => {
      const request = requestFrom('10.0.0.1', { 'x-forwarded-for': hops });
      assert.deepEqual(proxies.of(request), { ip, via: 'claimed' });
    });
  }

  test('a stranger cannot forward for anybody', () => {
    const request = requestFrom('8.8.8.8', { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'inside' });
    assert.deepEqual(proxies.of(request), { ip: '8.8.8.8', via: 'claimed' });
    assert.equal(proxies.hostOf(request), 'public.example');
  });

  test('a named proxy that does not say for whom it asks vouches for nobody', () => {
    assert.deepEqual(proxies.of(requestFrom('127.0.0.1')), { ip: '127.0.0.1', via: 'claimed' });
  });

  test('the first X-Forwarded-Host of a trusted proxy is the host', () => {
    assert.equal(
      proxies.hostOf(requestFrom('10.0.0.1', { 'x-forwarded-host': 'A.example:8443, b' })),
      'a.example:8443',
    );
    assert.equal(proxies.hostOf(requestFrom('10.0.0.1')), 'public.example');
  });
});
