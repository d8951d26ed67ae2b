// One Lua machine: runs what is given to it in protected mode, hands functions of ours to Lua, carries strings across as
// bytes, and stops Lua code when it is told to. What values mean and what Lua may reach is left to others.

import { randomInt } from 'node:crypto';
import { addCFunction, addHook } from './host-function.ts';
import { type HostLimits, hostImports, longJump } from './host-imports.ts';
import { countHook, type LuaApi, type LuaThread, luaStatus, luaType, upvalueIndex } from './lua-api.ts';
import { LuaStrings } from './lua-strings.ts';
import { wasm } from './web-assembly.ts';

/** Called by Lua with its arguments on the stack: returns how many results it pushed. What it throws is a Lua error. */
export type HostFunction = (L: LuaThread) => number;

/** Instructions between two looks at the clock: about 20 µs, while a look costs a fifth of one. */
const instructionsPerLook = 2_000;
/** When Lua code is told to stop: every instruction, so that no pcall around it gets to go on. */
const instructionsWhenStopping = 1;
/** Seeds are numbers of seconds, of which Lua uses 32 bits. */
const seedRange = 2 ** 32;
/** By number of type, as lua_typename says them. */
const typeNames = [
  'nil',
  'boolean',
  'userdata',
  'number',
  'string',
  'table',
  'function',
  'userdata',
  'thread',
];

/** The name that Lua gives to a type. */
export function typeName(type: number): string {
  return typeNames[type] ?? 'no value';
}

/** Lua code failed. `message` is the error value as text, `traceback` is Lua's own. */
export class LuaFailure extends Error {
  readonly traceback: string;

  constructor(message: string, traceback: string) {
    super(message);
    this.traceback = traceback;
  }
}

export interface LuaVmOptions extends HostLimits {
  /** Asked at regular intervals while Lua code runs: why it has to stop now, or null. */
  readonly shouldStop: () => string | null;
}

export class LuaVm {
  readonly api: LuaApi;
  /** The machine's main thread. */
  readonly main: LuaThread;
  readonly strings: LuaStrings;
  readonly #functions: HostFunction[] = [];
  readonly #callHost: number;
  readonly #hook: number;
  readonly #onError: number;
  readonly #onBody: number;
  readonly #shouldStop: () => string | null;
  #body: (L: LuaThread) => void = () => undefined;
  #thrown: { readonly value: unknown } | null = null;
  #traceback = '';
  #broken: Error | null = null;

  /** @throws WebAssembly.CompileError when `moduleBytes` is no such module. */
  constructor(moduleBytes: Uint8Array, options: LuaVmOptions) {
    // Lua seeds its hashes and math.random with the time of its making, in seconds: workers of one second would be alike.
    const seedMs = randomInt(seedRange) * 1_000;
    let seeded = false;
    const imports = hostImports(
      () => this.api,
      options,
      () => (seeded ? Date.now() : seedMs),
    );
    const { exports } = new wasm.Instance(new wasm.Module(moduleBytes), imports);
    this.api = exports as LuaApi;
    this.api.__wasm_call_ctors();
    this.api.emscripten_stack_init();
    this.#shouldStop = options.shouldStop;
    this.strings = new LuaStrings(this.api);
    this.#callHost = addCFunction(this.api, (L) => this.#dispatch(L));
    this.#hook = addHook(this.api, (L) => this.#look(L));
    this.#onError = addCFunction(this.api, (L) => this.#describe(L));
    this.#onBody = addCFunction(this.api, (L) => this.#runBody(L));
    this.main = this.api.luaL_newstate();
    this.api.luaL_openlibs(this.main);
    seeded = true;
  }

  /** Why the machine cannot be used any more: a trap, or the stack of the process ran out. */
  get broken(): Error | null {
    return this.#broken;
  }

