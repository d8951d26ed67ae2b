// The connection to the gateway on file descriptor 3. Reads frames into checked-enough messages (the gateway is
// trusted, the stream is not believed blindly), and sends all frames of one event-loop turn in one write.

import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { GatewayMessage } from '../../src/protocol/messages.ts';
import { afterTurn, allocate, isUtf8, parseJson, readText, sliceBytes } from './builtins.ts';
import { type FrameHandler, FrameReader, FrameWriter } from './frame.ts';
import { hideHandle } from './process-view.ts';

/** Where the launcher leaves the connected socket. */
const gatewayFd = 3;
const readBytes = 131_072;

export interface ConnectionListener {
  message(message: GatewayMessage): void;
  /** The bytes are only valid during the call. No bytes = end of that body. */
  chunk(id: number, bytes: Buffer): void;
  /** Last call before a turn's frames leave: time to add what was held back. */
  turnEnds(): void;
  /** The gateway asks for no more, and still hears what is said. */
  ending(): void;
  /** The gateway has gone. */
  closed(): void;
  /** The stream cannot be understood any further. */
  fault(error: unknown): void;
}

export class Connection implements FrameHandler {
  readonly #listener: ConnectionListener;
  readonly #write: (bytes: Buffer) => unknown;
  readonly #writer: FrameWriter;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(this);
  /** For `readArrived`; made when it is first called. */
  #arrived: Buffer | null = null;
  #flushing = false;

  constructor(listener: ConnectionListener) {
    this.#listener = listener;
    const socket = new Socket({
      fd: gatewayFd,
      allowHalfOpen: true,
      // One buffer for all reads: the reader copies what it keeps.
      onread: {
        buffer: allocate(readBytes),
        callback: (length: number, buffer: Uint8Array) => {
          this.#read(sliceBytes(buffer as Buffer, 0, length));
          return true;
        },
      },
    } as ConstructorParameters<typeof Socket>[0]);
    socket.on('end', () => listener.ending());
    socket.on('error', () => listener.closed());
    socket.on('close', () => listener.closed());
    // Bound now, as user code could replace Socket.prototype.write later.
    this.#write = socket.write.bind(socket) as (bytes: Buffer) => unknown;
    this.#writer = new FrameWriter(this.#write);
    this.#socket = socket;
    hideHandle(socket);
    socket.resume();
  }

  /** Queues one message for the write at the end of this turn. */
  send(json: string): void {
    this.#writer.message(json);
    this.wake();
  }

  sendAnswer(id: number, status: number, block: string, body: string | Buffer): void {
    this.#writer.answer(id, status, block, body);
    this.wake();
  }

  sendChunk(id: number, bytes: Buffer): void {
    this.#writer.chunk(id, bytes);
    this.wake();
  }

  /** Sees to it that this turn ends with `turnEnds` and a write. */
  wake(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    // The check phase comes right after all sockets were read and all handlers of this turn had their microtasks.
    afterTurn(this.#endTurn);
  }

  /** What is still unsent, for a last synchronous write when the process ends; null when the socket itself is behind. */
  takeUnsent(): Buffer | null {
    return this.#socket.writableLength > 0 ? null : this.#writer.take();
  }

  message(payload: Buffer): void {
    if (!isUtf8(payload)) throw new Error('cannot read a message that is not UTF-8');
    this.#listener.message(parseJson(readText(payload, 'utf8', 0, payload.length)) as GatewayMessage);
  }

  chunk(id: number, bytes: Buffer): void {
    this.#listener.chunk(id, bytes);
  }

  /** Writes what is queued without waiting for the end of the turn. */
  flush(): void {
    const bytes = this.#writer.take();
    if (bytes !== null) this.#write(bytes);
  }

  /**
   * Reads what has arrived without waiting for the event loop, for code that keeps the thread to itself. Not to be called
   * from inside a listener: a frame would be read in the middle of another.
   */
  readArrived(): void {
    this.#arrived ??= allocate(readBytes);
    let length = 0;
    try {
      length = readSync(gatewayFd, this.#arrived, 0, readBytes, null);
    } catch {
      // EAGAIN: nothing has. Any other failure is met by the event loop as well. What was answered before this code began, to
      // frames that came together with its own, must go out all the same.
      this.flush();
      return;
    }
    if (length > 0) this.#read(sliceBytes(this.#arrived, 0, length));
    else this.#listener.ending();
    this.flush();
  }

  readonly #endTurn = (): void => {
    this.#listener.turnEnds();
    this.#flushing = false;
    this.flush();
  };

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#listener.fault(error);
    }
  }
}
