// Which layer stops which channel to other processes of the host and to the network.

import {
  type AttackClass,
  byBoth,
  byLandlock,
  bySeccomp,
  bySeccompAndCapabilities,
  rowsOf,
} from '../attack-class.ts';

const ipc: AttackClass<'python'> = {
  name: 'ipc',
  language: 'python',
  rows: {
    ...rowsOf(bySeccomp('EACCES'), [
      "connect to the gateway's socket",
      'connect to a path',
      'connect to a datagram path',
      'bind an abstract name',
    ]),
    'connect to an abstract socket': byBoth('EPERM', 'EACCES'),
    'bind a path': byBoth('EACCES', 'EACCES'),
    ...rowsOf(bySeccomp(), [
      'datagram pair to a path',
      'datagram pair to a path by sendmsg',
      'sequenced pair',
      'System V shared memory',
      'System V semaphores',
      'System V messages',
      'attach shared memory of others',
      'POSIX message queue',
      'anonymous file',
      'secret memory',
      'key for all of the user',
      'read a key',
      'ask for a key',
    ]),
  },
};

const network: AttackClass<'python'> = {
  name: 'network',
  language: 'python',
  network: 'one-port',
  rows: {
    ...rowsOf(byLandlock(), [
      'bind a TCP port',
      'bind a TCP port of IPv6',
      'connect to another port',
      'connect to another port by IPv6',
    ]),
    ...rowsOf(bySeccomp(), [
      'listen on TCP',
      'listen on TCP of IPv6',
      'accept',
      'connect while sending',
      'connect while sending a message',
      'connect while sending messages',
      'connect late',
      'program on a socket',
      'extended program on a socket',
      'packet filter of the host',
    ]),
    ...rowsOf(bySeccompAndCapabilities(), ['repair of TCP', 'mark packets', 'transparent proxy']),
    'bind to a device': bySeccomp(),
    ...rowsOf(bySeccompAndCapabilities('EACCES'), [
      'raw socket',
      'raw socket of IPv6',
      'packet socket',
      'packet socket without headers',
      'XDP socket',
    ]),
    ...rowsOf(bySeccomp('EACCES'), [
      'ping socket',
      'netlink: routes',
      'netlink: sockets of the host',
      'netlink: audit',
      'netlink: packet filter',
      'netlink: device events',
      'multipath TCP',
      'multipath TCP to another port',
      'UDP-Lite',
    ]),
  },
  honest: ['connect to an allowed port', 'datagram', 'name lookup socket'],
};

const noNetwork: AttackClass<'python'> = {
  name: 'network',
  variant: 'no network',
  language: 'python',
  network: 'none',
  rows: rowsOf(bySeccomp('EACCES'), [
    'connect to an allowed port',
    'connect to another port',
    'connect while sending',
    'datagram',
    'name lookup socket',
    'listen on TCP',
  ]),
};

/** Asking for these may make the kernel load a module, which then stays: not for hosts of others. */
const otherProtocols: AttackClass<'python'> = {
  name: 'network',
  variant: 'other protocols',
  language: 'python',
  intrusive: true,
  rows: {
    ...rowsOf(bySeccomp('EACCES'), [
      'vsock socket',
      'kernel crypto socket',
      'SMC socket',
      'SMC by protocol',
      'SCTP',
      'DCCP',
      'TIPC socket',
      'Bluetooth socket',
      'RDS socket',
      'PPP socket',
    ]),
    ...rowsOf(bySeccomp(), ['upper layer on TCP', 'SMC by upper layer']),
    ...rowsOf(bySeccompAndCapabilities('EACCES'), ['CAN socket', 'key management socket']),
  },
};

export const channelClasses: readonly AttackClass<'python'>[] = [ipc, network, noNetwork, otherProtocols];
