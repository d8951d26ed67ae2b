// The function as loaded: runs its entry file once and finds the callable in what it left (contract/invocation.md 5).

import { pushChunk } from './chunk.ts';
import { type LuaThread, luaRegistry, luaType } from './vm/lua-api.ts';
import { LuaFailure, type LuaVm } from './vm/lua-vm.ts';

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const defaultNames = ['handler', 'main'];

export interface HandlerPlace {
  readonly root: string;
  readonly entry: string;
  /** `invoke.handler`. */
  readonly handler: string;
}

/**
 * Runs the entry file.
 * @returns the handler in the registry, or why there is none: that is the answer to every invocation.
 * @throws LuaFailure or Error when the file does not load.
 */
export function loadHandler(vm: LuaVm, place: HandlerPlace): bigint | Error {
  let found: bigint | Error = new Error('cannot call a function that is not loaded');
  try {
    vm.protect((L) => {
      pushEntry(vm, L, place);
      vm.api.lua_callk(L, 0, 1, 0, 0);
      found = findHandler(vm, L, place.handler);
    });
  } catch (failure) {
    if (!(failure instanceof LuaFailure)) throw failure;
    throw new LuaFailure(`lua entrypoint error: ${failure.message}`, failure.traceback);
  }
  return found;
}

function pushEntry(vm: LuaVm, L: LuaThread, { root, entry }: HandlerPlace): void {
  try {
    pushChunk(vm, L, root, entry);
  } catch (failure) {
    if (!(failure instanceof Error) || 'code' in failure) throw failure;
    throw new Error(`failed to load lua entrypoint: ${failure.message}`);
  }
}

/** The chunk's value is on the stack. */
function findHandler(vm: LuaVm, L: LuaThread, asked: string): bigint | Error {
  const { api, strings } = vm;
  const name = asked.trim() === '' ? 'handler' : asked.trim();
  if (!identifier.test(name)) return new Error('invoke.handler must be a valid identifier');
  const byDefault = name === 'handler';
  const keep = () => BigInt(api.luaL_ref(L, luaRegistry));
  const returned = api.lua_type(L, -1);
  // A function returned by itself has no name to look for, so it answers to the default one only.
  if (returned === luaType.function && byDefault) return keep();
  const names = byDefault ? defaultNames : [name];
  if (returned === luaType.table) {
    for (const each of names) {
      strings.push(L, each);
      if (api.lua_rawget(L, -2) === luaType.function) return keep();
      api.lua_settop(L, -2);
    }
  }
  for (const each of names) {
    if (api.lua_getglobal(L, strings.name(each)) === luaType.function) return keep();
    api.lua_settop(L, -2);
  }
  return new Error(
    byDefault
      ? 'lua entrypoint must define handler(event) or main(event)'
      : `lua entrypoint must define ${name}(event)`,
  );
}
