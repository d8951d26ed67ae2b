import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AddressClass,
  classifyAddress,
  classifyHost,
} from '../../../../src/edge/proxy/address-class.ts';

const addresses: Readonly<Record<AddressClass, readonly string[]>> = {
  private: [
    ...['0.0.0.0', '0.1.2.3', '10.0.0.5', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.255'],
    ...[
      '169.254.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.0.0.8',
      '192.168.1.1',
      '198.18.0.1',
      '198.19.255.255',
    ],
    ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '192.0.2.1', '203.0.113.9'],
    ...['::', '::1', '::7f00:1', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:127.0.0.2', '64:ff9b::10.0.0.1'],
    ...['64:ff9b:1::1', '2002:7f00:1::', '2002:c0a8:101::1', '2001:db8::1', '2001::1', '100::1'],
    ...['', 'localhost', '10.0.0', '1.2.3.4.5', '08.8.8.8'],
  ],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    'fd00:ec2::254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
  ],
  public: [
    ...[
      '1.1.1.1',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.1',
    ],
    ...[
      '172.15.255.255',
      '172.32.0.0',
      '192.167.255.255',
      '192.169.0.0',
      '223.255.255.255',
      '2606:4700::1111',
    ],
    ...['::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1', '2a00:1450::1'],
  ],
};

test('address-class: each address is in its class, whatever family carries it', () => {
  for (const [place, list] of Object.entries(addresses)) {
    for (const address of list) assert.equal(classifyAddress(address), place, address);
  }
});

test('address-class: names are judged only where they say it themselves', () => {
  const rows = [
    ['localhost', 'private'],
    ['localhost.', 'private'],
    ['a.b.localhost', 'private'],
    ['[::1]', 'private'],
    ['metadata.google.internal.', 'metadata'],
    ['10.example.com', null],
    ['redis', null],
    ['notlocalhost', null],
  ] as const;
  for (const [host, place] of rows) assert.equal(classifyHost(host), place, host);
});
