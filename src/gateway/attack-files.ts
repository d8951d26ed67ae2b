// What lies in the folders of the functions of an attack world, by language: the attack's program, and one that is idle.

import { readAttackProgram } from '../config/attack-programs.ts';
import type { Layout } from '../config/layout.ts';
import type { AttackClass, ProvenLanguage } from '../prove/attack-class.ts';
import type { WorldOptions } from '../prove/attack-world.ts';

export type WorldFiles = Pick<WorldOptions, 'attacker' | 'sibling'>;

const endings = { python: 'py', node: 'js', php: 'php', lua: 'lua' } as const;
/** What the programs of a language have in common. */
const sharedPrograms = { python: '_attempt.py', node: '_attempt.js', php: null, lua: null } as const;
const idle = {
  python: 'def handler(event):\n    return "idle"\n',
  node: "exports.handler = () => 'idle';\n",
  php: '<?php function handler($event) { return "idle"; }\n',
  lua: "function handler() return 'idle' end\n",
} as const;

/** The attack's program as a function's files. */
export function attackFiles({ name, language }: AttackClass<ProvenLanguage>, layout: Layout): WorldFiles {
  const ending = endings[language];
  const program = `handler.${ending}`;
  const shared = sharedPrograms[language];
  return {
    attacker: {
      [program]: readAttackProgram(layout, `${name}/${program}`),
      ...(shared === null ? {} : { [shared]: readAttackProgram(layout, shared) }),
    },
    sibling: {},
  };
}

/** A function that does nothing, to be attacked. */
export function idleFiles(language: ProvenLanguage): WorldFiles {
  return { attacker: {}, sibling: { [`handler.${endings[language]}`]: idle[language] } };
}
