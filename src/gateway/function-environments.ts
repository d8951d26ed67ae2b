// What each function finds in its environment: its own variables, what they refer to, and the secrets of the operator's store
// that it has asked for by name. Nothing is given that was not asked for.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { SecretsConfig } from '../config/secrets-config.ts';
import type { FunctionUnit } from '../discovery/catalog.ts';
import { type EnvReference, type FunctionEnv, loadFunctionEnv } from '../discovery/function-env.ts';
import type { Log } from '../log.ts';
import type { SecretStore } from '../secrets/secret-store.ts';

export interface FunctionEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** `event.secrets`; null: the event has none. */
  readonly eventSecrets: Readonly<Record<string, string>> | null;
  /** Values that must not be shown. */
  readonly secrets: readonly string[];
  /** Changes with every value that may have changed. */
  readonly stamp: string;
}

export interface FunctionEnvironmentsOptions {
  readonly config: SecretsConfig;
  readonly store: SecretStore;
  readonly log: Log;
}

/** Files are read when the function's signature changes, which covers its `fn.env.json`. */
interface KnownFile {
  readonly signature: string;
  readonly file: FunctionEnv;
}

const maxFileBytes = 65_536;
/** Shorter values are not masked: they stand in too many texts that are none of theirs. */
const minMaskedLength = 4;
const nothing: FunctionEnv = { env: {}, secrets: [], references: new Map(), declared: [], faults: [] };

export class FunctionEnvironments {
  readonly #options: FunctionEnvironmentsOptions;
  readonly #files = new Map<string, KnownFile>();
  /** What has been complained of, by function: each state of affairs once. */
  readonly #complaints = new Map<string, string>();

  constructor(options: FunctionEnvironmentsOptions) {
    this.#options = options;
  }

  of(unit: FunctionUnit): FunctionEnvironment {
    const file = this.#fileOf(unit);
    const found = new Collected(file);
    for (const name of new Set([...(unit.secrets ?? []), ...file.declared])) this.#give(found, name, unit);
    for (const [variable, reference] of file.references) this.#follow(found, variable, reference);
    this.#complain(unit, found);
    return found.result();
  }

  #fileOf(unit: FunctionUnit): FunctionEnv {
    if (unit.envFile === null) return nothing;
    const before = this.#files.get(unit.key);
    if (before?.signature === unit.signature) return before.file;
    const file = loadFunctionEnv(unit.envFile);
    this.#files.set(unit.key, { signature: unit.signature, file });
    return file;
  }

  #give(found: Collected, name: string, unit: FunctionUnit): void {
    const secret = this.#options.store.get(name);
    if (secret !== null) found.secret(name, secret.value, secret.stamp);
    // A variable of the file with a value of its own needs no store.
    else if (unit.secrets?.includes(name) === true) found.problems.push(`there is no secret ${name}`);
  }

  #follow(found: Collected, variable: string, reference: EnvReference): void {
    if (reference.kind === 'secret') {
      const secret = this.#options.store.get(reference.name);
      if (secret === null) found.problems.push(`${variable}: there is no secret ${reference.name}`);
      else found.variable(variable, secret.value, secret.stamp);
      return;
    }
    const reading = this.#readFile(reference.path);
    if ('problem' in reading) found.problems.push(`${variable}: ${reading.problem}`);
    else found.variable(variable, reading.value, reading.stamp);
  }

  /** Only below the operator's folders, links followed first; never the keys of the store. */
  #readFile(path: string): { value: string; stamp: string } | { problem: string } {
    const { fileRoots, keyFile } = this.#options.config;
    try {
      const real = realpathSync(path);
      const isAllowed = fileRoots.some((root) =>
        real.startsWith(`${realpathSync(root).replace(/\/$/, '')}/`),
      );
      if (!isAllowed || real === realOrNull(keyFile))
        return { problem: 'FN_SECRETS_FILE_ROOTS does not allow its value_file' };
      const stats = statSync(real);
      const { mtimeMs, ino, size } = stats;
      if (!stats.isFile() || size > maxFileBytes)
        return { problem: `its value_file is no regular file of at most ${maxFileBytes} bytes` };
      return { value: readFileSync(real, 'utf8').replace(/\r?\n$/, ''), stamp: `${ino} ${mtimeMs} ${size}` };
    } catch {
      return { problem: 'its value_file cannot be read' };
    }
  }

  #complain(unit: FunctionUnit, found: Collected): void {
    const short = found.shortNames();
    const problems = [
      ...found.problems,
      ...(short.length === 0 ? [] : [`too short to be masked in logs and answers: ${short.join(', ')}`]),
    ].join('; ');
    if (this.#complaints.get(unit.key) === problems) return;
    this.#complaints.set(unit.key, problems);
    if (problems !== '') this.#options.log.warn({ function: unit.key }, `its secrets: ${problems}`);
  }
}

/** What one function gets, while it is being gathered. */
class Collected {
  readonly problems: string[] = [];
  readonly #env: Map<string, string>;
  readonly #secrets: Set<string>;
  readonly #named = new Map<string, string>();
  readonly #event = new Map<string, string>();
  readonly #stamps: string[] = [];

  constructor(file: FunctionEnv) {
    this.#env = new Map(Object.entries(file.env));
    this.#secrets = new Set(file.secrets);
    for (const [name, value] of this.#env) if (this.#secrets.has(value)) this.#named.set(name, value);
  }

  /** For the event, and as a variable where the function has none of that name. */
  secret(name: string, value: string, stamp: string): void {
    this.#event.set(name, value);
    if (this.#env.has(name)) this.#keep(name, value, stamp);
    else this.variable(name, value, stamp);
  }

  variable(name: string, value: string, stamp: string): void {
    this.#env.set(name, value);
    this.#keep(name, value, stamp);
  }

  #keep(name: string, value: string, stamp: string): void {
    this.#secrets.add(value);
    this.#named.set(name, value);
    this.#stamps.push(`${name} ${stamp}`);
  }

  shortNames(): string[] {
    return [...this.#named].filter(([, value]) => value.length < minMaskedLength).map(([name]) => name);
  }

  result(): FunctionEnvironment {
    return {
      env: Object.fromEntries(this.#env),
      eventSecrets: this.#event.size === 0 ? null : Object.fromEntries(this.#event),
      secrets: [...this.#secrets],
      stamp: this.#stamps.sort().join('\n'),
    };
  }
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
