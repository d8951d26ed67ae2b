// Lua strings in and out of the machine's memory. They are bytes, whatever is in them: every function says how it reads
// them. Lua copies what is pushed, and what is read is a copy, so that no address outlives its call.

import { type LuaApi, type LuaThread, luaType } from './lua-api.ts';

/** Strings up to this many bytes are written to one place that stays allocated. */
const scratchBytes = 16_384;
const lengthBytes = 4;

export class LuaStrings {
  readonly #api: LuaApi;
  readonly #scratch: number;
  readonly #length: number;
  readonly #names: Record<string, number> = Object.create(null);
  #memory = Buffer.alloc(0);

  constructor(api: LuaApi) {
    this.#api = api;
    this.#scratch = api.malloc(scratchBytes);
    this.#length = api.malloc(lengthBytes);
  }

  /** Pushes `text` as UTF-8. */
  push(L: LuaThread, text: string): void {
    this.#write(L, text, 'utf8', text.length * 3);
  }

  /** Pushes a text whose characters are bytes, each below 256. */
  pushLatin(L: LuaThread, text: string): void {
    this.#write(L, text, 'latin1', text.length);
  }

  pushBytes(L: LuaThread, bytes: Uint8Array): void {
    this.#within(bytes.length, (address) => {
      this.#view().set(bytes, address);
      this.#api.lua_pushlstring(L, address, bytes.length);
    });
  }

  /** The bytes of the string at `index`. A number there becomes a string; the caller looks at the type first. */
  bytes(L: LuaThread, index: number): Buffer {
    const [start, end] = this.#place(L, index);
    return Buffer.from(this.#view().subarray(start, end));
  }

  /** Each byte as one character. */
  latin(L: LuaThread, index: number): string {
    const [start, end] = this.#place(L, index);
    return this.#view().toString('latin1', start, end);
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(L: LuaThread, index: number): string {
    const [start, end] = this.#place(L, index);
    return this.#view().toString('utf8', start, end);
  }

  /** The error value at `index`, for people. */
  describedError(L: LuaThread, index: number): string {
    const type = this.#api.lua_type(L, index);
    if (type === luaType.string || type === luaType.number) return this.text(L, index);
    return type === luaType.nil ? 'nil' : 'an error value without a text';
  }

  /** Address of a C string that stays: for the few names that are ours. */
  name(text: string): number {
    const known = this.#names[text];
    if (known !== undefined) return known;
    const bytes = Buffer.from(`${text}\0`);
    const address = this.#api.malloc(bytes.length);
    this.#view().set(bytes, address);
    this.#names[text] = address;
    return address;
  }

  /** Gives `use` the address of `bytes` in the machine, for the time of the call. */
  at(bytes: Uint8Array, use: (address: number) => void): void {
    this.#within(bytes.length, (address) => {
      this.#view().set(bytes, address);
      use(address);
    });
  }

  #write(L: LuaThread, text: string, encoding: 'utf8' | 'latin1', bound: number): void {
    // A long text is counted, so as not to ask for three times its size.
    const room = bound <= scratchBytes ? bound : Buffer.byteLength(text, encoding);
    this.#within(room, (address) => {
      const memory = this.#view();
      const written = memory.write(text, address, room, encoding);
      this.#api.lua_pushlstring(L, address, written);
    });
  }

  #within(bytes: number, use: (address: number) => void): void {
    if (bytes <= scratchBytes) {
      use(this.#scratch);
      return;
    }
    const address = this.#api.malloc(bytes);
    if (address === 0) throw new Error('not enough memory');
    try {
      use(address);
    } finally {
      // Also when lua_pushlstring finds no memory and jumps away.
      this.#api.free(address);
    }
  }

  #place(L: LuaThread, index: number): readonly [start: number, end: number] {
    const start = this.#api.lua_tolstring(L, index, this.#length) >>> 0;
    return [start, start + this.#view().readUInt32LE(this.#length)];
  }

  /** The machine's memory: another buffer after each growth. */
  #view(): Buffer {
    const { buffer } = this.#api.memory;
    if (this.#memory.buffer !== buffer) this.#memory = Buffer.from(buffer);
    return this.#memory;
  }
}
