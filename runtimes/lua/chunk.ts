// Lua source files as functions: text only, named relative to the function's folder, so that no message and no traceback
// tells where on the host they lie.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type LuaThread, luaStatus } from './vm/lua-api.ts';
import type { LuaVm } from './vm/lua-vm.ts';

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const hash = 0x23;
const lineEnd = 0x0a;

/** Pushes the chunk in `file`, to be called. @throws Error with Lua's own message for what is no Lua; errors of `node:fs`. */
export function pushChunk(vm: LuaVm, L: LuaThread, root: string, file: string): void {
  pushSource(vm, L, withoutFirstMarks(readFileSync(file)), `@${relative(root, file)}`);
}

/** @param name as luaL_loadbufferx takes it: `@` before a file's, `=` before any other */
export function pushSource(vm: LuaVm, L: LuaThread, source: Uint8Array, name: string): void {
  const { api, strings } = vm;
  const nameAt = strings.name(name);
  let status: number = luaStatus.ok;
  strings.at(source, (address) => {
    // "t": a compiled chunk could make the machine do what no source can.
    status = api.luaL_loadbufferx(L, address, source.length, nameAt, strings.name('t'));
  });
  if (status === luaStatus.ok) return;
  const message = strings.describedError(L, -1);
  api.lua_settop(L, -2);
  throw new Error(message);
}

/** As luaL_loadfilex does: a byte order mark goes, and so does a first line for the shell; line numbers stay. */
function withoutFirstMarks(source: Buffer): Buffer {
  const text = source.subarray(0, 3).equals(byteOrderMark) ? source.subarray(3) : source;
  if (text[0] !== hash) return text;
  const end = text.indexOf(lineEnd);
  return end < 0 ? Buffer.alloc(0) : text.subarray(end);
}