  /** Pushes a function of ours. */
  pushFunction(L: LuaThread, call: HostFunction): void {
    // Which of ours it is, as a float: an integer would cross as a BigInt at each call.
    this.api.lua_pushnumber(L, this.#functions.push(call) - 1);
    this.api.lua_pushcclosure(L, this.#callHost, 1);
  }

  /**
   * Runs `body` on the main thread in protected mode, which everything that may fail in Lua needs. The stack is as before
   * afterwards.
   * @throws LuaFailure for an error of Lua; whatever else `body` throws.
   */
  protect(body: (L: LuaThread) => void): void {
    if (this.#broken !== null) throw this.#broken;
    this.#body = body;
    this.#thrown = null;
    this.#traceback = '';
    try {
      this.#enter();
    } catch (thrown) {
      if (!(thrown instanceof LuaFailure))
        this.#broken = thrown instanceof Error ? thrown : new Error(String(thrown));
      throw thrown;
    }
    if (this.#thrown !== null) throw (this.#thrown as { readonly value: unknown }).value;
  }

  #enter(): void {
    const { api, main } = this;
    const top = api.lua_gettop(main);
    api.lua_sethook(main, this.#hook, countHook, instructionsPerLook);
    // Functions without upvalues are values without memory of their own: this cannot fail.
    api.lua_pushcclosure(main, this.#onError, 0);
    api.lua_pushcclosure(main, this.#onBody, 0);
    const status = api.lua_pcallk(main, 0, 0, top + 1, 0, 0);
    const failure =
      status === luaStatus.ok ? null : new LuaFailure(this.strings.describedError(main, -1), this.#traceback);
    api.lua_settop(main, top);
    if (failure !== null) throw failure;
  }

  /** A failure of ours must not look like one of Lua's: it is kept, and thrown on outside. */
  #runBody(L: LuaThread): number {
    try {
      this.#body(L);
    } catch (thrown) {
      if (isJumpOrTrap(thrown)) throw thrown;
      this.#thrown = { value: thrown };
    }
    return 0;
  }

  #dispatch(L: LuaThread): number {
    try {
      const call = this.#functions[this.api.lua_tonumberx(L, upvalueIndex(1), 0)];
      return call === undefined ? 0 : call(L);
    } catch (thrown) {
      if (isJumpOrTrap(thrown)) throw thrown;
      this.api.luaL_where(L, 1);
      this.strings.push(L, thrown instanceof Error ? thrown.message : String(thrown));
      this.api.lua_concat(L, 2);
      return this.api.lua_error(L);
    }
  }

  #look(L: LuaThread): void {
    const { api } = this;
    const reason = this.#shouldStop();
    const pace = reason === null ? instructionsPerLook : instructionsWhenStopping;
    // A coroutine may have been told to stop in a call before this one.
    if (api.lua_gethookcount(L) !== pace) api.lua_sethook(L, this.#hook, countHook, pace);
    if (reason === null) return;
    this.strings.push(L, reason);
    api.lua_error(L);
  }

  /** The message handler of lua_pcallk: the error value becomes a text, and the calls that led to it are written down. */
  #describe(L: LuaThread): number {
    const { api, strings } = this;
    const type = api.lua_type(L, 1);
    const hasText = type === luaType.string || api.luaL_getmetafield(L, 1, strings.name('__tostring')) !== 0;
    if (hasText || type === luaType.number) api.luaL_tolstring(L, 1, 0);
    else strings.push(L, `(error object is a ${typeName(type)} value)`);
    api.luaL_traceback(L, L, 0, 1);
    this.#traceback = strings.text(L, -1);
    api.lua_settop(L, -2);
    return 1;
  }
}

/** What must pass through our frames untouched: C's longjmp, and faults that leave the machine in no order. */
function isJumpOrTrap(thrown: unknown): boolean {
  return (
    thrown === longJump ||
    thrown instanceof wasm.RuntimeError ||
    // "Maximum call stack size exceeded": V8's own, without the code that Node's have.
    (thrown instanceof RangeError && !('code' in thrown))
  );
}
