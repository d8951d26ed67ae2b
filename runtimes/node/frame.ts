// Bytes on the socket <-> frames: 4-byte big-endian length, then a payload that starts with `{` (a JSON message), with
// 0x01 (a body chunk: tag, u32 invocation id, bytes) or, going out, with 0x02 (an answer). No length is believed before it
// is checked; frames going out gather in one piece of memory so that a turn's frames leave in one write.

import { allocate, byteLength, copyBytes, sliceBytes, writeText } from './builtins.ts';
import { maxChunkBytes, maxFrameBytes } from './limits.ts';

const lengthBytes = 4;
const chunkTag = 0x01;
const chunkPrefixBytes = 5;
const answerTag = 0x02;
/** Tag, u32 invocation id, u16 status, u32 length of the header block. */
const answerPrefixBytes = 11;
const messageTag = 0x7b;
const slabBytes = 262_144;
const countFromLength = 4_096;

export interface FrameHandler {
  /** The bytes are only valid during the call. */
  message(payload: Buffer): void;
  /** Likewise. No bytes = end of that body. */
  chunk(id: number, bytes: Buffer): void;
}

/** Takes bytes as they arrive. A payload inside one arrival is not copied; one spread over several is gathered once. */
export class FrameReader {
  readonly #handler: FrameHandler;
  #length = 0;
  #lengthSeen = 0;
  #partial: Buffer | null = null;
  #filled = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** @throws Error for a length out of bounds or an unknown kind of payload: the stream has no marks to find sync again. */
  push(input: Buffer): void {
    let at = 0;
    while (at < input.length) {
      if (this.#lengthSeen < lengthBytes) {
        at = this.#readLength(input, at);
        continue;
      }
      const available = input.length - at;
      if (this.#partial === null && available >= this.#length) {
        const end = at + this.#length;
        this.#lengthSeen = 0;
        this.#open(sliceBytes(input, at, end));
        at = end;
      } else {
        at = this.#gather(input, at, available);
      }
    }
  }

  #readLength(input: Buffer, start: number): number {
    let at = start;
    if (this.#lengthSeen === 0) this.#length = 0;
    while (this.#lengthSeen < lengthBytes && at < input.length) {
      this.#length = this.#length * 256 + (input[at] ?? 0);
      this.#lengthSeen += 1;
      at += 1;
    }
    if (this.#lengthSeen === lengthBytes && (this.#length < 1 || this.#length > maxFrameBytes)) {
      throw new Error(`cannot read a frame of ${this.#length} bytes: accepted are 1 to ${maxFrameBytes}`);
    }
    return at;
  }

  #gather(input: Buffer, start: number, available: number): number {
    this.#partial ??= allocate(this.#length);
    const taken = Math.min(available, this.#length - this.#filled);
    copyBytes(input, this.#partial, this.#filled, start, start + taken);
    this.#filled += taken;
    if (this.#filled === this.#length) {
      const payload = this.#partial;
      this.#partial = null;
      this.#filled = 0;
      this.#lengthSeen = 0;
      this.#open(payload);
    }
    return start + taken;
  }

  #open(payload: Buffer): void {
    if (payload[0] === messageTag) {
      this.#handler.message(payload);
      return;
    }
    if (payload[0] !== chunkTag || payload.length < chunkPrefixBytes) {
      throw new Error(`cannot read a frame that starts with byte ${payload[0]}`);
    }
    if (payload.length - chunkPrefixBytes > maxChunkBytes) {
      throw new Error(
        `cannot read a chunk of ${payload.length - chunkPrefixBytes} bytes: accepted are ${maxChunkBytes}`,
      );
    }
    const id = readU32(payload, 1);
    this.#handler.chunk(id, sliceBytes(payload, chunkPrefixBytes, payload.length));
  }
}

/** Gathers frames until they are taken. Memory handed out is never written again, so no copy is owed to the socket. */
export class FrameWriter {
  readonly #spill: (bytes: Buffer) => void;
  #slab = allocate(slabBytes);
  #start = 0;
  #end = 0;

  /** @param spill gets what was gathered when a frame no longer fits beside it. */
  constructor(spill: (bytes: Buffer) => void) {
    this.#spill = spill;
  }

  /** @throws RangeError when the message is longer than a frame may be. */
  message(json: string): void {
    const bound = mostBytes(json);
    if (bound > maxFrameBytes) {
      throw new RangeError(`cannot send a message of ${bound} bytes: accepted are at most ${maxFrameBytes}`);
    }
    this.#reserve(lengthBytes + bound);
    const written = writeText(this.#slab, json, this.#end + lengthBytes);
    this.#putU32(written);
    this.#end += written;
  }

  /** @param block JSON of the headers; it and the body must be within their maxima. */
  answer(id: number, status: number, block: string, body: string | Buffer): void {
    const bodyBound = typeof body === 'string' ? mostBytes(body) : body.length;
    this.#reserve(lengthBytes + answerPrefixBytes + mostBytes(block) + bodyBound);
    const start = this.#end;
    const blockAt = start + lengthBytes + answerPrefixBytes;
    const bodyAt = blockAt + writeText(this.#slab, block, blockAt);
    const end =
      bodyAt +
      (typeof body === 'string'
        ? writeText(this.#slab, body, bodyAt)
        : copyBytes(body, this.#slab, bodyAt, 0, body.length));
    this.#putU32(end - start - lengthBytes);
    this.#slab[this.#end] = answerTag;
    this.#end += 1;
    this.#putU32(id);
    this.#slab[this.#end] = status >>> 8;
    this.#slab[this.#end + 1] = status & 0xff;
    this.#end += 2;
    this.#putU32(bodyAt - blockAt);
    this.#end = end;
  }

  chunk(id: number, bytes: Buffer): void {
    this.#reserve(lengthBytes + chunkPrefixBytes + bytes.length);
    this.#putU32(chunkPrefixBytes + bytes.length);
    this.#slab[this.#end] = chunkTag;
    this.#end += 1;
    this.#putU32(id);
    copyBytes(bytes, this.#slab, this.#end, 0, bytes.length);
    this.#end += bytes.length;
  }

  /** What was gathered since the last call, or null. */
  take(): Buffer | null {
    if (this.#end === this.#start) return null;
    const bytes = sliceBytes(this.#slab, this.#start, this.#end);
    this.#start = this.#end;
    return bytes;
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    const gathered = this.take();
    if (gathered !== null) this.#spill(gathered);
    this.#slab = allocate(Math.max(bytes, slabBytes));
    this.#start = 0;
    this.#end = 0;
  }

  #putU32(value: number): void {
    const at = this.#end;
    this.#slab[at] = value >>> 24;
    this.#slab[at + 1] = (value >>> 16) & 0xff;
    this.#slab[at + 2] = (value >>> 8) & 0xff;
    this.#slab[at + 3] = value & 0xff;
    this.#end = at + lengthBytes;
  }
}

/** A UTF-16 unit is at most three bytes; long texts are counted, so as not to reserve three times their size. */
function mostBytes(text: string): number {
  return text.length <= countFromLength ? text.length * 3 : byteLength(text);
}

function readU32(bytes: Buffer, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
