// The worker's end of a connection, played by a test: says what it is told to, remembers what it hears.

import type { Socket } from 'node:net';
import { FrameDecoder } from '../../src/protocol/frame.ts';
import { encodeChunk, encodeMessage } from '../../src/protocol/frame-writer.ts';
import type { GatewayMessage, InvokeMessage, WorkerMessage } from '../../src/protocol/messages.ts';

interface Waiter {
  readonly accepts: (message: GatewayMessage) => boolean;
  readonly resolve: (message: GatewayMessage) => void;
}

export class WorkerPeer {
  readonly socket: Socket;
  readonly messages: GatewayMessage[] = [];
  /** Bytes of chunks heard, by invocation id. */
  readonly bodies = new Map<number, Buffer[]>();
  readonly endedBodies = new Set<number>();
  /** Called on each message, for peers that answer by themselves. */
  onMessage: ((message: GatewayMessage) => void) | null = null;
  readonly ended: Promise<void>;
  readonly #decoder = new FrameDecoder();
  #waiters: Waiter[] = [];
  #unclaimed: GatewayMessage[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.ended = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  send(message: WorkerMessage): void {
    this.socket.write(encodeMessage(message));
  }

  chunk(id: number, bytes: Buffer): void {
    this.socket.write(encodeChunk(id, bytes));
  }

  raw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  ready(concurrency = 1): void {
    this.send({ type: 'ready', concurrency, runtime_version: '1.0' });
  }

  result(id: number, text = 'ok'): void {
    this.send({ type: 'result', id, status: 200, headers: {}, body: { kind: 'text', text } });
  }

  /** The next message of this type that no one has waited for yet. */
  heard<T extends GatewayMessage['type']>(type: T): Promise<Extract<GatewayMessage, { type: T }>> {
    const accepts = (message: GatewayMessage) => message.type === type;
    const index = this.#unclaimed.findIndex(accepts);
    const found = this.#unclaimed[index];
    if (found !== undefined) {
      this.#unclaimed.splice(index, 1);
      return Promise.resolve(found as Extract<GatewayMessage, { type: T }>);
    }
    return new Promise((resolve) => {
      this.#waiters.push({
        accepts,
        resolve: (message) => resolve(message as Extract<GatewayMessage, { type: T }>),
      });
    });
  }

  invoked(): Promise<InvokeMessage> {
    return this.heard('invoke');
  }

  body(id: number): Buffer {
    return Buffer.concat(this.bodies.get(id) ?? []);
  }

  #receive(bytes: Buffer): void {
    this.#decoder.push(bytes);
    for (;;) {
      const frame = this.#decoder.next();
      if (frame.kind === 'incomplete') return;
      if (frame.kind === 'fault') throw new Error(`the gateway sent a bad frame: ${frame.reason}`);
      if (frame.kind === 'chunk') this.#takeChunk(frame.id, frame.bytes);
      else this.#takeMessage(JSON.parse(frame.payload.toString('utf8')) as GatewayMessage);
    }
  }

  #takeChunk(id: number, bytes: Buffer): void {
    if (bytes.length === 0) {
      this.endedBodies.add(id);
      return;
    }
    const chunks = this.bodies.get(id) ?? [];
    chunks.push(bytes);
    this.bodies.set(id, chunks);
  }

  #takeMessage(message: GatewayMessage): void {
    this.messages.push(message);
    const waiter = this.#waiters.find((each) => each.accepts(message));
    if (waiter === undefined) this.#unclaimed.push(message);
    else {
      this.#waiters = this.#waiters.filter((each) => each !== waiter);
      waiter.resolve(message);
    }
    this.onMessage?.(message);
  }
}
