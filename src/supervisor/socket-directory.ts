// Where a gateway's sockets lie: `<base>/fn-<runtime>.sock` for the first gateway on a machine, `<base>/s-<pid>/` for
// those beside it, a short folder in /tmp where that would be too long. Everything made here is removed at `close`.

import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory, UnsafeDirectory } from './private-directory.ts';
import { maxSocketPathBytes, probeSocket } from './socket-claim.ts';

/** Default of FN_SOCKET_BASE_DIR. */
const defaultSocketBase = '/tmp/fastfn';
const socketName = /^fn-[a-z]+\.sock$/;
const subfolderName = /^s-\d+(?:-\d+)?$/;
/** A subfolder this young may belong to a gateway that is about to listen in it, ms. */
const youngMs = 60_000;

export class SocketDirectory {
  /** Folder of the sockets, without links. */
  #path: string;
  readonly #base: string;
  #subfolder = false;

  private constructor(base: string) {
    this.#base = base;
    this.#path = base;
  }

  /**
   * Makes or checks the folder.
   * @param names sockets that will lie in it, for the length of the longest
   * @param warn told in words when another folder than `base` is used
   * @throws UnsafeDirectory, also when what lies at a socket's path is no socket
   */
  static async open(
    base: string,
    names: readonly string[],
    warn: (text: string) => void,
  ): Promise<SocketDirectory> {
    const directory = new SocketDirectory(chooseBase(base, names, warn));
    await removeDeadSubfolders(directory.#base);
    for (const name of names) {
      if ((await probeSocket(join(directory.#base, name))) === 'alive') directory.useSubfolder();
    }
    return directory;
  }

  pathOf(name: string): string {
    return join(this.#path, name);
  }

  /** Another gateway has the base folder's names: use a folder of our own inside it. */
  useSubfolder(): void {
    if (this.#subfolder) return;
    this.#subfolder = true;
    const first = join(this.#base, `s-${process.pid}`);
    let path = first;
    // Several gateways in one process are possible; those of dead ones have been removed.
    for (let n = 2; existsSync(path); n += 1) path = `${first}-${n}`;
    this.#path = makePrivateDirectory(path);
  }

  /** After the sockets have been closed (which removes them). */
  close(): void {
    if (this.#subfolder) removeIfEmpty(this.#path);
    removeIfEmpty(this.#base);
  }
}

function chooseBase(base: string, names: readonly string[], warn: (text: string) => void): string {
  const longest = Math.max(...names.map((name) => Buffer.byteLength(join(base, `s-${process.pid}`, name))));
  const short = `/tmp/ffn-sock-${shortHash(base)}`;
  if (longest > maxSocketPathBytes) {
    warn(
      `socket directory ${base} is too long for a Unix socket (${longest} > ${maxSocketPathBytes} bytes): using ${short}`,
    );
    return makePrivateDirectory(short);
  }
  try {
    return makePrivateDirectory(base);
  } catch (error) {
    // Another user's gateway, or one who wants to stop ours, was first at the default name: it is no one's property.
    if (!(error instanceof UnsafeDirectory) || base !== defaultSocketBase) throw error;
    warn(`${error.message}: using ${short}`);
    return makePrivateDirectory(short);
  }
}

/** The user is part of it, so that two users with the same base do not meet. */
function shortHash(base: string): string {
  return createHash('sha1').update(`${base}\0${process.geteuid?.()}`).digest('hex').slice(0, 8);
}

/** Folders of gateways that were killed: every socket in them is stale. */
async function removeDeadSubfolders(base: string): Promise<void> {
  for (const folder of readdirSync(base).filter((name) => subfolderName.test(name))) {
    const path = join(base, folder);
    if (Date.now() - lstatSync(path).mtimeMs < youngMs) continue;
    for (const name of readdirSync(path).filter((each) => socketName.test(each))) {
      if ((await probeSocket(join(path, name))) === 'stale') unlinkSync(join(path, name));
    }
    removeIfEmpty(path);
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    // ENOTEMPTY: another gateway's sockets. ENOENT: it was quicker to tidy up.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}
