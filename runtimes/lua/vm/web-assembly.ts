// The little of the WebAssembly JavaScript interface (https://webassembly.github.io/spec/js-api/) that the Lua machine
// needs, as types: Node has it without declaring it.

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** By pages of 64 KiB; throws RangeError beyond the module's maximum. */
  grow(pages: number): number;
}

export interface WasmTable {
  get(index: number): (...args: number[]) => number;
  set(index: number, value: unknown): void;
  /** Returns the length before. */
  grow(count: number): number;
}

export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: WasmImports) => { readonly exports: object };
  /** A trap: what it leaves behind in the machine is in no order. */
  readonly RuntimeError: new (
    message: string,
  ) => Error;
}

/** Taken once: nothing that loads later can put another in its place. */
export const wasm = Reflect.get(globalThis, 'WebAssembly') as WasmApi;
