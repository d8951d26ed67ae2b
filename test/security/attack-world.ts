// The world that an attack finds: a functions tree with secrets and neighbours, a gateway's sockets and ports. Fresh for
// every run, because an attack that gets through changes it; nothing of it outlives `close`.

import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { cString, openKernel } from '../../src/sandbox/kernel.ts';
import { scratchFolder } from './jail-harness.ts';

export interface AttackWorld {
  /** What the attack program gets as its first argument. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  /** What an honest policy grants of the function's folder; one entry is a planted link. */
  readonly read: readonly string[];
  readonly list: readonly string[];
  readonly port: number;
  close(): Promise<void>;
}

// <sys/socket.h>
const afUnix = 1;
const sockDatagram = 2;

function listen(target: string | { readonly port: number; readonly host: string }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.destroy();
    });
    server.once('error', reject);
    server.listen(target as string, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('cannot find the port of a test server');
  return address.port;
}

/** Node has no Unix datagram sockets. Returns the bound descriptor. */
function bindDatagram(path: string): number {
  const kernel = openKernel();
  const name = cString(path);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(afUnix);
  name.copy(address, 2);
  const fd = Number(kernel.call('socket', afUnix, sockDatagram, 0));
  kernel.call('bind', fd, kernel.place(address), address.length);
  return fd;
}

function plantFiles(functionDir: string): string[] {
  const granted = ['handler.txt', 'truncate.txt', 'metadata.txt', 'deletable.txt'].map((name) =>
    join(functionDir, name),
  );
  for (const file of [...granted, join(functionDir, 'fn.env.json')]) writeFileSync(file, 'content');
  symlinkSync('/etc', join(functionDir, 'planted'));
  return [...granted, join(functionDir, 'planted')];
}

const loaders = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-musl-x86_64.so.1'];

export async function createAttackWorld(jailed: boolean): Promise<AttackWorld> {
  const folder = scratchFolder();
  const [functionDir, siblingDir, socketDir] = ['one', 'two', 'sockets'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  for (const path of [functionDir, siblingDir, socketDir]) mkdirSync(path);
  chmodSync(socketDir, 0o700);
  const read = plantFiles(functionDir);
  writeFileSync(join(siblingDir, 'handler.txt'), 'another function');
  const abstractSocket = `fastfn-attack-${process.pid}-${jailed}`;
  const servers = await Promise.all([
    listen(join(socketDir, 'stream.sock')),
    listen(`\0${abstractSocket}`),
    listen({ port: 0, host: '127.0.0.1' }),
    listen({ port: 0, host: '127.0.0.1' }),
  ]);
  const datagramSocket = join(socketDir, 'datagram.sock');
  const datagram = bindDatagram(datagramSocket);
  const port = portOf(servers[2]);
  return {
    facts: {
      jailed,
      functionDir,
      sibling: join(siblingDir, 'handler.txt'),
      truncateTarget: join(functionDir, 'truncate.txt'),
      metadataTarget: join(functionDir, 'metadata.txt'),
      socketDir,
      streamSocket: join(socketDir, 'stream.sock'),
      datagramSocket,
      abstractSocket,
      port,
      otherPort: portOf(servers[3]),
      trueProgram: '/usr/bin/true',
      loader: loaders.find((path) => existsSync(path)) ?? '',
      parentAddress: Number(openKernel().place(Buffer.alloc(8))),
    },
    read,
    list: [functionDir],
    port,
    async close() {
      openKernel().call('close', datagram);
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
