// Listens on a path of the file system that may hold something else: a living gateway's socket, a dead one's, or a file.
// Promises to remove only what is surely stale.

import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** sockaddr_un.sun_path holds 108 bytes with its NUL (unix(7)); 103 also fits other systems. */
export const maxSocketPathBytes = 103;
/** contract/config-cli.md 5.9 */
const probeMs = 200;
const lockPollMs = 10;
const lockStaleMs = 3_000;
const lockPatienceMs = 5_000;

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
  // Two gateways may find the same stale socket: without the lock the slower one would remove what the quicker has bound.
  return withLock(path, async () => {
    const occupant = await probeSocket(path);
    if (occupant === 'alive') return false;
    if (occupant === 'stale') unlinkSync(path);
    server.listen(path);
    await once(server, 'listening');
    // The folder is 0700 already; this holds for paths that the operator chose.
    chmodSync(path, 0o600);
    return true;
  });
}

async function withLock<T>(path: string, act: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const givenUpAt = Date.now() + lockPatienceMs;
  while (!tryLock(lock)) {
    if (Date.now() > givenUpAt) throw new Error(`cannot listen on ${path}: ${lock} is held`);
    await setTimeout(lockPollMs);
  }
  try {
    return await act();
  } finally {
    rmdirSync(lock);
  }
}

/** A folder, as mkdir(2) is atomic everywhere. */
function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const made = lstatSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  // Held for milliseconds, unless its gateway was killed in just these.
  if (made !== undefined && Date.now() - made > lockStaleMs) rmSync(lock, { recursive: true, force: true });
  return false;
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
