// Which spellings in fastfn.json mean which option: kebab-case, snake_case, camelCase, and keys inside objects.

import type { AnyOption } from './option.ts';
import { allOptions } from './options/all-options.ts';

/** `functions-dir` → `functions-dir`, `functions_dir`, `functionsDir`; only the part after a dot is respelled. */
function spellings(key: string): string[] {
  const dot = key.lastIndexOf('.') + 1;
  const [parent, leaf] = [key.slice(0, dot), key.slice(dot)];
  const snake = leaf.replaceAll('-', '_');
  const camel = leaf.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [...new Set([leaf, snake, camel])].map((name) => parent + name);
}

export interface KeyedOption {
  readonly key: string;
  readonly option: AnyOption;
}

export const keyedOptions: readonly KeyedOption[] = allOptions.flatMap((option) =>
  option.key === undefined ? [] : [{ key: option.key, option }],
);

/** Spelling (dotted for keys inside objects) → the option's own key. */
export const keyOfSpelling: ReadonlyMap<string, string> = new Map(
  keyedOptions.flatMap(({ key, option }) =>
    [key, ...(option.aliases ?? [])].flatMap((name) =>
      spellings(name).map((text): [string, string] => [text, key]),
    ),
  ),
);

/** Objects whose members are spelled with a dot above: `force`, `openapi`, `swagger`, `runtime`. */
export const parentKeys: ReadonlySet<string> = new Set(
  [...keyOfSpelling.keys()]
    .filter((name) => name.includes('.'))
    .map((name) => name.slice(0, name.indexOf('.'))),
);

/** Keys of other tools or of FastFN's own past that are allowed and do nothing. */
export const ignoredKeys: ReadonlySet<string> = new Set(['$schema', 'docker']);
