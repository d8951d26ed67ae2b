// The whole attack corpus on this host: every class, in the languages that are here, through the real launcher. Used by the
// tests, which hold each outcome to the table, and by `npm run attack`, which prints it.

import { resolveLayout } from '../../src/config/layout.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { hostSources, processEnvironment } from '../../src/config/process-sources.ts';
import type { AttackRunner } from '../../src/gateway/attack-runner.ts';
import { openAttackRunner } from '../../src/gateway.ts';
import type { AttackClass, AttackLanguage, AttackLevel } from '../../src/prove/attack-class.ts';
import { functionClasses } from '../../src/prove/corpus.ts';
import { type ClassResult, jailLevels, runClass } from '../../src/prove/corpus-run.ts';
import { capabilities } from './jail-harness.ts';
import { programClasses } from './program-classes.ts';
import { ProgramRunner } from './program-runner.ts';

type AnyClass = (typeof functionClasses)[number] | (typeof programClasses)[number];

export const corpusClasses: readonly AnyClass[] = [...functionClasses, ...programClasses];

const isProgramClass = (attack: AnyClass): attack is (typeof programClasses)[number] =>
  (programClasses as readonly AnyClass[]).includes(attack);

/** Why the corpus as it is written cannot be run on this host; null = it can. */
export function reasonNotToRun(): string | null {
  if (capabilities.platform !== 'linux' || !capabilities.ffi) return 'needs Linux and node:ffi';
  if (!capabilities.seccomp) return 'this kernel has no seccomp filters';
  if (capabilities.landlockAbi < 6)
    return `needs Landlock ABI 6, this kernel has ${capabilities.landlockAbi}`;
  return null;
}

export class Corpus {
  readonly #functions: AttackRunner;
  readonly #programs: ProgramRunner;
  /** Language → why its classes are left out on this host. */
  readonly #missing: ReadonlyMap<AttackLanguage, string>;

  private constructor(
    functions: AttackRunner,
    programs: ProgramRunner,
    missing: ReadonlyMap<AttackLanguage, string>,
  ) {
    this.#functions = functions;
    this.#programs = programs;
    this.#missing = missing;
  }

  static async open(): Promise<Corpus> {
    const layout = resolveLayout();
    const environment = { PATH: processEnvironment()['PATH'] };
    const sources = hostSources({ environment, cwd: import.meta.dirname, terminal: false }, layout.node);
    const loaded = await loadConfig({
      ...sources,
      mode: 'serve',
      argument: import.meta.dirname,
      flags: { port: '0' },
    });
    if (!('config' in loaded)) throw new Error(`cannot configure: ${JSON.stringify(loaded.faults)}`);
    const missing = new Map<AttackLanguage, string>();
    const { adapters } = loaded.config;
    for (const language of ['python', 'php'] as const) {
      const adapter = adapters.get(language);
      if (adapter?.available !== true) missing.set(language, adapter?.reason ?? 'not looked for');
    }
    const programs = new ProgramRunner();
    for (const language of ['go', 'rust', 'php'] as const) {
      const reason = programs.prepare(language);
      if (reason !== null) missing.set(language, reason);
    }
    return new Corpus(await openAttackRunner(loaded.config, layout), programs, missing);
  }

  /** Why a class is left out on this host, or null. */
  missing(attack: AttackClass): string | null {
    return this.#missing.get(attack.language) ?? null;
  }

  /** Why no attempt is made at the level of a minimal root; null: they are. */
  get namespaceMissing(): string | null {
    return this.#functions.namespaceMissing;
  }

  run(attack: AnyClass): Promise<ClassResult> {
    const run = (level: AttackLevel, attempts: readonly string[]) =>
      isProgramClass(attack)
        ? this.#programs.run(attack, level, attempts)
        : this.#functions.run({ attack, level, attempts });
    const missing = this.namespaceMissing !== null;
    return runClass(
      attack,
      run,
      jailLevels.filter((level) => !(missing && level === 'namespace')),
    );
  }

  async close(): Promise<void> {
    this.#programs.close();
    await this.#functions.close();
  }
}
