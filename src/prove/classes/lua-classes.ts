// Which layer stops which way out of a Lua function's folder. Whatever else Lua code could try ends at the machine that it
// runs in, with a jail or without one.

import { type AttackClass, byLandlock, rowsOf } from '../attack-class.ts';

const lua: AttackClass<'lua'> = {
  name: 'lua',
  language: 'lua',
  rows: rowsOf(byLandlock(), [
    'module by a link',
    'module by a linked folder',
    'module by its init.lua',
    'own fn.env.json as a module',
    'file of nobody as a module',
  ]),
};

export const luaClasses: readonly AttackClass<'lua'>[] = [lua];
