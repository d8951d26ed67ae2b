// Connects to the gateway's socket and says hello with the one-time token. Blocking, without Node's net module: the
// descriptor must outlive this program.

import { writeSync } from 'node:fs';
import { cString, type Kernel } from '../kernel.ts';

// socket(2), unix(7), <sys/socket.h>, <sys/un.h>.
const afUnix = 1;
const sockStream = 1;
const sockCloexec = 0o2000000;
const pathBytes = 108;

function unixAddress(path: string): Buffer {
  const name = cString(path);
  if (name.length > pathBytes)
    throw new Error(`cannot dial a socket path of more than ${pathBytes - 1} bytes`);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(afUnix);
  name.copy(address, 2);
  return address;
}

function writeFully(fd: number, bytes: Buffer): void {
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
}

/** @returns the connected descriptor, close-on-exec still set. */
export function dial(kernel: Kernel, socketPath: string, token: string): number {
  const address = unixAddress(socketPath);
  const fd = Number(kernel.call('socket', afUnix, sockStream | sockCloexec, 0));
  kernel.call('connect', fd, kernel.place(address), address.length);
  const hello = Buffer.from(JSON.stringify({ type: 'hello', token }));
  const frame = Buffer.alloc(4 + hello.length);
  frame.writeUInt32BE(hello.length);
  hello.copy(frame, 4);
  writeFully(fd, frame);
  return fd;
}
