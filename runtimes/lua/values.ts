// JSON-like values of JavaScript <-> Lua tables: both directions, and the mark that they share.

import { ArrayMark } from './array-mark.ts';
import { ValueReader } from './value-reader.ts';
import { ValueWriter } from './value-writer.ts';
import type { LuaThread } from './vm/lua-api.ts';
import type { LuaVm } from './vm/lua-vm.ts';

export class LuaValues {
  readonly mark: ArrayMark;
  readonly reader: ValueReader;
  readonly writer: ValueWriter;

  /** Inside `vm.protect`. */
  constructor(vm: LuaVm, L: LuaThread) {
    this.mark = new ArrayMark(vm.api, L);
    this.reader = new ValueReader(vm, this.mark);
    this.writer = new ValueWriter(vm, this.mark);
  }
}
