// What a handler returned -> the value that the rules for all answers are applied to (../node/result.ts): text is text, bytes
// that are no text stay bytes, tables become objects and lists, functions and coroutines become bodies that are streamed.

import { BodyStream } from './body-stream.ts';
import { textRules } from './value-rules.ts';
import type { LuaValues } from './values.ts';
import { type LuaThread, luaType } from './vm/lua-api.ts';
import type { LuaVm } from './vm/lua-vm.ts';

/** Keys of an envelope. Where one of the first is there, the others are all that is looked at. */
const contentKeys = ['headers', 'body', 'is_base64', 'isBase64Encoded', 'body_base64', 'proxy'];
const envelopeKeys = ['status', 'statusCode', ...contentKeys];

/** Inside `vm.protect`, with the handler's first result on top of the stack. @throws Error for what JSON has no form for. */
export function readResult(vm: LuaVm, values: LuaValues, L: LuaThread): unknown {
  if (vm.api.lua_type(L, -1) !== luaType.table) return readPart(vm, values, L);
  const table = vm.api.lua_gettop(L);
  if (values.reader.listLength(L, table, textRules) !== null) return values.reader.read(L, table, textRules);
  return contentKeys.some((key) => has(vm, L, table, key))
    ? readEnvelope(vm, values, L, table)
    : values.reader.read(L, table, textRules);
}

function readEnvelope(vm: LuaVm, values: LuaValues, L: LuaThread, table: number): object {
  const envelope: Record<string, unknown> = Object.create(null);
  for (const key of envelopeKeys) {
    vm.strings.push(L, key);
    if (vm.api.lua_rawget(L, table) !== luaType.nil) envelope[key] = readPart(vm, values, L);
    vm.api.lua_settop(L, table);
  }
  return envelope;
}

function has(vm: LuaVm, L: LuaThread, table: number, key: string): boolean {
  vm.strings.push(L, key);
  const type = vm.api.lua_rawget(L, table);
  vm.api.lua_settop(L, table);
  return type !== luaType.nil;
}

/** The value on top of the stack: a whole result, or one part of an envelope. */
function readPart(vm: LuaVm, values: LuaValues, L: LuaThread): unknown {
  const type = vm.api.lua_type(L, -1);
  if (BodyStream.isSource(type)) {
    vm.api.lua_pushvalue(L, -1);
    return new BodyStream(vm, L);
  }
  if (type === luaType.string) {
    return vm.strings.validText(L, -1) ?? vm.strings.bytes(L, -1);
  }
  // A number by itself is text, and Lua's text for a large one is exact.
  if (type === luaType.number && vm.api.lua_isinteger(L, -1) !== 0) {
    const integer = vm.api.lua_tointegerx(L, -1, 0);
    return Number.isSafeInteger(Number(integer)) ? Number(integer) : String(integer);
  }
  return values.reader.read(L, -1, textRules);
}
