// The world that an attack finds: a functions tree with secrets and neighbours, sockets and ports. Fresh for every run,
// because an attack that gets through changes it; private to this user, and nothing of it outlives `close`.

import { chmodSync, existsSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { cString, openKernel } from '../sandbox/kernel.ts';
import { syscallNumbers } from '../sandbox/seccomp/filter-rules.ts';

/** What an attack program is told, beside what only the runner knows (pids, sockets of the gateway). */
export type WorldFacts = Readonly<Record<string, unknown>>;

export interface AttackWorld {
  /** Functions root; holds the functions `attacker` and `sibling`. */
  readonly root: string;
  readonly facts: WorldFacts;
  /** For an attacker without a launcher, which would give it one. */
  readonly tempDir: string;
  /** Links in the attacker's folder, to be put among its grants as if they had been planted after discovery. */
  readonly planted: readonly string[];
  /** The one TCP port that a policy with ports allows. */
  readonly port: number;
  close(): Promise<void>;
}

// <sys/socket.h>
const afUnix = 1;
const sockDatagram = 2;

/** Code of another function: leaves a mark where it runs. */
const foreignCode = {
  'library.py': 'ran = True\n',
  'library.js': 'globalThis.foreignCodeRan = true;\n',
  'library.php': '<?php return true;\n',
  'library.lua': 'return true\n',
  'init.lua': 'return true\n',
  'settings.ini': 'secret = 1\n',
};
/** Links in the attacker's folder that have names of Lua modules → where they lead. */
const plantedModules = {
  'planted-module.lua': '../sibling/library.lua',
  'planted-folder': '../sibling',
  'planted-package': '../sibling',
  'planted-environment.lua': 'fn.env.json',
  'planted-outside.lua': '../../outside.txt',
};
/** An archive without entries: an end-of-central-directory record alone (APPNOTE.TXT of ZIP, 4.3.16). */
const emptyArchive = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

const loaders = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1', '/lib/ld-musl-x86_64.so.1'];
const libraries = [
  '/lib/x86_64-linux-gnu/libm.so.6',
  '/lib/aarch64-linux-gnu/libm.so.6',
  '/usr/lib64/libm.so.6',
  '/usr/lib/libm.so.6',
];
const truePrograms = ['/usr/bin/true', '/bin/true'];

const firstExisting = (paths: readonly string[]): string => paths.find((path) => existsSync(path)) ?? '';

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** @returns the planted links */
function writeTree(root: string, { attacker, sibling }: WorldOptions): string[] {
  const secret = JSON.stringify({ SECRET: 'of one function' });
  write(join(root, 'attacker'), attacker);
  write(join(root, 'sibling'), { ...foreignCode, ...sibling });
  write(root, {
    'fastfn.json': '{}',
    '.fastfn/state.txt': 'state of the gateway',
    '.git/config': 'history of the project',
    'attacker/data.txt': 'content',
    'attacker/truncate.txt': 'content',
    'attacker/deletable.txt': 'content',
    'attacker/renamable.txt': 'content',
    'attacker/quiet.js': 'process.exit(0);\n',
    'attacker/fn.config.json': '{}',
    'attacker/fn.env.json': secret,
    'attacker/fn.test_events.json': '[]',
    'sibling/data.txt': 'another function',
    'sibling/fn.env.json': secret,
    'sibling/library.zip': emptyArchive,
  });
  linkSync(join(root, 'sibling/fn.env.json'), join(root, 'attacker/hard.txt'));
  const planted = [join(root, 'attacker/planted'), join(root, 'attacker/innocent.txt')];
  symlinkSync('/etc', join(root, 'attacker/planted'));
  symlinkSync('fn.env.json', join(root, 'attacker/innocent.txt'));
  for (const [name, target] of Object.entries(plantedModules))
    symlinkSync(target, join(root, 'attacker', name));
  return planted;
}

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
  if (address === null || typeof address === 'string') throw new Error('cannot find the port of a server');
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

export interface WorldOptions {
  /** Folder to make and to remove; its parent exists. Absolute, without links. */
  readonly folder: string;
  /** Files of the function that attacks and of its neighbour, their programs among them. */
  readonly attacker: Readonly<Record<string, string>>;
  readonly sibling: Readonly<Record<string, string>>;
  /** Workers run as another user, who must come as far as the files. */
  readonly readableByAll: boolean;
}

export async function createAttackWorld(options: WorldOptions): Promise<AttackWorld> {
  const { folder } = options;
  const place = (name: string): string => join(folder, name);
  const [root, socketDir, tempDir] = [place('functions'), place('sockets'), place('own/temp')];
  const outside = place('outside.txt');
  mkdirSync(folder, { mode: 0o700 });
  if (options.readableByAll) chmodSync(folder, 0o711);
  for (const path of [socketDir, tempDir]) mkdirSync(path, { recursive: true });
  chmodSync(socketDir, 0o700);
  writeFileSync(outside, 'of nobody');
  const planted = writeTree(root, options);
  const [streamSocket, datagramSocket] = [join(socketDir, 'stream.sock'), join(socketDir, 'datagram.sock')];
  const abstractSocket = `fastfn-attack-${folder}`.slice(-80);
  const servers = await Promise.all([
    listen(streamSocket),
    listen(`\0${abstractSocket}`),
    listen({ port: 0, host: '127.0.0.1' }),
    listen({ port: 0, host: '127.0.0.1' }),
  ]);
  const datagram = bindDatagram(datagramSocket);
  const port = portOf(servers[2]);
  return {
    root,
    tempDir,
    planted,
    port,
    facts: {
      calls: syscallNumbers(openKernel().arch),
      root,
      functionDir: join(root, 'attacker'),
      code: join(root, 'attacker/data.txt'),
      siblingDir: join(root, 'sibling'),
      outside,
      socketDir,
      streamSocket,
      datagramSocket,
      abstractSocket,
      port,
      otherPort: portOf(servers[3]),
      trueProgram: firstExisting(truePrograms),
      loader: firstExisting(loaders),
      library: firstExisting(libraries),
    },
    async close() {
      openKernel().call('close', datagram);
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
