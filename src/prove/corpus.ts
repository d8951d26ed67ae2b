// All classes whose programs are functions of this product's own languages.

import type { AttackClass, ProvenLanguage } from './attack-class.ts';
import { channelClasses } from './classes/channel-classes.ts';
import { existenceClasses } from './classes/existence-classes.ts';
import { fileClasses } from './classes/file-classes.ts';
import { kernelClasses } from './classes/kernel-classes.ts';
import { luaClasses } from './classes/lua-classes.ts';
import { nodeClasses } from './classes/node-classes.ts';
import { phpClasses } from './classes/php-classes.ts';
import { processClasses } from './classes/process-classes.ts';
import { pythonClasses } from './classes/python-classes.ts';
import { resourceClasses } from './classes/resource-classes.ts';

export const functionClasses: readonly AttackClass<ProvenLanguage>[] = [
  ...fileClasses,
  ...existenceClasses,
  ...processClasses,
  ...channelClasses,
  ...kernelClasses,
  ...resourceClasses,
  ...pythonClasses,
  ...nodeClasses,
  ...phpClasses,
  ...luaClasses,
];
