// What is there at all, asked without opening anything. Landlock has no right for it, so a minimal root alone stands in the
// way: the kernel's other layers let every one of these through, and the language guards hide a part.

import { type AttackClass, byNamespace, rowsOf } from '../attack-class.ts';

const everywhere = [
  'stat',
  'stat of a link itself',
  'stat through a link',
  'stat through /proc/self/root',
  'exists',
  'real path',
  'file system',
  'by pattern',
  'names in /',
  'names of protected files beside own code',
  'own fn.env.json',
  'a sibling function',
  "the gateway's socket",
];

const python: AttackClass<'python'> = {
  name: 'existence',
  variant: 'Python',
  language: 'python',
  rows: rowsOf(byNamespace(), [
    ...everywhere,
    'stat by dots',
    'stat by statx',
    'stat below a descriptor of /',
    'stat after chdir',
    'stat in a thread',
    'access',
    'access by number',
    'is a file',
    'extended attributes',
    'file handle',
    'watch',
    'a folder of the system',
    'names in /etc',
    'names in the functions root',
    "names of others' private folders",
    'own fn.config.json',
    "the gateway's state",
    "the project's history",
    "the gateway's process",
    "the gateway's program",
    "a sibling's process",
    'list of processes',
  ]),
};

const node: AttackClass<'node'> = {
  name: 'existence',
  variant: 'Node',
  language: 'node',
  rows: {
    ...rowsOf(byNamespace(), [
      ...everywhere,
      'stat by Buffer',
      'stat by promise',
      'stat in a worker thread',
      'stat by a binding',
      'access',
      'access by ffi',
      'real path by the system',
      'watch',
      "the gateway's process",
      "the gateway's program",
    ]),
    'by require.resolve': byNamespace('MODULE_NOT_FOUND'),
  },
};

const php: AttackClass<'php'> = {
  name: 'existence',
  variant: 'PHP',
  language: 'php',
  rows: rowsOf(byNamespace(), [...everywhere, 'is a file', 'size', 'SplFileInfo']),
};

export const existenceClasses: readonly AttackClass<'python' | 'node' | 'php'>[] = [python, node, php];
