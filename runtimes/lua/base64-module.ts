// `base64`: what Lua itself lacks to read `event.body_base64`.

import { type LuaThread, luaType } from './vm/lua-api.ts';
import type { LuaVm } from './vm/lua-vm.ts';

/** Pushes the module table. */
export function pushBase64Module(vm: LuaVm, L: LuaThread): void {
  const { api, strings } = vm;
  api.lua_createtable(L, 0, 2);
  strings.push(L, 'encode');
  vm.pushFunction(L, (caller) => {
    strings.push(caller, argument(vm, caller, 'encode').toString('base64'));
    return 1;
  });
  api.lua_rawset(L, -3);
  strings.push(L, 'decode');
  vm.pushFunction(L, (caller) => {
    const text = argument(vm, caller, 'decode').toString('latin1');
    if (!/^[A-Za-z0-9+/_\-\s]*={0,2}\s*$/.test(text))
      throw new Error("bad argument #1 to 'decode' (not base64)");
    strings.pushBytes(caller, Buffer.from(text, 'base64'));
    return 1;
  });
  api.lua_rawset(L, -3);
}

function argument({ api, strings }: LuaVm, L: LuaThread, name: string): Buffer {
  if (api.lua_gettop(L) < 1 || api.lua_type(L, 1) !== luaType.string)
    throw new Error(`bad argument #1 to '${name}' (string expected)`);
  return strings.bytes(L, 1);
}
