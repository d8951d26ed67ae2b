// The metatable that makes a table a list even when it is empty.

import { type LuaApi, type LuaThread, luaRegistry } from './vm/lua-api.ts';

export class ArrayMark {
  readonly #api: LuaApi;
  readonly #reference: bigint;

  /** Inside `vm.protect`. */
  constructor(api: LuaApi, L: LuaThread) {
    this.#api = api;
    api.lua_createtable(L, 0, 0);
    this.#reference = BigInt(api.luaL_ref(L, luaRegistry));
  }

  push(L: LuaThread): void {
    this.#api.lua_rawgeti(L, luaRegistry, this.#reference);
  }

  /** Marks the table on top of the stack. */
  set(L: LuaThread): void {
    this.push(L);
    this.#api.lua_setmetatable(L, -2);
  }

  isOn(L: LuaThread, index: number): boolean {
    const api = this.#api;
    if (api.lua_getmetatable(L, index) === 0) return false;
    this.push(L);
    const same = api.lua_rawequal(L, -1, -2) !== 0;
    api.lua_settop(L, -3);
    return same;
  }
}
