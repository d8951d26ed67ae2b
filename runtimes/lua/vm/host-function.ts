// Functions of ours as functions that the Lua machine can call: an entry in its table of C functions each. The table takes
// WebAssembly functions only, so each is wrapped by the smallest module that imports and exports it.

import type { LuaApi, LuaThread } from './lua-api.ts';
import { wasm } from './web-assembly.ts';

const i32 = 0x7f;
const head = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** (import "e" "f" (func (type 0))) (export "f" (func 0)) */
const importAndExport = [0x02, 7, 1, 1, 0x65, 1, 0x66, 0x00, 0x00, 0x07, 5, 1, 1, 0x66, 0x00, 0x00];

/** `lua_CFunction`: the count of results that it pushed. */
export function addCFunction(machine: LuaApi, call: (L: LuaThread) => number): number {
  return add(machine, { args: 1, results: 1 }, call);
}

/** `lua_Hook`. */
export function addHook(machine: LuaApi, call: (L: LuaThread, record: number) => void): number {
  return add(machine, { args: 2, results: 0 }, call);
}

function add(machine: LuaApi, shape: { args: number; results: number }, call: unknown): number {
  const type = [
    1,
    0x60,
    shape.args,
    ...Array<number>(shape.args).fill(i32),
    shape.results,
    ...Array<number>(shape.results).fill(i32),
  ];
  const module = new wasm.Module(new Uint8Array([...head, 0x01, type.length, ...type, ...importAndExport]));
  const { exports } = new wasm.Instance(module, { e: { f: call } });
  const table = machine.__indirect_function_table;
  const index = table.grow(1);
  table.set(index, Reflect.get(exports, 'f'));
  return index;
}
