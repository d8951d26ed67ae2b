// Where the languages' own programs are, for hosts that keep them off the PATH or have several.

import { accept, type Option } from '../option.ts';
import { readText, toList } from '../option-readers.ts';

/** Tool name in `runtime-binaries` → its variable. The labels and minimum versions are in runtimes/<name>/runtime.json. */
const binaryVariables = {
  node: 'FN_NODE_BIN',
  python: 'FN_PYTHON_BIN',
  php: 'FN_PHP_BIN',
  cargo: 'FN_CARGO_BIN',
  go: 'FN_GO_BIN',
  npm: 'FN_NPM_BIN',
  composer: 'FN_COMPOSER_BIN',
} as const;

const variableOfTool: ReadonlyMap<string, BinaryVariable> = new Map(Object.entries(binaryVariables));

export type BinaryVariable = (typeof binaryVariables)[keyof typeof binaryVariables];

function binary(env: BinaryVariable): Option<string | null> {
  return {
    doc: `Program to use instead of the first one on the PATH (${env}).`,
    accepted: 'a program name or path',
    env,
    fallback: null,
    read: readText(4096),
  };
}

export const binaryOptions: Readonly<Record<BinaryVariable, Option<string | null>>> = {
  FN_NODE_BIN: binary('FN_NODE_BIN'),
  FN_PYTHON_BIN: binary('FN_PYTHON_BIN'),
  FN_PHP_BIN: binary('FN_PHP_BIN'),
  FN_CARGO_BIN: binary('FN_CARGO_BIN'),
  FN_GO_BIN: binary('FN_GO_BIN'),
  FN_NPM_BIN: binary('FN_NPM_BIN'),
  FN_COMPOSER_BIN: binary('FN_COMPOSER_BIN'),
};

/** fastfn.json form of the variables above; a variable beats its entry. Unknown tools are ignored (contract/config-cli.md 2). */
export const runtimeBinaries: Option<ReadonlyMap<BinaryVariable, string>> = {
  doc: 'Programs of the languages, as tool=program pairs or an object.',
  accepted: `tool=program pairs of ${Object.keys(binaryVariables).join(', ')}`,
  key: 'runtime-binaries',
  aliases: ['runtime.binaries'],
  fallback: new Map(),
  read(raw) {
    const pairs = typeof raw === 'object' && raw !== null ? Object.entries(raw) : toList(raw).map(splitPair);
    const found = new Map<BinaryVariable, string>();
    for (const [tool, program] of pairs) {
      const variable = variableOfTool.get(tool.trim().toLowerCase());
      if (variable !== undefined && String(program).trim() !== '')
        found.set(variable, String(program).trim());
    }
    return accept(found);
  },
};

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}
