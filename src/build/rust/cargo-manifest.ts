// Cargo.toml of the workspace: the function's dependencies, features and build script under a package and a program of
// ours. How it is compiled is ours too: a profile of the function's could end the worker with the first panic.

import { type TomlSection, tomlSections } from './toml-sections.ts';

/** Folder of the workspace that holds the worker's crate. */
export const workerFolder = '_fastfn';
export const programName = 'fn_handler';

const defaultEdition = '2021';

/** Tables that are carried over; the rest is about other programs, tests and publishing. */
const kept =
  /^(?:build-)?dependencies(?:\.|$)|^target\..+\.(?:build-)?dependencies(?:\.|$)|^features$|^patch\./;
const keptBeforeTables = /^\s*(?:(?:build-)?dependencies|features|patch|target)\s*\./;

export interface CargoManifest {
  /** Relative path of the file that becomes the program. */
  readonly entry: string;
  /** The function's own Cargo.toml. */
  readonly own: string;
  /** Cargo knows `autolib` from 1.83 on. */
  readonly knowsAutolib: boolean;
}

export function cargoManifest({ entry, own, knowsAutolib }: CargoManifest): string {
  const sections = tomlSections(own);
  const carried = sections.filter(({ name }) => kept.test(name)).map(({ text }) => text);
  return [
    ...beforeTables(sections),
    '[package]',
    `name = "${programName}"`,
    'version = "0.0.0"',
    `edition = "${editionOf(sections)}"`,
    ...buildScriptOf(sections),
    ...(knowsAutolib ? ['autolib = false'] : []),
    ...['autobins = false', 'autoexamples = false', 'autotests = false', 'autobenches = false'],
    ...carried,
    ...(asksFor(sections, 'serde_json') ? [] : ['[dependencies.serde_json]', 'version = "1"']),
    ...['[dependencies.fastfn]', `path = "${workerFolder}"`],
    ...['[[bin]]', `name = "${programName}"`, `path = ${JSON.stringify(entry)}`],
    // Enough for the worker and JSON; the last tenth of speed would double what a first build takes.
    ...[
      '[profile.release]',
      'opt-level = 2',
      'debug = false',
      'strip = true',
      'incremental = false',
      'panic = "unwind"',
    ],
    '[workspace]',
    `exclude = ["${workerFolder}"]`,
    '',
  ].join('\n');
}

/** Whether the function asks for packages beside what every function has. */
export function hasOwnDependencies(own: string): boolean {
  return tomlSections(own)
    .filter(({ name }) => /(?:^|\.)(?:build-)?dependencies(?:\.|$)/.test(name))
    .some(
      ({ name, text }) => /dependencies\./.test(name) || /^\s*(?!serde_json\b)["\w-]+\s*[.=]/m.test(text),
    );
}

function beforeTables(sections: readonly TomlSection[]): string[] {
  const first = sections.find(({ name }) => name === '');
  return (first?.text ?? '').split('\n').filter((line) => keptBeforeTables.test(line));
}

function packageText(sections: readonly TomlSection[]): string {
  return sections.find(({ name }) => name === 'package')?.text ?? '';
}

function editionOf(sections: readonly TomlSection[]): string {
  return /^\s*edition\s*=\s*["'](\d{4})["']/m.exec(packageText(sections))?.[1] ?? defaultEdition;
}

function buildScriptOf(sections: readonly TomlSection[]): string[] {
  return /^\s*build\s*=\s*(?:"[^"\n]*"|'[^'\n]*'|true|false)/m.exec(packageText(sections))?.slice(0, 1) ?? [];
}

function asksFor(sections: readonly TomlSection[], dependency: string): boolean {
  return sections.some(
    ({ name, text }) =>
      name === `dependencies.${dependency}` ||
      (name === 'dependencies' && new RegExp(`^\\s*"?${dependency}"?\\s*[.=]`, 'm').test(text)) ||
      (name === '' && new RegExp(`^\\s*dependencies\\s*\\.\\s*${dependency}\\s*[.=]`, 'm').test(text)),
  );
}
