// `cjson` and `json`: the two names of one module, as handlers for lua-cjson know it, and `cjson.safe`, which returns nil
// and the reason where the other raises an error.

import { isUtf8 } from '../node/builtins.ts';
import { emptyArrayAddress, jsonRules, nullAddress, type ValueRules } from './value-rules.ts';
import type { LuaValues } from './values.ts';
import { type LuaThread, luaType } from './vm/lua-api.ts';
import { type HostFunction, type LuaVm, typeName } from './vm/lua-vm.ts';

/** Deeper, and the walk itself would use up the stack of the process. */
const mostDepth = 2_000;

/** Pushes a module table with settings of its own. `safe`: failures are results. */
export function pushJsonModule(vm: LuaVm, values: LuaValues, L: LuaThread, safe: boolean): void {
  const { api, strings } = vm;
  const writing = jsonRules();
  const reading = jsonRules();
  const set = (name: string, push: () => void) => {
    strings.push(L, name);
    push();
    api.lua_rawset(L, -3);
  };
  const guarded = (call: HostFunction): HostFunction => (safe ? resultOf(vm, call) : call);
  const setFunction = (name: string, call: HostFunction) => set(name, () => vm.pushFunction(L, call));
  api.lua_createtable(L, 0, 12);
  setFunction(
    'encode',
    guarded((caller) => encode(vm, values, caller, writing)),
  );
  setFunction(
    'decode',
    guarded((caller) => decode(vm, values, caller, reading)),
  );
  setFunction('encode_max_depth', (caller) => depthSetting(vm, caller, writing));
  setFunction('decode_max_depth', (caller) => depthSetting(vm, caller, reading));
  setFunction('encode_empty_table_as_object', (caller) => {
    if (api.lua_gettop(caller) > 0)
      writing.emptyTable = api.lua_toboolean(caller, 1) === 0 ? 'array' : 'object';
    api.lua_pushboolean(caller, writing.emptyTable === 'object' ? 1 : 0);
    return 1;
  });
  set('null', () => api.lua_pushlightuserdata(L, nullAddress));
  set('empty_array', () => api.lua_pushlightuserdata(L, emptyArrayAddress));
  set('array_mt', () => values.mark.push(L));
  set('empty_array_mt', () => values.mark.push(L));
  set('_NAME', () => strings.push(L, safe ? 'cjson.safe' : 'cjson'));
}

function encode(vm: LuaVm, values: LuaValues, L: LuaThread, rules: ValueRules): number {
  if (vm.api.lua_gettop(L) < 1) throw new Error("bad argument #1 to 'encode' (value expected)");
  vm.strings.pushLatin(L, JSON.stringify(values.reader.read(L, 1, rules)));
  return 1;
}

function decode(vm: LuaVm, values: LuaValues, L: LuaThread, rules: ValueRules): number {
  const type = vm.api.lua_gettop(L) < 1 ? -1 : vm.api.lua_type(L, 1);
  if (type !== luaType.string)
    throw new Error(`bad argument #1 to 'decode' (string expected, got ${typeName(type)})`);
  const bytes = vm.strings.bytes(L, 1);
  if (isUtf8(bytes)) values.writer.push(L, JSON.parse(bytes.toString('utf8')), { ...rules, strings: 'utf8' });
  else values.writer.push(L, JSON.parse(withoutWideEscapes(bytes.toString('latin1'))), rules);
  return 1;
}

/** Text whose characters are bytes has no room for what `\u` may name: the bytes of its UTF-8 take its place. */
function withoutWideEscapes(json: string): string {
  return json.replace(/(?:\\u[0-9a-fA-F]{4})+|\\./gs, (written) => {
    if (!written.startsWith('\\u')) return written;
    const text = JSON.parse(`"${written}"`) as string;
    return JSON.stringify(Buffer.from(text, 'utf8').toString('latin1')).slice(1, -1);
  });
}

function depthSetting({ api }: LuaVm, L: LuaThread, rules: ValueRules): number {
  if (api.lua_gettop(L) > 0) {
    const depth = api.lua_tonumberx(L, 1, 0);
    if (!Number.isInteger(depth) || depth < 1 || depth > mostDepth)
      throw new Error(`bad argument #1 (expected integer between 1 and ${mostDepth})`);
    rules.maxDepth = depth;
  }
  api.lua_pushinteger(L, BigInt(rules.maxDepth));
  return 1;
}

/** nil and the reason instead of an error; jumps and traps of the machine pass. */
function resultOf({ api, strings }: LuaVm, call: HostFunction): HostFunction {
  return (L) => {
    try {
      return call(L);
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown instanceof RangeError || 'code' in thrown) throw thrown;
      api.lua_pushnil(L);
      strings.push(L, thrown.message);
      return 2;
    }
  };
}
