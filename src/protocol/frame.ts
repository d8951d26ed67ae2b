// Bytes on a worker's socket to frames: 4-byte big-endian length, then a payload (layout: messages.ts).
// Promises: no length is believed before it is checked, no byte is copied twice, and "not enough bytes yet" is a value.
// What a JSON payload says is left to worker-message.ts.

import { maxChunkBytes, maxFrameBytes } from './limits.ts';

/** Bytes of the length before each payload. */
export const lengthBytes = 4;
/** First byte of a body chunk's payload; a message's is `{`. */
export const chunkTag = 0x01;
/** First byte of an answer's payload (layout: messages.ts); what is in it is left to answer-frame.ts. */
const answerTag = 0x02;
/** Tag and u32 invocation id before the bytes of a chunk. */
export const chunkPrefixBytes = 5;

const messageTag = 0x7b;
const noBytes = Buffer.alloc(0);

export type Frame =
  | { readonly kind: 'message'; readonly payload: Buffer }
  | { readonly kind: 'answer'; readonly payload: Buffer }
  /** No bytes = end of that body. */
  | { readonly kind: 'chunk'; readonly id: number; readonly bytes: Buffer };

export type DecodeResult =
  | Frame
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'fault'; readonly reason: string };

const incomplete: DecodeResult = Object.freeze({ kind: 'incomplete' });

/**
 * Takes bytes as they arrive and gives frames as they become whole. Payloads that lie inside one arrival are slices
 * of it; a payload spread over several is gathered once, in a buffer of its exact size.
 */
export class FrameDecoder {
  readonly #maxPayloadBytes: number;
  #input: Buffer = noBytes;
  #offset = 0;
  #length = 0;
  /** Bytes of the length seen so far; `lengthBytes` while a payload is under way. */
  #lengthSeen = 0;
  #partial: Buffer | null = null;
  #filled = 0;
  #fault: DecodeResult | null = null;

  /** @param maxPayloadBytes default `maxFrameBytes`; less for a connection that has not proved itself. */
  constructor(maxPayloadBytes: number = maxFrameBytes) {
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Adds bytes that arrived. The decoder keeps slices of them: the caller must not write to them again. */
  push(bytes: Buffer): void {
    const unread = this.#input.length - this.#offset;
    this.#input = unread === 0 ? bytes : Buffer.concat([this.#input.subarray(this.#offset), bytes]);
    this.#offset = 0;
  }

  /** The next whole frame, or why there is none. After a fault it only repeats the fault: the stream has no sync marks. */
  next(): DecodeResult {
    if (this.#fault !== null) return this.#fault;
    if (this.#lengthSeen < lengthBytes && !this.#readLength()) return this.#fault ?? incomplete;
    const payload = this.#readPayload();
    if (payload === null) return incomplete;
    this.#lengthSeen = 0;
    this.#length = 0;
    return this.#open(payload);
  }

  /** Bytes that arrived after the last whole frame, for handing the stream to another decoder. */
  rest(): Buffer {
    return this.#input.subarray(this.#offset);
  }

  #readLength(): boolean {
    const input = this.#input;
    if (this.#lengthSeen === 0 && input.length - this.#offset >= lengthBytes) {
      this.#length = input.readUInt32BE(this.#offset);
      this.#offset += lengthBytes;
      this.#lengthSeen = lengthBytes;
    } else {
      while (this.#lengthSeen < lengthBytes) {
        const byte = input[this.#offset];
        if (byte === undefined) return false;
        this.#length = this.#length * 256 + byte;
        this.#offset += 1;
        this.#lengthSeen += 1;
      }
    }
    if (this.#length >= 1 && this.#length <= this.#maxPayloadBytes) return true;
    this.#refuse(`frame of ${this.#length} bytes, accepted: 1 to ${this.#maxPayloadBytes}`);
    return false;
  }

  #readPayload(): Buffer | null {
    const input = this.#input;
    const available = input.length - this.#offset;
    if (this.#partial === null && available >= this.#length) {
      const start = this.#offset;
      this.#offset += this.#length;
      return input.subarray(start, this.#offset);
    }
    // Exact size at once, not a list of pieces: one-byte writes would make a list of millions.
    this.#partial ??= Buffer.allocUnsafeSlow(this.#length);
    const taken = Math.min(available, this.#length - this.#filled);
    input.copy(this.#partial, this.#filled, this.#offset, this.#offset + taken);
    this.#offset += taken;
    this.#filled += taken;
    if (this.#filled < this.#length) return null;
    const payload = this.#partial;
    this.#partial = null;
    this.#filled = 0;
    return payload;
  }

  #open(payload: Buffer): DecodeResult {
    if (payload[0] === answerTag) return { kind: 'answer', payload };
    if (payload[0] === messageTag) return { kind: 'message', payload };
    if (payload[0] !== chunkTag) return this.#refuse(`payload starts with byte ${payload[0]}`);
    if (payload.length < chunkPrefixBytes) return this.#refuse('chunk without an invocation id');
    if (payload.length - chunkPrefixBytes > maxChunkBytes) {
      return this.#refuse(
        `chunk of ${payload.length - chunkPrefixBytes} bytes, accepted: at most ${maxChunkBytes}`,
      );
    }
    return { kind: 'chunk', id: payload.readUInt32BE(1), bytes: payload.subarray(chunkPrefixBytes) };
  }

  #refuse(reason: string): DecodeResult {
    this.#fault = { kind: 'fault', reason };
    return this.#fault;
  }
}
