// What Lua code finds around it: Lua's own libraries without what reaches outside, and ours in their place
// (contract/sandbox.md, "Lua global table"). The machine is one worker's, so a function may change any of it: nobody else
// sees that.

import { type LuaThread, luaType } from './vm/lua-api.ts';
import type { HostFunction, LuaVm } from './vm/lua-vm.ts';

const microsecondsPerSecond = 1e6;

/** No file, no program, no source or bytecode at run time, no look behind the language's back. */
const removed = ['io', 'debug', 'package', 'dofile', 'loadfile', 'load', 'loadstring'];
const keptOfOs = ['date', 'difftime', 'time'];

export interface GlobalRoutes {
  /** What `os.getenv` knows. */
  readonly env: Readonly<Record<string, string>>;
  readonly require: HostFunction;
  write(stream: 'stdout' | 'stderr', text: string): void;
}

/** Inside `vm.protect`. */
export function installGlobals(vm: LuaVm, L: LuaThread, routes: GlobalRoutes): void {
  const { api, strings } = vm;
  const setGlobal = (name: string) => api.lua_setglobal(L, strings.name(name));
  for (const name of removed) {
    api.lua_pushnil(L);
    setGlobal(name);
  }
  removeField(vm, L, 'string', 'dump');
  installOs(vm, L, routes.env);
  vm.pushFunction(L, (caller) => print(vm, caller, routes));
  setGlobal('print');
  vm.pushFunction(L, (caller) => warn(vm, caller, routes));
  setGlobal('warn');
  vm.pushFunction(L, routes.require);
  setGlobal('require');
}

function removeField({ api, strings }: LuaVm, L: LuaThread, table: string, field: string): void {
  api.lua_getglobal(L, strings.name(table));
  strings.push(L, field);
  api.lua_pushnil(L);
  api.lua_rawset(L, -3);
  api.lua_settop(L, -2);
}

function installOs(vm: LuaVm, L: LuaThread, env: Readonly<Record<string, string>>): void {
  const { api, strings } = vm;
  api.lua_getglobal(L, strings.name('os'));
  api.lua_createtable(L, 0, keptOfOs.length + 2);
  for (const name of keptOfOs) {
    strings.push(L, name);
    api.lua_pushvalue(L, -1);
    api.lua_rawget(L, -4);
    api.lua_rawset(L, -3);
  }
  const set = (name: string, call: HostFunction) => {
    strings.push(L, name);
    vm.pushFunction(L, call);
    api.lua_rawset(L, -3);
  };
  set('clock', (caller) => {
    const { user, system } = process.cpuUsage();
    api.lua_pushnumber(caller, (user + system) / microsecondsPerSecond);
    return 1;
  });
  set('getenv', (caller) => {
    const name = api.lua_type(caller, 1) === luaType.string ? strings.text(caller, 1) : '';
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) api.lua_pushnil(caller);
    else strings.push(caller, value);
    return 1;
  });
  api.lua_setglobal(L, strings.name('os'));
  api.lua_settop(L, -2);
}

function print(vm: LuaVm, L: LuaThread, routes: GlobalRoutes): number {
  routes.write('stdout', `${argumentTexts(vm, L).join('\t')}\n`);
  return 0;
}

function warn(vm: LuaVm, L: LuaThread, routes: GlobalRoutes): number {
  routes.write('stderr', `${argumentTexts(vm, L).join('')}\n`);
  return 0;
}

function argumentTexts({ api, strings }: LuaVm, L: LuaThread): string[] {
  const texts: string[] = [];
  const count = api.lua_gettop(L);
  for (let index = 1; index <= count; index += 1) {
    api.luaL_tolstring(L, index, 0);
    texts.push(strings.text(L, -1));
    api.lua_settop(L, count);
  }
  return texts;
}
