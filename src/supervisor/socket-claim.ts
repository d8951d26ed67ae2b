// Listens on a path of the file system that may hold something else: a living gateway's socket, a dead one's, or a file.
// Promises to remove only what is surely stale.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';

/** sockaddr_un.sun_path holds 108 bytes with its NUL (unix(7)); 103 also fits other systems. */
export const maxSocketPathBytes = 103;
/** contract/config-cli.md 5.9 */
const probeMs = 200;

export type Occupant = 'nothing' | 'alive' | 'stale';

/** @throws Error when something that is no socket lies there */
export async function probeSocket(path: string): Promise<Occupant> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'nothing';
  if (!stat.isSocket()) throw new Error(`runtime socket path exists but is not a unix socket: ${path}`);
  return (await answers(path)) ? 'alive' : 'stale';
}

/**
 * Listens with mode 0600; false when a living process has the path.
 * @throws Error when something that is no socket lies there, or the path cannot be bound
 */
export async function claimSocket(server: Server, path: string): Promise<boolean> {
  if (Buffer.byteLength(path) > maxSocketPathBytes) {
    throw new Error(`cannot listen on ${path}: longer than ${maxSocketPathBytes} bytes`);
  }
  const occupant = await probeSocket(path);
  if (occupant === 'alive' || (occupant === 'stale' && !(await removeStale(path)))) return false;
  try {
    server.listen(path);
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  // The folder is 0700 already; this holds for paths that the operator chose.
  chmodSync(path, 0o600);
  return true;
}

/**
 * Two gateways may find the same stale socket: the slower one must not remove what the quicker one has bound since. So
 * it is moved aside first, asked again, and put back when it turns out to be alive.
 */
async function removeStale(path: string): Promise<boolean> {
  const aside = `${path}.${randomBytes(3).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
  const alive = await answers(aside);
  try {
    // Unlike rename, link never replaces.
    if (alive) linkSync(aside, path);
  } finally {
    unlinkSync(aside);
  }
  return !alive;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    // Too busy to accept within the time is alive.
    socket.setTimeout(probeMs, () => end(true));
    socket.once('connect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'EAGAIN'));
  });
}
