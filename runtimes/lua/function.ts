// One Lua function: its machine, its handler and its state, which lasts as long as the worker. Turns an event into what
// the handler answers; when it runs and how the answer travels is left to the worker.

import type { InvokeMessage, LoadMessage } from '../../src/protocol/messages.ts';
import { pushBase64Module } from './base64-module.ts';
import { type EventBody, EventWriter } from './event.ts';
import { installGlobals } from './globals.ts';
import { loadHandler } from './handler.ts';
import { pushJsonModule } from './json-module.ts';
import { ModuleLoader } from './require.ts';
import { readResult } from './result.ts';
import { textRules } from './value-rules.ts';
import { LuaValues } from './values.ts';
import { type LuaThread, luaRegistry } from './vm/lua-api.ts';
import { LuaVm, type LuaVmOptions } from './vm/lua-vm.ts';

export type WriteOutput = (stream: 'stdout' | 'stderr', text: string) => void;

type FunctionLoad = Pick<LoadMessage, 'root' | 'entry' | 'handler' | 'env' | 'context' | 'strict'>;

const noParams = Object.freeze({});

export class LuaFunction {
  readonly #vm: LuaVm;
  #values: LuaValues | null = null;
  #events: EventWriter | null = null;
  #handler: bigint | Error = new Error('cannot call a function that is not loaded');

  constructor(moduleBytes: Uint8Array, options: LuaVmOptions) {
    this.#vm = new LuaVm(moduleBytes, options);
  }

  /** Why this process cannot run Lua any more, or null. */
  get broken(): Error | null {
    return this.#vm.broken;
  }

  /** @throws LuaFailure or Error when the entry file does not load. */
  load(load: FunctionLoad, write: WriteOutput): void {
    this.#vm.protect((L) => this.#prepare(L, load, write));
    this.#handler = loadHandler(this.#vm, load);
  }

  /**
   * Calls `handler(event, params)`.
   * @throws LuaFailure for an error of the handler, Error for a missing one and for a result that is no answer.
   */
  call(event: InvokeMessage['event'], body: EventBody): unknown {
    const handler = this.#handler;
    const values = this.#values;
    const events = this.#events;
    if (handler instanceof Error) throw handler;
    if (values === null || events === null) throw new Error('cannot call a function that is not loaded');
    let result: unknown;
    this.#vm.protect((L) => {
      this.#vm.api.lua_rawgeti(L, luaRegistry, handler);
      events.push(L, event, body);
      values.writer.push(L, event.params ?? noParams, textRules);
      this.#vm.api.lua_callk(L, 2, 1, 0, 0);
      result = readResult(this.#vm, values, L);
    });
    return result;
  }

  #prepare(L: LuaThread, { root, strict, env, context }: FunctionLoad, write: WriteOutput): void {
    const vm = this.#vm;
    const values = new LuaValues(vm, L);
    this.#values = values;
    this.#events = new EventWriter(vm, values, L, { env, context });
    pushJsonModule(vm, values, L, false);
    const json = BigInt(vm.api.luaL_ref(L, luaRegistry));
    const pushJson = (caller: LuaThread) => void vm.api.lua_rawgeti(caller, luaRegistry, json);
    const builtIn = {
      cjson: pushJson,
      json: pushJson,
      'cjson.safe': (caller: LuaThread) => pushJsonModule(vm, values, caller, true),
      base64: (caller: LuaThread) => pushBase64Module(vm, caller),
    };
    const modules = new ModuleLoader(vm, root, strict, builtIn);
    for (const name of ['cjson', 'json']) {
      pushJson(L);
      vm.api.lua_setglobal(L, vm.strings.name(name));
    }
    installGlobals(vm, L, { env, require: (caller) => modules.require(caller), write });
  }
}
