// JSON-like values of JavaScript <-> Lua tables. Deterministic: the fields of a table are read in the order of their names,
// because Lua's own order differs from worker to worker. Cycles end at the maximum depth.

import { isUtf8 } from '../node/builtins.ts';
import { type LuaApi, type LuaThread, luaRegistry, luaType } from './vm/lua-api.ts';
import { type LuaVm, typeName } from './vm/lua-vm.ts';

/** https://tc39.es/proposal-json-parse-with-source: a text that JSON.stringify writes as it is. */
const rawJson = Reflect.get(JSON, 'rawJSON') as (text: string) => object;

/** Addresses of the light userdata that stand for what a table cannot hold: `cjson.null` and `cjson.empty_array`. */
export const nullAddress = 0;
export const emptyArrayAddress = 4;

/** As in lua-cjson: a table with gaps is a list while it has this many places, or half of its places are taken. */
const sparseListPlaces = 10;
const defaultDepth = 1_000;
/** Stack slots that one level of a table takes at most. */
const slotsPerLevel = 6;

export interface ValueRules {
  /** How strings are read and written: as text, or byte by byte, each one character. */
  readonly strings: 'utf8' | 'latin1';
  /** Whether null is nil, which a table does not hold, or `cjson.null`. */
  readonly nulls: 'nil' | 'sentinel';
  /** What a table without anything in it is. */
  emptyTable: 'object' | 'array';
  maxDepth: number;
}

/** Of events and results. */
export const textRules: ValueRules = {
  strings: 'utf8',
  nulls: 'nil',
  emptyTable: 'object',
  maxDepth: defaultDepth,
};

/** Of `cjson`: whatever bytes are in a string, they are there again afterwards. */
export function jsonRules(): ValueRules {
  return { strings: 'latin1', nulls: 'sentinel', emptyTable: 'object', maxDepth: defaultDepth };
}

export class LuaValues {
  readonly #vm: LuaVm;
  readonly #api: LuaApi;
  /** The metatable that makes a table a list even when it is empty; in the registry. */
  readonly #arrayMark: bigint;

  /** Inside `vm.protect`. */
  constructor(vm: LuaVm, L: LuaThread) {
    this.#vm = vm;
    this.#api = vm.api;
    this.#api.lua_createtable(L, 0, 0);
    this.#arrayMark = BigInt(this.#api.luaL_ref(L, luaRegistry));
  }

  pushArrayMark(L: LuaThread): void {
    this.#api.lua_rawgeti(L, luaRegistry, this.#arrayMark);
  }

  /** @throws Error beyond the maximum depth. */
  push(L: LuaThread, value: unknown, rules: ValueRules, depth = 0): void {
    const { lua_pushboolean, lua_pushlightuserdata, lua_pushnil } = this.#api;
    if (typeof value === 'string') this.#pushString(L, value, rules);
    else if (typeof value === 'number') this.#pushNumber(L, value);
    else if (typeof value === 'boolean') lua_pushboolean(L, value ? 1 : 0);
    else if (typeof value === 'object' && value !== null) this.#pushTable(L, value, rules, depth + 1);
    else if (rules.nulls === 'sentinel') lua_pushlightuserdata(L, nullAddress);
    else lua_pushnil(L);
  }

  /** @throws Error for what JSON has no form for, and beyond the maximum depth. */
  read(L: LuaThread, index: number, rules: ValueRules, depth = 0): unknown {
    const api = this.#api;
    const type = api.lua_type(L, index);
    switch (type) {
      case luaType.nil:
        return null;
      case luaType.boolean:
        return api.lua_toboolean(L, index) !== 0;
      case luaType.number:
        return this.#readNumber(L, index);
      case luaType.string:
        return this.#readString(L, index, rules);
      case luaType.table:
        return this.#readTable(L, api.lua_absindex(L, index), rules, depth + 1);
      case luaType.lightUserdata:
        return api.lua_touserdata(L, index) === emptyArrayAddress ? [] : null;
      default:
        throw new Error(`Cannot serialise ${typeName(type)}: type not supported`);
    }
  }

  /** Whether the table at `index`, not negative, is a list; if so, how long. */
  listLength(L: LuaThread, index: number, rules: ValueRules): number | null {
    const api = this.#api;
    const marked = this.#isMarked(L, index);
    if (marked) return api.lua_rawlen(L, index);
    let count = 0;
    let last = 0;
    api.lua_pushnil(L);
    while (api.lua_next(L, index) !== 0) {
      const place = api.lua_isinteger(L, -2) === 0 ? 0 : Number(api.lua_tointegerx(L, -2, 0));
      if (place < 1) {
        api.lua_settop(L, -3);
        return null;
      }
      count += 1;
      last = Math.max(last, place);
      api.lua_settop(L, -2);
    }
    if (count === 0) return rules.emptyTable === 'array' ? 0 : null;
    return last <= sparseListPlaces || last <= 2 * count ? last : null;
  }

