import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInheritedSocket } from '../../../src/config/inherited-socket.ts';

const pids = [100, 50];

test('inherited socket: one descriptor that is meant for this process, or for the shim that started it', () => {
  for (const LISTEN_PID of ['100', '50']) {
    const found = readInheritedSocket({ LISTEN_PID, LISTEN_FDS: '1' }, pids);
    assert.deepEqual(found, { descriptor: 3, fault: null });
  }
});

test('inherited socket: variables that were meant for another process are not ours', () => {
  for (const environment of [
    {},
    { LISTEN_FDS: '1' },
    { LISTEN_PID: '7', LISTEN_FDS: '1' },
    { LISTEN_PID: '100' },
  ]) {
    assert.deepEqual(readInheritedSocket(environment, pids), { descriptor: null, fault: null });
  }
});

test('inherited socket: more than one is a fault that says what would do', () => {
  const { descriptor, fault } = readInheritedSocket({ LISTEN_PID: '100', LISTEN_FDS: '2' }, pids);
  assert.equal(descriptor, null);
  assert.deepEqual([fault?.key, fault?.found, fault?.severity], ['LISTEN_FDS', '2', 'error']);
});
