// The listening sockets, one per runtime, and the door behind them: who dials in must say a token that was given to one
// process, be that process, and do both at once. Everybody else is cut off; nothing is read from them but one short frame.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { RuntimeName } from '../policy/runtime-name.ts';
import { FrameDecoder } from '../protocol/frame.ts';
import { claimSocket } from './socket-claim.ts';
import { SocketDirectory } from './socket-directory.ts';

const helloBytes = 256;
const helloMs = 2_000;
/** Strangers at the door at once; a launcher says hello within a millisecond. */
const maxStrangers = 64;

/** Called at once with the connection and what was already read behind the hello. */
export type Admit = (socket: Socket, early: Buffer) => void;

interface Expected {
  readonly digest: Buffer;
  readonly pid: number;
  readonly admit: Admit;
}

export interface RuntimeSocketsOptions {
  readonly baseDir: string;
  readonly runtimes: readonly RuntimeName[];
  /** Exact path of some (`FN_RUNTIME_SOCKETS`). */
  readonly paths: ReadonlyMap<RuntimeName, string>;
  /** Process at the other end of a connected Unix socket (SO_PEERCRED), or null. */
  readonly peerPid: (fd: number) => number | null;
  readonly clock: Clock;
  readonly log: Log;
}

export class RuntimeSockets {
  readonly #options: RuntimeSocketsOptions;
  readonly #servers = new Map<RuntimeName, { readonly server: Server; readonly path: string }>();
  readonly #expected = new Set<Expected>();
  readonly #strangers = new Set<Socket>();
  #directory: SocketDirectory | null = null;

  private constructor(options: RuntimeSocketsOptions) {
    this.#options = options;
  }

  /** @throws Error when a path is taken by a living process or by something that is no socket, or is unsafe */
  static async listen(options: RuntimeSocketsOptions): Promise<RuntimeSockets> {
    const sockets = new RuntimeSockets(options);
    try {
      await sockets.#listenAll();
    } catch (error) {
      sockets.close();
      throw error;
    }
    return sockets;
  }

  /** @throws Error for a runtime that was not selected */
  path(runtime: RuntimeName): string {
    const entry = this.#servers.get(runtime);
    if (entry === undefined) throw new Error(`cannot find a socket for ${runtime}`);
    return entry.path;
  }

  /** A new token. Good for nothing before `expect`. */
  createToken(): string {
    return randomBytes(24).toString('hex');
  }

  /** Lets `pid` in, once, with `token`; the returned function takes that back. */
  expect(token: string, pid: number, admit: Admit): () => void {
    const expected: Expected = { digest: digest(token), pid, admit };
    this.#expected.add(expected);
    return () => this.#expected.delete(expected);
  }

  /** Stops listening and removes the sockets; connections that were admitted live on. */
  close(): void {
    for (const stranger of this.#strangers) stranger.destroy();
    // Closes and unlinks at once; its callback would wait for the connections that were admitted.
    for (const { server } of this.#servers.values()) server.close();
    this.#servers.clear();
    this.#directory?.close();
    this.#directory = null;
  }

  async #listenAll(): Promise<void> {
    const { runtimes, paths, baseDir, log } = this.#options;
    for (const runtime of runtimes) {
      const path = paths.get(runtime);
      if (path === undefined) continue;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (!(await this.#listenAt(runtime, path))) throw new Error(`runtime socket already in use: ${path}`);
    }
    const inBase = runtimes.filter((runtime) => !paths.has(runtime));
    if (inBase.length === 0) return;
    this.#directory = await SocketDirectory.open(baseDir, inBase.map(fileName), (text) => log.warn(text));
    for (const runtime of inBase) await this.#listenInDirectory(runtime, this.#directory);
  }

  async #listenInDirectory(runtime: RuntimeName, directory: SocketDirectory): Promise<void> {
    if (await this.#listenAt(runtime, directory.pathOf(fileName(runtime)))) return;
    // Another gateway took it since the folder was looked at.
    directory.useSubfolder();
    const path = directory.pathOf(fileName(runtime));
    if (!(await this.#listenAt(runtime, path))) throw new Error(`runtime socket already in use: ${path}`);
  }

  async #listenAt(runtime: RuntimeName, path: string): Promise<boolean> {
    const server = createServer((socket) => this.#meet(socket));
    if (!(await claimSocket(server, path))) return false;
    // Accept errors (EMFILE): the dialler times out and is reported as a failed start.
    server.on('error', (error) => this.#options.log.error({ err: error }, 'cannot accept a worker'));
    server.unref();
    this.#servers.set(runtime, { server, path });
    return true;
  }

  #meet(socket: Socket): void {
    const decoder = new FrameDecoder(helloBytes);
    const refuse = (reason: string) => {
      leave();
      socket.destroy();
      this.#options.log.warn({ reason }, 'refused a connection to a runtime socket');
    };
    const onData = (bytes: Buffer) => {
      decoder.push(bytes);
      const frame = decoder.next();
      if (frame.kind === 'incomplete') return;
      const expected = frame.kind === 'message' ? this.#find(frame.payload, socket) : null;
      if (expected === null) {
        refuse('wrong hello');
        return;
      }
      this.#expected.delete(expected);
      leave();
      expected.admit(socket, decoder.rest());
    };
    const onGone = () => {
      leave();
      socket.destroy();
    };
    const timer = this.#options.clock.after(helloMs, () => refuse('no hello in time'));
    const leave = () => {
      this.#strangers.delete(socket);
      timer.cancel();
      socket.off('data', onData).off('error', onGone).off('close', onGone).off('end', onGone);
      // Between here and the connection's own listener an error must not be unhandled.
      socket.on('error', () => {});
    };
    this.#strangers.add(socket);
    socket.on('data', onData).on('error', onGone).on('close', onGone).on('end', onGone);
    if (this.#strangers.size > maxStrangers) refuse('too many at the door');
  }

  #find(payload: Buffer, socket: Socket): Expected | null {
    const token = parseHello(payload);
    if (token === null) return null;
    const said = digest(token);
    const pid = this.#options.peerPid(descriptorOf(socket));
    let found: Expected | null = null;
    // All are compared, each in constant time: how long it takes says nothing about a token.
    for (const expected of this.#expected) {
      if (timingSafeEqual(expected.digest, said) && expected.pid === pid) found = expected;
    }
    return found;
  }
}

function fileName(runtime: RuntimeName): string {
  return `fn-${runtime}.sock`;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function parseHello(payload: Buffer): string | null {
  try {
    const hello: unknown = JSON.parse(payload.toString('utf8'));
    if (typeof hello !== 'object' || hello === null) return null;
    if (!('type' in hello) || hello.type !== 'hello' || !('token' in hello)) return null;
    return typeof hello.token === 'string' ? hello.token : null;
  } catch {
    return null;
  }
}

/** Node gives no public access to a socket's descriptor; libuv's handle has it on every Unix. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } };
  return handle?.fd ?? -1;
}