  #pushString(L: LuaThread, value: string, { strings }: ValueRules): void {
    if (strings === 'utf8') this.#vm.strings.push(L, value);
    else this.#vm.strings.pushLatin(L, value);
  }

  #pushNumber(L: LuaThread, value: number): void {
    if (Number.isSafeInteger(value)) this.#api.lua_pushinteger(L, BigInt(value));
    else this.#api.lua_pushnumber(L, value);
  }

  #pushTable(L: LuaThread, value: object, rules: ValueRules, depth: number): void {
    this.#enter(L, depth, rules, `Found too many nested data structures (${depth})`);
    const api = this.#api;
    if (Array.isArray(value)) {
      api.lua_createtable(L, value.length, 0);
      for (let at = 0; at < value.length; at += 1) {
        this.push(L, value[at], rules, depth);
        api.lua_rawseti(L, -2, BigInt(at + 1));
      }
      // So that an empty list is one again when it is written.
      if (value.length === 0) this.#mark(L);
      return;
    }
    const fields = Object.entries(value);
    api.lua_createtable(L, 0, fields.length);
    for (const [name, field] of fields) {
      this.#pushString(L, name, rules);
      this.push(L, field, rules, depth);
      api.lua_rawset(L, -3);
    }
  }

  #readNumber(L: LuaThread, index: number): unknown {
    const api = this.#api;
    if (api.lua_isinteger(L, index) !== 0) {
      const integer = api.lua_tointegerx(L, index, 0);
      const value = Number(integer);
      // Exact beyond 2^53 too, where JavaScript's numbers are not.
      return Number.isSafeInteger(value) ? value : rawJson(String(integer));
    }
    const value = api.lua_tonumberx(L, index, 0);
    if (!Number.isFinite(value)) throw new Error('Cannot serialise number: must not be NaN or Infinity');
    return value;
  }

  #readString(L: LuaThread, index: number, { strings }: ValueRules): string {
    if (strings === 'latin1') return this.#vm.strings.latin(L, index);
    const bytes = this.#vm.strings.bytes(L, index);
    if (!isUtf8(bytes)) throw new Error('Cannot serialise string: its bytes are not UTF-8 text');
    return bytes.toString('utf8');
  }

  #readTable(L: LuaThread, index: number, rules: ValueRules, depth: number): unknown {
    this.#enter(L, depth, rules, `Cannot serialise, excessive depth (${depth})`);
    const length = this.listLength(L, index, rules);
    return length === null
      ? this.#readFields(L, index, rules, depth)
      : this.#readList(L, index, length, rules, depth);
  }

  #readList(L: LuaThread, index: number, length: number, rules: ValueRules, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let at = 1; at <= length; at += 1) {
      this.#api.lua_rawgeti(L, index, BigInt(at));
      items.push(this.read(L, -1, rules, depth));
      this.#api.lua_settop(L, -2);
    }
    return items;
  }

  #readFields(L: LuaThread, index: number, rules: ValueRules, depth: number): object {
    const api = this.#api;
    const fields: [name: string, value: unknown][] = [];
    api.lua_pushnil(L);
    while (api.lua_next(L, index) !== 0) {
      fields.push([this.#readName(L, -2, rules), this.read(L, -1, rules, depth)]);
      api.lua_settop(L, -2);
    }
    fields.sort(([one], [other]) => (one < other ? -1 : 1));
    const object: Record<string, unknown> = Object.create(null);
    for (const [name, value] of fields) object[name] = value;
    return object;
  }

  /** A number is looked at as one: asked for as a string it would change in its place, and lua_next lose its way. */
  #readName(L: LuaThread, index: number, rules: ValueRules): string {
    const type = this.#api.lua_type(L, index);
    if (type === luaType.string) return this.#readString(L, index, rules);
    if (type !== luaType.number)
      throw new Error('Cannot serialise table: table key must be a number or string');
    return this.#api.lua_isinteger(L, index) !== 0
      ? String(this.#api.lua_tointegerx(L, index, 0))
      : String(this.#api.lua_tonumberx(L, index, 0));
  }

  #enter(L: LuaThread, depth: number, rules: ValueRules, tooDeep: string): void {
    if (depth > rules.maxDepth || this.#api.lua_checkstack(L, slotsPerLevel) === 0) throw new Error(tooDeep);
  }

  #mark(L: LuaThread): void {
    this.pushArrayMark(L);
    this.#api.lua_setmetatable(L, -2);
  }

  #isMarked(L: LuaThread, index: number): boolean {
    const api = this.#api;
    if (api.lua_getmetatable(L, index) === 0) return false;
    this.pushArrayMark(L);
    const same = api.lua_rawequal(L, -1, -2) !== 0;
    api.lua_settop(L, -3);
    return same;
  }
}
