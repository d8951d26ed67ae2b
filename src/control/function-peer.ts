// Whether a request comes from one of our own workers: a function that calls the gateway over loopback must not pass for
// the operator. The kernel's tables say which socket is at the other end and which process holds it. What cannot be told
// counts as a function; a token helps the operator then. Asked for control-plane requests only, once a connection.

import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { findSocketInode, type SocketEnd, type SocketTables } from './socket-table.ts';

export interface PeerSources {
  /** Process ids of all workers that live. */
  readonly workerPids: () => readonly number[];
  /** The kernel's tables now; null when they cannot be read whole. */
  readonly readTables: () => SocketTables | null;
  /** Targets of a process's descriptors; [] when it is gone, null when it may not be asked. */
  readonly descriptorsOf: (pid: number) => readonly string[] | null;
  /** Whether an address is one of this machine's. */
  readonly isOwnAddress: (address: string) => boolean;
}

/** Ours: about 100,000 connections; more is not read, and what is not found then counts as a function. Bytes. */
const maxTableBytes = 16 * 1_048_576;

/** @returns a check for `ControlDeps.isFunctionPeer` */
export function createFunctionPeerCheck(sources: PeerSources): (request: IncomingMessage) => boolean {
  const known = new WeakMap<Socket, boolean>();
  return ({ socket }) => {
    const decided = known.get(socket) ?? isFunction(socket, sources);
    known.set(socket, decided);
    return decided;
  };
}

function isFunction(socket: Socket, sources: PeerSources): boolean {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  // It is closed already: whoever it was does not wait for an answer.
  if (remoteAddress === undefined || localAddress === undefined) return true;
  const peer: SocketEnd = { address: remoteAddress, port: remotePort ?? 0 };
  const own: SocketEnd = { address: localAddress, port: localPort ?? 0 };
  const inodeNow = (): number | null => {
    const tables = sources.readTables();
    return tables === null ? 0 : findSocketInode(tables, peer, own);
  };
  const inode = inodeNow();
  if (inode === null) return sources.isOwnAddress(remoteAddress);
  // 0: its process has closed it or has ended, perhaps to hide.
  if (inode === 0 || sources.workerPids().some((pid) => holds(pid, inode, sources))) return true;
  // A worker that ended while we looked through the others would not have been found: its socket is nobody's then.
  return inodeNow() !== inode;
}

function holds(pid: number, inode: number, { descriptorsOf }: PeerSources): boolean {
  return descriptorsOf(pid)?.includes(`socket:[${inode}]`) ?? true;
}

/** The kernel of this host; null where it keeps no such tables (not Linux), and nobody can tell. */
export function hostPeerSources(workerPids: () => readonly number[]): PeerSources | null {
  if (process.platform !== 'linux') return null;
  return {
    workerPids,
    readTables: () => {
      const [tcp, tcp6] = [readBounded('/proc/net/tcp'), readBounded('/proc/net/tcp6')];
      return tcp === null || tcp6 === null ? null : { tcp, tcp6 };
    },
    descriptorsOf: readDescriptors,
    isOwnAddress: (address) => /^(?:::ffff:)?127\.|^::1$/i.test(address) || isInterfaceAddress(address),
  };
}

function isInterfaceAddress(address: string): boolean {
  const [plain] = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%');
  return Object.values(networkInterfaces())
    .flat()
    .some((each) => each?.address === plain);
}

/** '' for a table that this host does not have (no IPv6); null when it is too long or cannot be read. */
function readBounded(path: string): string | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : null;
  }
  try {
    const pieces: string[] = [];
    const piece = Buffer.allocUnsafe(65_536);
    for (let total = 0; total <= maxTableBytes; ) {
      const bytes = readSync(file, piece);
      if (bytes === 0) return pieces.join('');
      pieces.push(piece.toString('latin1', 0, bytes));
      total += bytes;
    }
    return null;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

function readDescriptors(pid: number): readonly string[] | null {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => {
      try {
        return readlinkSync(`${folder}/${name}`);
      } catch {
        // Closed since.
        return '';
      }
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? [] : null;
  }
}
