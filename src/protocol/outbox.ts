// What goes out on one worker's socket: frames of one event-loop turn leave in few writes. The frames of a turn come
// from many clients' sockets, so the flush waits for the check phase, which follows the poll phase that read them; a
// long turn is cut, so that the worker begins while the gateway still reads.

import type { Socket } from 'node:net';
import { FrameWriter } from './frame-writer.ts';

/**
 * A turn's messages leave in about this many parts, of at least `leastPart` messages each. One write for all let gateway,
 * worker and clients wait for each other in turn: at 16 calls, parts of 4 gave a quarter more throughput.
 */
const partsOfTurn = 4;
const leastPart = 4;

export class Outbox {
  readonly #socket: Socket;
  readonly #writer = new FrameWriter();
  #flushAsked: NodeJS.Immediate | null = null;
  #ended = false;
  #gathered = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @throws FrameTooLarge, with nothing sent */
  message(json: string): void {
    this.#writer.message(json);
    this.#gathered += 1;
    this.#askFlush();
  }

  /** Lets the worker begin with what is gathered, when that is a fair part of the `running` calls. */
  hurry(running: number): void {
    if (this.#gathered >= Math.max(leastPart, running / partsOfTurn)) this.#flush();
  }

  /** `bytes` must not change until the socket has them. */
  chunk(id: number, bytes: Buffer): void {
    this.#writer.chunk(id, bytes);
    this.#askFlush();
  }

  /** True while the kernel has not taken what was written: a producer of chunks waits for `drain`. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** True after `end` or `discard`: nothing more goes out. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends what is gathered, then half-closes: the peer sees the end after the last frame. */
  end(): void {
    this.#flush();
    this.#ended = true;
    this.#socket.end();
  }

  /** Drops what is gathered; the socket is the owner's to destroy. */
  discard(): void {
    this.#ended = true;
    this.#writer.take();
    if (this.#flushAsked !== null) clearImmediate(this.#flushAsked);
    this.#flushAsked = null;
  }

  #askFlush(): void {
    this.#flushAsked ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#flushAsked !== null) clearImmediate(this.#flushAsked);
    this.#flushAsked = null;
    this.#gathered = 0;
    const segments = this.#writer.take();
    if (this.#ended || segments.length === 0) return;
    const [first] = segments;
    if (segments.length === 1 && first !== undefined) {
      this.#socket.write(first);
      return;
    }
    this.#socket.cork();
    for (const segment of segments) this.#socket.write(segment);
    this.#socket.uncork();
  }
}
