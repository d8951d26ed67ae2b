import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { endianness, networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { findSocketInode } from '../../../src/control/socket-table.ts';

const littleEndian = endianness() === 'LE' ? false : 'the examples are those of a little-endian host';
const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const tcp = `${head}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 02:000AFE5E 00000000   990        0 4321 2 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0
   3: 0100007F:C351 0100007F:1F90 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n`;
const tcp6 = `${head}   0: 00000000000000000000000001000000:C350 00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 00000000     0        0 777 1 0
   1: 0000000000000000FFFF00000100007F:C360 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 888 1 0\n`;

const find = (address: string, from: number, to = 8080) =>
  findSocketInode({ tcp, tcp6 }, { address, port: from }, { address, port: to });

test('socket table: both ends decide, in the order of the one who is asked for', {
  skip: littleEndian,
}, () => {
  assert.equal(find('127.0.0.1', 50_000), 4321);
  assert.equal(find('::ffff:127.0.0.1', 50_000), 4321);
  assert.equal(find('127.0.0.1', 8080, 50_000), 99);
  assert.equal(find('::1', 50_000), 777);
  assert.equal(find('127.0.0.1', 50_016), 888, 'an IPv4 peer on a socket for both families');
});

test('socket table: nobody’s socket has inode 0, none is null', { skip: littleEndian }, () => {
  assert.equal(find('127.0.0.1', 50_001), 0);
  assert.equal(find('127.0.0.1', 50_002), null);
  assert.equal(find('127.0.0.2', 50_000), null);
  assert.equal(find('not an address', 50_000), null);
  assert.equal(
    findSocketInode({ tcp: '', tcp6: '' }, { address: '::1', port: 1 }, { address: '::1', port: 2 }),
    null,
  );
});

const loopbacks = ['127.0.0.1', ...(hasIpv6() ? ['::1'] : [])];
for (const host of loopbacks) {
  test(`socket table: the kernel's own tables lead to the descriptor of a client on ${host}`, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    const client = connect(port, host);
    try {
      await new Promise((resolve) => client.once('connect', resolve));
      const { localAddress = '', localPort = 0 } = client;
      const tables = { tcp: readFileSync('/proc/net/tcp', 'latin1'), tcp6: readTcp6() };
      const inode = findSocketInode(
        tables,
        { address: localAddress, port: localPort },
        { address: host, port },
      );
      assert.equal(`socket:[${inode}]`, readlinkSync(`/proc/self/fd/${descriptorOf(client)}`));
    } finally {
      client.destroy();
      server.close();
    }
  });
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flat()
    .some((each) => each?.address === '::1');
}

function readTcp6(): string {
  return hasIpv6() ? readFileSync('/proc/net/tcp6', 'latin1') : '';
}

function descriptorOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
