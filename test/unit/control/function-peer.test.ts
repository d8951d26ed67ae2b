import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { endianness } from 'node:os';
import { test } from 'node:test';
import { createFunctionPeerCheck, type PeerSources } from '../../../src/control/function-peer.ts';

const address = endianness() === 'LE' ? '0100007F' : '7F000001';
const row = (inode: number) =>
  `   1: ${address}:C350 ${address}:1F90 01 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0\n`;

function request(over: Record<string, unknown> = {}): IncomingMessage {
  const socket = {
    remoteAddress: '127.0.0.1',
    remotePort: 50_000,
    localAddress: '127.0.0.1',
    localPort: 8080,
    ...over,
  };
  return { socket } as unknown as IncomingMessage;
}

function check(over: Partial<PeerSources>, asked = request()): boolean {
  return createFunctionPeerCheck({
    workerPids: () => [7, 8],
    readTables: () => ({ tcp: row(4321), tcp6: '' }),
    descriptorsOf: () => ['socket:[1]', 'pipe:[4321]', '/dev/null'],
    isOwnAddress: () => true,
    ...over,
  })(asked);
}

test('function peer: a socket that a worker holds is a function’s', () => {
  assert.equal(check({ descriptorsOf: (pid) => (pid === 8 ? ['', 'socket:[4321]'] : []) }), true);
});

test('function peer: a socket that somebody else holds is not', () => {
  assert.equal(check({}), false);
  assert.equal(check({ workerPids: () => [] }), false);
});

test('function peer: a process that closed its socket, or ended, to send a request and hide, is not believed', () => {
  assert.equal(check({ readTables: () => ({ tcp: row(0), tcp6: '' }) }), true);
  assert.equal(check({ readTables: () => ({ tcp: '', tcp6: '' }) }), true);
  assert.equal(check({}, request({ remoteAddress: undefined })), true);
});

test('function peer: a worker that ends while it is looked for is not believed', () => {
  const tables = [row(4321), row(0)];
  assert.equal(check({ readTables: () => ({ tcp: tables.shift() ?? '', tcp6: '' }) }), true);
});

test('function peer: what cannot be told counts as a function', () => {
  assert.equal(check({ readTables: () => null }), true);
  assert.equal(check({ descriptorsOf: () => null }), true);
});

test('function peer: a caller from another machine is in no table of ours', () => {
  assert.equal(check({ readTables: () => ({ tcp: '', tcp6: '' }), isOwnAddress: () => false }), false);
});

test('function peer: a connection is looked up once', () => {
  let reads = 0;
  const isFunctionPeer = createFunctionPeerCheck({
    workerPids: () => [],
    readTables: () => {
      reads += 1;
      return { tcp: row(4321), tcp6: '' };
    },
    descriptorsOf: () => [],
    isOwnAddress: () => true,
  });
  const asked = request();
  assert.equal(isFunctionPeer(asked), false);
  assert.equal(isFunctionPeer(asked), false);
  assert.equal(reads, 2, 'before and after looking at the workers');
});
