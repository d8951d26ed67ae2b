// A body that comes piece by piece: a Lua function that is called, or a coroutine that is resumed, until it gives nil. Lua
// runs on the one thread that also talks to the gateway, so each piece is let go before the next is asked for.

import { afterTurn, isUtf8 } from '../node/builtins.ts';
import { type LuaThread, luaRegistry, luaStatus, luaType } from './vm/lua-api.ts';
import { LuaFailure, type LuaVm, typeName } from './vm/lua-vm.ts';

const cInt = 4;
/** In the first the sender sees that the body is not whole and sends what it has; by the end of the second it is written. */
const turnsBetweenPieces = 3;

/** A piece of text, or of bytes that are none: the first one shows the type of the answer. */
type Piece = string | Buffer;

export class BodyStream implements AsyncIterableIterator<Piece> {
  readonly #vm: LuaVm;
  /** The function or coroutine in the registry; null when it has ended. */
  #source: bigint | null;
  /** A coroutine has come to its end: what it returned is the last piece. */
  #finished = false;
  #begun = false;

  /** Takes the function or coroutine on top of the stack, inside `vm.protect`. */
  constructor(vm: LuaVm, L: LuaThread) {
    this.#vm = vm;
    this.#source = BigInt(vm.api.luaL_ref(L, luaRegistry));
  }

  static isSource(type: number): boolean {
    return type === luaType.function || type === luaType.thread;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Piece, undefined>> {
    for (let turns = this.#begun ? turnsBetweenPieces : 0; turns > 0; turns -= 1) await turn();
    this.#begun = true;
    const value = this.#pull();
    if (value === null) this.#drop();
    return value === null ? { done: true, value: undefined } : { done: false, value };
  }

  /** Called when nobody reads on, which may be heard of in the middle of a piece: Lua must have come to its end first. */
  async return(): Promise<IteratorResult<Piece, undefined>> {
    await turn();
    this.#drop();
    return { done: true, value: undefined };
  }

  #pull(): Piece | null {
    const source = this.#source;
    if (source === null || this.#finished) return null;
    let piece: Piece | null = null;
    try {
      this.#vm.protect((L) => {
        const { api } = this.#vm;
        if (api.lua_rawgeti(L, luaRegistry, source) === luaType.thread) this.#resume(L);
        else api.lua_callk(L, 0, 1, 0, 0);
        piece = this.#read(L);
      });
    } catch (failure) {
      this.#source = null;
      throw failure;
    }
    return piece;
  }

  /** Puts the next value of the coroutine, which is on top of the stack, in its place. */
  #resume(L: LuaThread): void {
    const { api, strings } = this.#vm;
    const coroutine = api.lua_tothread(L, -1);
    const results = api.malloc(cInt);
    const status = api.lua_resume(coroutine, L, 0, results);
    const count = new Int32Array(api.memory.buffer, results, 1)[0] ?? 0;
    api.free(results);
    if (status !== luaStatus.ok && status !== luaStatus.yield) {
      const message = strings.describedError(coroutine, -1);
      api.luaL_traceback(L, coroutine, 0, 0);
      throw new LuaFailure(message, strings.text(L, -1));
    }
    this.#finished = status === luaStatus.ok;
    if (count === 0) {
      api.lua_pushnil(L);
      return;
    }
    api.lua_settop(coroutine, api.lua_gettop(coroutine) - count + 1);
    api.lua_xmove(coroutine, L, 1);
  }

  /** @throws Error for a piece that is neither a string nor the end. */
  #read(L: LuaThread): Piece | null {
    const { api, strings } = this.#vm;
    const type = api.lua_type(L, -1);
    if (type === luaType.nil) return null;
    if (type !== luaType.string && type !== luaType.number)
      throw new Error(`a streamed body must consist of strings, not of a ${typeName(type)}`);
    const bytes = strings.bytes(L, -1);
    return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
  }

  /** Lets go of the source; a coroutine in the middle closes what it has to close. */
  #drop(): void {
    const source = this.#source;
    this.#source = null;
    if (source === null || this.#vm.broken !== null) return;
    this.#vm.protect((L) => {
      const { api } = this.#vm;
      if (api.lua_rawgeti(L, luaRegistry, source) === luaType.thread)
        api.lua_resetthread(api.lua_tothread(L, -1));
      api.luaL_unref(L, luaRegistry, Number(source));
    });
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => afterTurn(() => resolve()));
}
