// The C interface of Lua 5.4 (https://www.lua.org/manual/5.4/manual.html#4) as the WebAssembly module exports it, and the
// C functions and constants that go with it. Addresses and lengths are numbers of bytes in the module's memory.

import type { WasmMemory, WasmTable } from './web-assembly.ts';

/** Address of a `lua_State`: the machine itself or a coroutine of it. */
export type LuaThread = number;

/** lua_newstate limits the stack to LUAI_MAXSTACK; the registry lies just below it (lua.h). */
const registryIndex = -1_000_000 - 1_000;
export const luaRegistry = registryIndex;
export const upvalueIndex = (index: number): number => registryIndex - index;

/** Results of lua_pcallk and lua_resume. */
export const luaStatus = { ok: 0, yield: 1, runtime: 2, syntax: 3, memory: 4, handler: 5 } as const;

export const luaType = {
  nil: 0,
  boolean: 1,
  lightUserdata: 2,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const;

/** LUA_MASKCOUNT of lua_sethook. */
export const countHook = 8;

export interface LuaApi {
  readonly memory: WasmMemory;
  readonly __indirect_function_table: WasmTable;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  setThrew(threw: number, value: number): void;
  malloc(bytes: number): number;
  free(address: number): void;

  luaL_newstate(): LuaThread;
  luaL_openlibs(L: LuaThread): void;
  luaL_loadbufferx(L: LuaThread, bytes: number, length: number, name: number, mode: number): number;
  luaL_ref(L: LuaThread, table: number): number;
  luaL_unref(L: LuaThread, table: number, ref: number): void;
  luaL_tolstring(L: LuaThread, index: number, length: number): number;
  luaL_traceback(L: LuaThread, of: LuaThread, message: number, level: number): void;
  luaL_where(L: LuaThread, level: number): void;
  luaL_getmetafield(L: LuaThread, index: number, name: number): number;

  lua_absindex(L: LuaThread, index: number): number;
  lua_callk(L: LuaThread, args: number, results: number, context: number, continuation: number): void;
  lua_checkstack(L: LuaThread, slots: number): number;
  lua_concat(L: LuaThread, count: number): void;
  lua_createtable(L: LuaThread, array: number, fields: number): void;
  lua_error(L: LuaThread): number;
  lua_getglobal(L: LuaThread, name: number): number;
  lua_getmetatable(L: LuaThread, index: number): number;
  lua_gettop(L: LuaThread): number;
  lua_isinteger(L: LuaThread, index: number): number;
  lua_newthread(L: LuaThread): LuaThread;
  lua_next(L: LuaThread, index: number): number;
  lua_pcallk(
    L: LuaThread,
    args: number,
    results: number,
    handler: number,
    context: number,
    continuation: number,
  ): number;
  lua_pushboolean(L: LuaThread, value: number): void;
  lua_pushcclosure(L: LuaThread, code: number, upvalues: number): void;
  lua_pushinteger(L: LuaThread, value: bigint): void;
  lua_pushlightuserdata(L: LuaThread, address: number): void;
  lua_pushlstring(L: LuaThread, bytes: number, length: number): number;
  lua_pushnil(L: LuaThread): void;
  lua_pushnumber(L: LuaThread, value: number): void;
  lua_pushvalue(L: LuaThread, index: number): void;
  lua_rawequal(L: LuaThread, one: number, other: number): number;
  lua_rawgeti(L: LuaThread, index: number, n: bigint): number;
  lua_rawlen(L: LuaThread, index: number): number;
  lua_rawget(L: LuaThread, index: number): number;
  lua_rawset(L: LuaThread, index: number): void;
  lua_rawseti(L: LuaThread, index: number, n: bigint): void;
  lua_resetthread(L: LuaThread): number;
  lua_resume(L: LuaThread, from: LuaThread, args: number, results: number): number;
  lua_rotate(L: LuaThread, index: number, by: number): void;
  lua_setglobal(L: LuaThread, name: number): void;
  lua_sethook(L: LuaThread, hook: number, mask: number, count: number): void;
  lua_gethookcount(L: LuaThread): number;
  lua_setmetatable(L: LuaThread, index: number): number;
  lua_settop(L: LuaThread, index: number): void;
  lua_status(L: LuaThread): number;
  lua_toboolean(L: LuaThread, index: number): number;
  lua_tointegerx(L: LuaThread, index: number, isInteger: number): bigint;
  lua_tolstring(L: LuaThread, index: number, length: number): number;
  lua_tonumberx(L: LuaThread, index: number, isNumber: number): number;
  lua_topointer(L: LuaThread, index: number): number;
  lua_tothread(L: LuaThread, index: number): LuaThread;
  lua_touserdata(L: LuaThread, index: number): number;
  lua_type(L: LuaThread, index: number): number;
  lua_xmove(from: LuaThread, to: LuaThread, count: number): void;
}
