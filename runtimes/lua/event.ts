// The event a handler gets, as a Lua table: what the gateway sent, the body, the function's environment and context
// (contract/invocation.md 3). A new table with new tables in it at each call: what one handler changes does not reach the next.

import type { InvokeMessage, LoadMessage } from '../../src/protocol/messages.ts';
import { isUtf8 } from '../node/builtins.ts';
import { pushSource } from './chunk.ts';
import { emptyListName, fieldSources, luaSource } from './lua-source.ts';
import { freeLevels, slotsPerLevel, textRules } from './value-rules.ts';
import type { LuaValues } from './values.ts';
import { type LuaThread, luaRegistry } from './vm/lua-api.ts';
import type { LuaVm } from './vm/lua-vm.ts';

type Fields = Readonly<Record<string, unknown>>;
type SentEvent = InvokeMessage['event'];
export type EventBody = string | Buffer | null;

/** What every event has; anything else that was sent is added to it. */
const sentKeys = [
  'id',
  'ts',
  'method',
  'path',
  'raw_path',
  'query',
  'params',
  'path_params',
  'headers',
  'session',
  'client',
  'version',
];
const contextKeys = ['request_id', 'deadline_ms'];
const bodyKeys = ['body', 'is_base64', 'body_base64'];
const isKnown = (keys: readonly string[]): Readonly<Record<string, true>> =>
  Object.assign(Object.create(null), Object.fromEntries(keys.map((key) => [key, true])));
/** Sent ones of these names are replaced. */
const knownInEvent = isKnown([...sentKeys, ...bodyKeys, 'context', 'env']);
const knownInContext = isKnown(contextKeys);
const argumentCount = sentKeys.length + contextKeys.length + bodyKeys.length;
/** Room on Lua's stack for all of them and for what builds the last ones. */
const slots = argumentCount + (freeLevels + 1) * slotsPerLevel;
const noFields: Fields = Object.freeze({});

export class EventWriter {
  readonly #vm: LuaVm;
  readonly #values: LuaValues;
  /** A Lua function: the values of all known keys -> the event. */
  readonly #make: bigint;

  /** Inside `vm.protect`. */
  constructor(vm: LuaVm, values: LuaValues, L: LuaThread, constant: Pick<LoadMessage, 'env' | 'context'>) {
    this.#vm = vm;
    this.#values = values;
    pushSource(vm, L, Buffer.from(makerSource(constant)), '=event');
    vm.pushFunction(L, (caller) => {
      values.writer.push(caller, [], textRules);
      return 1;
    });
    vm.api.lua_callk(L, 1, 1, 0, 0);
    this.#make = BigInt(vm.api.luaL_ref(L, luaRegistry));
  }

  /** Pushes the event. Bytes that are not valid UTF-8 come as base64, so that nothing is damaged. */
  push(L: LuaThread, sent: SentEvent, body: EventBody): void {
    const { api } = this.#vm;
    const context = (sent.context ?? noFields) as Fields;
    if (api.lua_checkstack(L, slots) === 0) throw new Error('cannot call a handler: Lua is out of stack');
    api.lua_rawgeti(L, luaRegistry, this.#make);
    this.#pushEach(L, sent, sentKeys);
    this.#pushEach(L, context, contextKeys);
    this.#pushBody(L, body);
    api.lua_callk(L, argumentCount, 2, 0, 0);
    // The event, and its context above it.
    this.#addOthers(L, context, knownInContext);
    api.lua_settop(L, -2);
    this.#addOthers(L, sent, knownInEvent);
  }

  #pushEach(L: LuaThread, fields: Fields, keys: readonly string[]): void {
    for (let at = 0; at < keys.length; at += 1)
      this.#values.writer.push(L, fields[keys[at] ?? ''], textRules, 1);
  }

  #pushBody(L: LuaThread, body: EventBody): void {
    const { api, strings } = this.#vm;
    const isBinary = body !== null && typeof body !== 'string' && !isUtf8(body);
    if (body === null || isBinary) api.lua_pushnil(L);
    else if (typeof body === 'string') strings.push(L, body);
    else strings.pushBytes(L, body);
    api.lua_pushboolean(L, isBinary ? 1 : 0);
    if (isBinary) strings.push(L, body.toString('base64'));
    else api.lua_pushnil(L);
  }

  /** Sets what no place was kept for, in the table on top of the stack. */
  #addOthers(L: LuaThread, fields: Fields, known: Readonly<Record<string, true>>): void {
    for (const name of Object.keys(fields)) {
      if (known[name] === true) continue;
      this.#vm.strings.push(L, name);
      this.#values.writer.push(L, fields[name], textRules, 1);
      this.#vm.api.lua_rawset(L, -3);
    }
  }
}

/** A chunk that takes the function for empty lists and returns the one that makes events. */
function makerSource({ env, context }: Pick<LoadMessage, 'env' | 'context'>): string {
  const places = (keys: readonly string[]) => keys.map((key) => `${key}=${key}`);
  const constant = Object.fromEntries(
    Object.entries(context).filter(([key]) => knownInContext[key] === undefined),
  );
  return (
    `local ${emptyListName}=...\n` +
    `return function(${[...sentKeys, ...contextKeys, ...bodyKeys].join(',')})\n` +
    `local context={${[...places(contextKeys), ...fieldSources(constant)].join(',')}}\n` +
    `return {${[...places(sentKeys), ...places(bodyKeys)].join(',')},env=${luaSource(env)},context=context},context\n` +
    'end'
  );
}
