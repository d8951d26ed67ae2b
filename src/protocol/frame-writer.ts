// Messages and body chunks to bytes, gathered until the owner takes them for one write. Promises that a frame over the
// maximum is never begun, and that bytes once taken are never written to again. When to write is the owner's affair.

import { chunkPrefixBytes, chunkTag, lengthBytes } from './frame.ts';
import { maxChunkBytes, maxFrameBytes } from './limits.ts';

/** Small frames share slabs of this size, so that many of them are one buffer and one write. */
const slabBytes = 65_536;
/** A UTF-16 unit takes at most this many UTF-8 bytes. */
const maxBytesPerUnit = 3;

/** Thrown when a message would not fit a frame; the receiver would cut the connection over it. */
export class FrameTooLarge extends Error {
  readonly bytes: number;

  constructor(bytes: number) {
    super(`cannot send a frame of ${bytes} bytes: at most ${maxFrameBytes}`);
    this.name = 'FrameTooLarge';
    this.bytes = bytes;
  }
}

export class FrameWriter {
  #slab: Buffer = Buffer.alloc(0);
  /** Slab bytes [#start, #end) are frames not yet taken. */
  #start = 0;
  #end = 0;
  #segments: Buffer[] = [];

  get empty(): boolean {
    return this.#segments.length === 0 && this.#start === this.#end;
  }

  /** @throws FrameTooLarge */
  message(json: string): void {
    const most = json.length * maxBytesPerUnit;
    if (most + lengthBytes > slabBytes / 2) {
      this.#large(json);
      return;
    }
    this.#reserve(lengthBytes + most);
    const bytes = this.#slab.write(json, this.#end + lengthBytes, 'utf8');
    this.#slab.writeUInt32BE(bytes, this.#end);
    this.#end += lengthBytes + bytes;
  }

  /** `bytes` is not copied: it must not change until written. At most `maxChunkBytes`; none = end of the body. */
  chunk(id: number, bytes: Buffer): void {
    if (bytes.length > maxChunkBytes) throw new FrameTooLarge(bytes.length);
    this.#reserve(lengthBytes + chunkPrefixBytes);
    this.#slab.writeUInt32BE(chunkPrefixBytes + bytes.length, this.#end);
    this.#slab[this.#end + lengthBytes] = chunkTag;
    this.#slab.writeUInt32BE(id, this.#end + lengthBytes + 1);
    this.#end += lengthBytes + chunkPrefixBytes;
    if (bytes.length === 0) return;
    this.#cut();
    this.#segments.push(bytes);
  }

  /** All frames since the last take, in order. */
  take(): Buffer[] {
    this.#cut();
    const taken = this.#segments;
    this.#segments = [];
    return taken;
  }

  #large(json: string): void {
    const bytes = Buffer.byteLength(json);
    if (bytes > maxFrameBytes) throw new FrameTooLarge(bytes);
    const frame = Buffer.allocUnsafeSlow(lengthBytes + bytes);
    frame.writeUInt32BE(bytes, 0);
    frame.write(json, lengthBytes, 'utf8');
    this.#cut();
    this.#segments.push(frame);
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafeSlow(slabBytes);
    this.#start = 0;
    this.#end = 0;
  }

  #cut(): void {
    if (this.#start === this.#end) return;
    this.#segments.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

/** One message as one frame, for tests and for a peer that has no connection yet. */
export function encodeMessage(message: object): Buffer {
  const writer = new FrameWriter();
  writer.message(JSON.stringify(message));
  return Buffer.concat(writer.take());
}

/** One body chunk as one frame; no bytes = end of the body. */
export function encodeChunk(id: number, bytes: Buffer): Buffer {
  const writer = new FrameWriter();
  writer.chunk(id, bytes);
  return Buffer.concat(writer.take());
}
