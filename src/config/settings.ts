// Gives each option its value: flag > environment > fastfn.json > default, and gathers what is wrong on the way.

import { didYouMean } from '../policy/did-you-mean.ts';
import { type ConfigFault, type Origin, toConfigFault } from './config-fault.ts';
import type { ConfigFile } from './config-file.ts';
import type { Mode, Option } from './option.ts';
import { allOptions } from './options/all-options.ts';
import { inactiveVariableNames, noteOnInactiveVariable } from './options/later-options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSources {
  readonly mode: Mode;
  /** Flag attribute (`hotReload`) → value as the command line gave it. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly file: ConfigFile;
}

interface Given {
  readonly raw: unknown;
  readonly origin: Origin;
}

/** Attribute that the command-line parser uses for a flag: `--log-format <x>` → `logFormat`. */
function flagAttribute(flag: string): string {
  const name = flag.replace(/^--/, '').replace(/\s.*$/, '');
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export class Settings {
  readonly #sources: SettingsSources;
  readonly #faults: ConfigFault[] = [];

  constructor(sources: SettingsSources) {
    this.#sources = sources;
    this.#faults.push(...sources.file.faults, ...inactiveOrUnknownVariables(sources.environment));
  }

  get faults(): readonly ConfigFault[] {
    return this.#faults;
  }

  add(fault: ConfigFault): void {
    this.#faults.push(fault);
  }

  /** The option's value; where it is invalid the fault is noted and the default returned. */
  read<T>(option: Option<T>): T {
    return this.readFrom(option, this.given(option));
  }

  /** As `read`, for a value whose precedence the caller decides. */
  readFrom<T>(option: Option<T>, given: Given | null): T {
    const fallback = this.#fallback(option);
    if (given === null) return fallback;
    const outcome = option.read(given.raw);
    const shown = option.secret === true ? '(hidden)' : given.raw;
    for (const problem of outcome.problems) {
      this.#faults.push(toConfigFault(problem, given.origin, shown, option.accepted));
    }
    return outcome.value ?? fallback;
  }

  /** Where the value would come from, by the usual precedence; null: nowhere, the default applies. */
  given(option: Option<unknown>): Given | null {
    return this.fromFlag(option) ?? this.fromEnvironment(option) ?? this.fromFile(option);
  }

  fromFlag(option: Option<unknown>): Given | null {
    if (option.flag === undefined) return null;
    const raw = this.#sources.flags[flagAttribute(option.flag)];
    const name = option.flag.replace(/\s.*$/, '');
    return raw === undefined ? null : { raw, origin: { file: 'arguments', name } };
  }

  /** An empty variable counts as unset. */
  fromEnvironment(option: Option<unknown>): Given | null {
    const raw = option.env === undefined ? undefined : this.#sources.environment[option.env];
    if (option.env === undefined || raw === undefined || raw === '') return null;
    return { raw, origin: { file: 'environment', name: option.env } };
  }

  /** A value that failed the schema has its fault already and counts as not given. */
  fromFile(option: Option<unknown>): Given | null {
    const { file } = this.#sources;
    const entry = option.key === undefined ? undefined : file.entries.get(option.key);
    if (entry === undefined || entry.value === null) return null;
    const names = new RegExp(`^${RegExp.escape(entry.spelled)}(\\.|$)`);
    if (file.faults.some((fault) => fault.severity === 'error' && names.test(fault.key))) return null;
    const line = entry.line === undefined ? {} : { line: entry.line };
    return { raw: entry.value, origin: { file: file.label, name: entry.spelled, ...line } };
  }

  #fallback<T>(option: Option<T>): T {
    return this.#sources.mode === 'dev' && option.devFallback !== undefined
      ? option.devFallback
      : option.fallback;
  }
}

const knownVariables: readonly string[] = [
  ...allOptions.flatMap((option) => (option.env === undefined ? [] : [option.env])),
  ...inactiveVariableNames,
];

function inactiveOrUnknownVariables(environment: Environment): ConfigFault[] {
  const names = Object.keys(environment).filter((name) => name.startsWith('FN_') && environment[name] !== '');
  return names.sort().flatMap((name) => {
    if (allOptions.some((option) => option.env === name)) return [];
    const note = noteOnInactiveVariable(name);
    return [note === null ? unknownVariable(name) : inactiveVariable(name, note)];
  });
}

// The value may be a secret under a mistyped name, so it is never shown.
function unknownVariable(name: string): ConfigFault {
  // FN_PORT for FN_HOST_PORT: a word left out is a likelier slip than five wrong letters.
  const tail = name.slice(2);
  const guess = knownVariables.find((known) => known.endsWith(tail)) ?? didYouMean(name, knownVariables);
  const hint = guess === null ? '' : ` (did you mean ${guess}?)`;
  const message = `unknown variable ${name}${hint}`;
  return {
    file: 'environment',
    key: name,
    found: message,
    accepted: guess ?? 'a known variable',
    severity: 'warning',
    message,
  };
}

function inactiveVariable(name: string, note: string): ConfigFault {
  const message = `${name} has no effect: ${note}`;
  return {
    file: 'environment',
    key: name,
    found: 'a variable without effect',
    accepted: note,
    severity: 'warning',
    message,
  };
}
