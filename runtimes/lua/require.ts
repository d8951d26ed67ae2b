// `require`: Lua files of the function's own folder and the modules that are built in. Each file runs once a worker.
// (contract/sandbox.md, "Lua global table")

import { realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pushChunk } from './chunk.ts';
import { type LuaThread, luaRegistry, luaStatus, luaType } from './vm/lua-api.ts';
import type { LuaVm } from './vm/lua-vm.ts';

const segment = /^[A-Za-z0-9_\-[\]]+$/;
const longestName = 512;

type PushModule = (L: LuaThread) => void;

export class ModuleLoader {
  readonly #vm: LuaVm;
  readonly #root: string;
  readonly #strict: boolean;
  readonly #builtIn: Readonly<Record<string, PushModule>>;
  /** Name of a built-in module or real path of a file → its value in the registry; null while it runs. */
  readonly #loaded = new Map<string, bigint | null>();

  /**
   * @param root the function's folder
   * @param strict links may not lead out of it, nor to what is no Lua file
   */
  constructor(vm: LuaVm, root: string, strict: boolean, builtIn: Readonly<Record<string, PushModule>>) {
    this.#vm = vm;
    this.#strict = strict;
    this.#root = realFolder(root);
    this.#builtIn = builtIn;
  }

  /** `require` as Lua calls it. */
  require(L: LuaThread): number {
    const { api, strings } = this.#vm;
    if (api.lua_gettop(L) < 1 || api.lua_type(L, 1) !== luaType.string)
      throw new Error("bad argument #1 to 'require' (string expected)");
    const name = strings.text(L, 1);
    const key = Object.hasOwn(this.#builtIn, name) ? name : this.#find(name);
    if (key === null) throw new Error(`module not allowed in lua runtime: ${name.slice(0, longestName)}`);
    const loaded = this.#loaded.get(key);
    if (loaded === null) throw new Error(`lua module error: ${name} requires itself`);
    if (loaded === undefined) this.#load(L, name, key);
    else api.lua_rawgeti(L, luaRegistry, loaded);
    return 1;
  }

  #load(L: LuaThread, name: string, key: string): void {
    const { api } = this.#vm;
    this.#loaded.set(key, null);
    try {
      const push = this.#builtIn[name];
      if (push === undefined) this.#run(L, name, key);
      else push(L);
      api.lua_pushvalue(L, -1);
      this.#loaded.set(key, BigInt(api.luaL_ref(L, luaRegistry)));
    } finally {
      // An error, or a jump of the machine: the next require may try again.
      if (this.#loaded.get(key) === null) this.#loaded.delete(key);
    }
  }

  /** Runs the file and leaves its value: `true` where it returns nothing. */
  #run(L: LuaThread, name: string, file: string): void {
    const { api, strings } = this.#vm;
    try {
      pushChunk(this.#vm, L, this.#root, file);
    } catch (failure) {
      if (!(failure instanceof Error) || failure instanceof RangeError) throw failure;
      // Messages of file errors name paths of the host.
      const reason = 'code' in failure ? `${name} (${failure.code})` : failure.message;
      throw new Error(`failed to load lua module: ${reason}`);
    }
    strings.push(L, name);
    strings.push(L, relative(this.#root, file));
    if (api.lua_pcallk(L, 2, 1, 0, 0, 0) !== luaStatus.ok)
      throw new Error(`lua module error: ${strings.describedError(L, -1)}`);
    if (api.lua_type(L, -1) !== luaType.nil) return;
    api.lua_settop(L, -2);
    api.lua_pushboolean(L, 1);
  }

  /** The file that a name means, without links; null where there is none below the function's folder. */
  #find(name: string): string | null {
    if (name.length > longestName) return null;
    const parts = name.replaceAll('.', '/').split('/');
    if (!parts.every((part) => segment.test(part))) return null;
    const path = join(this.#root, ...parts);
    for (const candidate of [`${path}.lua`, join(path, 'init.lua')]) {
      const file = this.#ownFile(candidate);
      if (file !== null) return file;
    }
    return null;
  }

  #ownFile(candidate: string): string | null {
    try {
      // The native one asks for the file only; the other wants to look at every folder above it.
      const file = realpathSync.native(candidate);
      const isOwn = file.startsWith(this.#root + sep) && file.endsWith('.lua');
      return (isOwn || !this.#strict) && statSync(file).isFile() ? file : null;
    } catch {
      // It does not exist, or the jail refuses it: to the function both are the same.
      return null;
    }
  }
}

/** Where another version's folder lies inside, only some of what is in it may be read, and it must not be asked about itself. */
function realFolder(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
