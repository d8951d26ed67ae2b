// JSON-like values of JavaScript -> Lua tables.

import type { ArrayMark } from './array-mark.ts';
import { freeLevels, nullAddress, slotsPerLevel, type ValueRules } from './value-rules.ts';
import type { LuaApi, LuaThread } from './vm/lua-api.ts';
import type { LuaStrings } from './vm/lua-strings.ts';
import type { LuaVm } from './vm/lua-vm.ts';

export class ValueWriter {
  readonly #api: LuaApi;
  readonly #strings: LuaStrings;
  readonly #mark: ArrayMark;

  constructor(vm: LuaVm, mark: ArrayMark) {
    this.#api = vm.api;
    this.#strings = vm.strings;
    this.#mark = mark;
  }

  /** @throws Error beyond the maximum depth. */
  push(L: LuaThread, value: unknown, rules: ValueRules, depth = 0): void {
    if (typeof value === 'string') this.#pushString(L, value, rules);
    else if (typeof value === 'number') this.#pushNumber(L, value);
    else if (typeof value === 'boolean') this.#api.lua_pushboolean(L, value ? 1 : 0);
    else if (typeof value === 'object' && value !== null) this.#pushTable(L, value, rules, depth + 1);
    else if (rules.nulls === 'sentinel') this.#api.lua_pushlightuserdata(L, nullAddress);
    else this.#api.lua_pushnil(L);
  }

  #pushString(L: LuaThread, value: string, { strings }: ValueRules): void {
    if (strings === 'utf8') this.#strings.push(L, value);
    else this.#strings.pushLatin(L, value);
  }

  #pushNumber(L: LuaThread, value: number): void {
    if (Number.isSafeInteger(value)) this.#api.lua_pushinteger(L, BigInt(value));
    else this.#api.lua_pushnumber(L, value);
  }

  #pushTable(L: LuaThread, value: object, rules: ValueRules, depth: number): void {
    const api = this.#api;
    if (depth > rules.maxDepth || (depth > freeLevels && api.lua_checkstack(L, slotsPerLevel) === 0))
      throw new Error(`Found too many nested data structures (${depth})`);
    if (!Array.isArray(value)) {
      this.#pushFields(L, value as Readonly<Record<string, unknown>>, rules, depth);
      return;
    }
    api.lua_createtable(L, value.length, 0);
    for (let at = 0; at < value.length; at += 1) {
      this.push(L, value[at], rules, depth);
      api.lua_rawseti(L, -2, BigInt(at + 1));
    }
    // So that an empty list is one again when it is written.
    if (value.length === 0) this.#mark.set(L);
  }

  /** What is null where null is nil stays absent. */
  #pushFields(
    L: LuaThread,
    fields: Readonly<Record<string, unknown>>,
    rules: ValueRules,
    depth: number,
  ): void {
    const names = Object.keys(fields);
    this.#api.lua_createtable(L, 0, names.length);
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at] ?? '';
      const field = fields[name];
      if (field === null && rules.nulls === 'nil') continue;
      this.#pushString(L, name, rules);
      this.push(L, field, rules, depth);
      this.#api.lua_rawset(L, -3);
    }
  }
}
