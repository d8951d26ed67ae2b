// Lua tables -> JSON-like values of JavaScript. Deterministic: the fields of a table are read in the order of their names,
// because Lua's own order differs from worker to worker. Cycles end at the maximum depth.

import type { ArrayMark } from './array-mark.ts';
import { emptyArrayAddress, freeLevels, slotsPerLevel, type ValueRules } from './value-rules.ts';
import { type LuaApi, type LuaThread, luaType } from './vm/lua-api.ts';
import type { LuaStrings } from './vm/lua-strings.ts';
import { type LuaVm, typeName } from './vm/lua-vm.ts';

/** https://tc39.es/proposal-json-parse-with-source: a text that JSON.stringify writes as it is. */
const rawJson = Reflect.get(JSON, 'rawJSON') as (text: string) => object;

/** As in lua-cjson: a table with gaps is a list while it has this many places, or half of its places are taken. */
const sparseListPlaces = 10;

/**
 * An object that inherits nothing, so that every name is a field of its own in it. Not made by Object.create(null): V8 keeps
 * that in a slower form.
 */
class Fields {
  [name: string]: unknown;
}
Object.setPrototypeOf(Fields.prototype, null);
Reflect.deleteProperty(Fields.prototype, 'constructor');

export class ValueReader {
  readonly #api: LuaApi;
  readonly #strings: LuaStrings;
  readonly #mark: ArrayMark;

  constructor(vm: LuaVm, mark: ArrayMark) {
    this.#api = vm.api;
    this.#strings = vm.strings;
    this.#mark = mark;
  }

  /** @throws Error for what JSON has no form for, and beyond the maximum depth. */
  read(L: LuaThread, index: number, rules: ValueRules, depth = 0): unknown {
    const api = this.#api;
    const type = api.lua_type(L, index);
    switch (type) {
      case luaType.string:
        return this.#readString(L, index, rules);
      case luaType.number:
        return this.#readNumber(L, index);
      case luaType.table:
        return this.#readTable(L, api.lua_absindex(L, index), rules, depth + 1);
      case luaType.boolean:
        return api.lua_toboolean(L, index) !== 0;
      case luaType.nil:
        return null;
      case luaType.lightUserdata:
        return api.lua_touserdata(L, index) === emptyArrayAddress ? [] : null;
      default:
        throw new Error(`Cannot serialise ${typeName(type)}: type not supported`);
    }
  }

  /** Whether the table at `index`, not negative, is a list; if so, how long. */
  listLength(L: LuaThread, index: number, rules: ValueRules): number | null {
    const api = this.#api;
    if (this.#mark.isOn(L, index)) return api.lua_rawlen(L, index);
    let count = 0;
    let last = 0;
    api.lua_pushnil(L);
    while (api.lua_next(L, index) !== 0) {
      const place = api.lua_isinteger(L, -2) === 0 ? 0 : api.lua_tonumberx(L, -2, 0);
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

  #readNumber(L: LuaThread, index: number): unknown {
    const api = this.#api;
    const value = api.lua_tonumberx(L, index, 0);
    if (api.lua_isinteger(L, index) !== 0) {
      // Exact beyond 2^53 too, where JavaScript's numbers are not.
      return Number.isSafeInteger(value) ? value : rawJson(String(api.lua_tointegerx(L, index, 0)));
    }
    if (!Number.isFinite(value)) throw new Error('Cannot serialise number: must not be NaN or Infinity');
    return value;
  }

  #readString(L: LuaThread, index: number, { strings }: ValueRules): string {
    if (strings === 'latin1') return this.#strings.latin(L, index);
    const text = this.#strings.validText(L, index);
    if (text === null) throw new Error('Cannot serialise string: its bytes are not UTF-8 text');
    return text;
  }

  #readTable(L: LuaThread, index: number, rules: ValueRules, depth: number): unknown {
    if (depth > rules.maxDepth || (depth > freeLevels && this.#api.lua_checkstack(L, slotsPerLevel) === 0))
      throw new Error(`Cannot serialise, excessive depth (${depth})`);
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
    const names: string[] = [];
    const values: unknown[] = [];
    let isSorted = true;
    api.lua_pushnil(L);
    while (api.lua_next(L, index) !== 0) {
      const name = this.#readName(L, rules);
      isSorted &&= names.length === 0 || (names[names.length - 1] ?? '') <= name;
      names.push(name);
      values.push(this.read(L, -1, rules, depth));
      api.lua_settop(L, -2);
    }
    return isSorted ? fieldsOf(names, values) : sortedFields(names, values);
  }

  /**
   * The name in the key below the top. A number is looked at as one: asked for as a string it would change in its place,
   * and lua_next lose its way.
   */
  #readName(L: LuaThread, rules: ValueRules): string {
    const api = this.#api;
    const type = api.lua_type(L, -2);
    if (type === luaType.string) return this.#readString(L, -2, rules);
    if (type !== luaType.number)
      throw new Error('Cannot serialise table: table key must be a number or string');
    return api.lua_isinteger(L, -2) !== 0
      ? String(api.lua_tointegerx(L, -2, 0))
      : String(api.lua_tonumberx(L, -2, 0));
  }
}

function sortedFields(names: readonly string[], values: readonly unknown[]): object {
  const order = names.map((_, at) => at);
  order.sort((one, other) => ((names[one] ?? '') < (names[other] ?? '') ? -1 : 1));
  return fieldsOf(
    order.map((at) => names[at] ?? ''),
    order.map((at) => values[at]),
  );
}

function fieldsOf(names: readonly string[], values: readonly unknown[]): object {
  const object = new Fields();
  for (let at = 0; at < names.length; at += 1) object[names[at] ?? ''] = values[at];
  return object;
}
