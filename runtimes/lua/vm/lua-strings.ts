// Lua strings in and out of the machine's memory. They are bytes, whatever is in them: every function says how it reads
// them. Lua copies what is pushed, and what is read is a copy, so that no address outlives its call.

import { isUtf8 } from '../../node/builtins.ts';
import { type LuaApi, type LuaThread, luaType } from './lua-api.ts';
import { ShortTexts } from './short-texts.ts';

/** Strings up to this many bytes are written to one place that stays allocated. */
const scratchBytes = 16_384;
const lengthBytes = 4;
/** A call into Node to write a text costs as much as this many bytes written one by one. */
const fewUnits = 64;
const firstNonAscii = 0x80;

export class LuaStrings {
  readonly #api: LuaApi;
  readonly #scratch: number;
  readonly #length: number;
  readonly #names: Record<string, number> = Object.create(null);
  readonly #short = new ShortTexts();
  #memory = Buffer.alloc(0);
  /** End of the string that `#find` found last. */
  #end = 0;

  constructor(api: LuaApi) {
    this.#api = api;
    this.#scratch = api.malloc(scratchBytes);
    this.#length = api.malloc(lengthBytes);
  }

  /** Pushes `text` as UTF-8. */
  push(L: LuaThread, text: string): void {
    if (text.length > fewUnits || !this.#pushAscii(L, text)) this.#write(L, text, 'utf8', text.length * 3);
  }

  /** Pushes a text whose characters are bytes, each below 256. */
  pushLatin(L: LuaThread, text: string): void {
    if (text.length > fewUnits || !this.#pushAscii(L, text)) this.#write(L, text, 'latin1', text.length);
  }

  pushBytes(L: LuaThread, bytes: Uint8Array): void {
    this.at(bytes, (address) => void this.#api.lua_pushlstring(L, address, bytes.length));
  }

  /** The bytes of the string at `index`. A number there becomes a string; the caller looks at the type first. */
  bytes(L: LuaThread, index: number): Buffer {
    const start = this.#find(L, index);
    return Buffer.from(this.#view().subarray(start, this.#end));
  }

  /** Each byte as one character. */
  latin(L: LuaThread, index: number): string {
    const start = this.#find(L, index);
    const view = this.#view();
    return this.#short.read(view, start, this.#end) ?? view.toString('latin1', start, this.#end);
  }

  /** Bytes that are no UTF-8 become U+FFFD. */
  text(L: LuaThread, index: number): string {
    const start = this.#find(L, index);
    const view = this.#view();
    return this.#short.read(view, start, this.#end) ?? view.toString('utf8', start, this.#end);
  }

  /** The text at `index`; null where its bytes are no UTF-8. */
  validText(L: LuaThread, index: number): string | null {
    const start = this.#find(L, index);
    const view = this.#view();
    const known = this.#short.read(view, start, this.#end);
    if (known !== null) return known;
    return isUtf8(view.subarray(start, this.#end)) ? view.toString('utf8', start, this.#end) : null;
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

  /** False where `text`, which fits into the scratch, is not ASCII. */
  #pushAscii(L: LuaThread, text: string): boolean {
    const memory = this.#view();
    const start = this.#scratch;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit >= firstNonAscii) return false;
      memory[start + at] = unit;
    }
    this.#api.lua_pushlstring(L, start, text.length);
    return true;
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

  /** Where the string at `index` starts; `#end` is where it ends. */
  #find(L: LuaThread, index: number): number {
    const start = this.#api.lua_tolstring(L, index, this.#length) >>> 0;
    const memory = this.#view();
    const at = this.#length;
    const length =
      (memory[at] ?? 0) |
      ((memory[at + 1] ?? 0) << 8) |
      ((memory[at + 2] ?? 0) << 16) |
      ((memory[at + 3] ?? 0) << 24);
    this.#end = start + (length >>> 0);
    return start;
  }

  /** The machine's memory: another buffer after each growth, which leaves the one before without a length. */
  #view(): Buffer {
    if (this.#memory.length === 0) this.#memory = Buffer.from(this.#api.memory.buffer);
    return this.#memory;
  }
}
